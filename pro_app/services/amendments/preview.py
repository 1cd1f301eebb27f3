"""Seeing what an amendment does before it is done: the planner's own answer, and nothing written."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.errors import NotFound
from pro_app.language import LANGUAGES
from pro_app.protocol.amendment_check import check_amendment
from pro_app.protocol.awaited import has_awaited_visits
from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.services.amendments.fingerprint import make_fingerprint
from pro_app.services.amendments.messages import count_message_changes
from pro_app.services.amendments.model import (
    FINISHED,
    AmendmentPreview,
    AmendmentScope,
    PersonAmendment,
    SiteAmendment,
    Untouched,
)
from pro_app.services.amendments.wording_check import check_wordings
from pro_app.services.planning import PlanOutcome, preview_plan
from pro_app.services.production.gate import PRODUCTION, check_information
from pro_app.services.protocol_versions import find_site_version, list_versions
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.queries.events import list_events, list_events_by_participant, read_events
from pro_app.storage.queries.participants import list_participants, list_sites
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

Progress = Callable[[int, int], None]
"""Told how many participants were looked at, of how many."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at an amendment: the version, the moment, the language, and what was read for everybody."""

    session: Session
    protocol: Protocol
    now: datetime
    language: str
    events: Mapping[int, Sequence[Event]]
    begun: Mapping[int, Mapping[str, bool]]


def preview_amendment(
    session: Session,
    scope: AmendmentScope,
    *,
    now: datetime,
    language: str = LANGUAGES[0],
    progress: Progress | None = None,
) -> AmendmentPreview:
    """Say what applying a version to some sites would do to whom; writes and locks nothing.

    Names of arms and events are in `language`. Raises NotFound for a version that the study does not have
    and for a site of another study.
    """
    protocol = _load_target(session, scope)
    sites = _list_sites(session, scope)
    site_ids = [site.id for site in sites]
    people = list_participants(session, study_id=scope.study_id, site_ids=site_ids)
    look = _Look(
        session,
        protocol,
        now,
        language,
        events=_read_events(session, scope.study_id, site_ids),
        begun=_read_begun(session, scope.study_id, site_ids),
    )
    looked = _look_at_everybody(look, people, progress)
    versions = {known.sha256: known.version for known in list_versions(session, scope.study_id)}
    parts = tuple(
        _gather_site(session, site, look, people=people, looked=looked, versions=versions) for site in sites
    )
    concerned = {person.participant_id for part in parts for person in part.people}
    languages = {person.language for person in people if person.id in concerned}
    problems = check_wordings(session, scope.study_id, protocol, languages=languages)
    if session.get_one(Study, scope.study_id).mode == PRODUCTION:
        problems += check_information(protocol)
    return AmendmentPreview(scope, protocol, parts, tuple(problems), make_fingerprint(scope, parts, problems))


def preview_for_participant(
    session: Session, participant: Participant, protocol: Protocol, *, now: datetime, language: str
) -> PersonAmendment | Untouched:
    """Say what applying a version would do to one participant who is under another one; writes nothing."""
    begun = _note_begun(list_assessments(session, participant_id=participant.id))
    events = read_events(list_events(session, participant.id))
    look = _Look(session, protocol, now, language, events={participant.id: events}, begun=begun)
    return _look_at(look, participant)


def _load_target(session: Session, scope: AmendmentScope) -> Protocol:
    if scope.protocol_sha256 not in {known.sha256 for known in list_versions(session, scope.study_id)}:
        raise NotFound("protocol")
    return load_protocol(session, scope.protocol_sha256)


def _list_sites(session: Session, scope: AmendmentScope) -> list[Site]:
    sites = list_sites(session, study_id=scope.study_id, site_ids=scope.site_ids)
    if scope.site_ids is not None and {site.id for site in sites} != scope.site_ids:
        raise NotFound("site")
    return sites


def _read_events(session: Session, study_id: int, site_ids: Sequence[int]) -> dict[int, list[Event]]:
    rows = list_events_by_participant(session, study_id=study_id, site_ids=site_ids)
    return {participant_id: read_events(events) for participant_id, events in rows.items()}


def _read_begun(session: Session, study_id: int, site_ids: Sequence[int]) -> dict[int, dict[str, bool]]:
    return _note_begun(list_assessments(session, study_id=study_id, site_ids=site_ids))


def _note_begun(records: Iterable[AssessmentRecord]) -> dict[int, dict[str, bool]]:
    """Note which forms of everybody's current plan were begun, by visit, and whether they were sent."""
    found: dict[int, dict[str, bool]] = {}
    for record in records:
        if record.started_at is not None or record.submitted_at is not None:
            own = found.setdefault(record.participant_id, {})
            own[record.visit_code] = record.submitted_at is not None
    return found


def _look_at_everybody(
    look: _Look, people: Sequence[Participant], progress: Progress | None
) -> dict[int, PersonAmendment | Untouched]:
    """Look at everybody who is not under the version yet."""
    found: dict[int, PersonAmendment | Untouched] = {}
    for done, person in enumerate(people):
        if progress is not None:
            progress(done, len(people))
        if person.protocol_sha256 != look.protocol.sha256:
            found[person.id] = _look_at(look, person)
    return found


def _look_at(look: _Look, person: Participant) -> PersonAmendment | Untouched:
    """Say what the version does to one participant, or why it does nothing."""
    left = load_protocol(look.session, person.protocol_sha256)
    events = look.events.get(person.id, ())
    facts = fold_events(events)
    today = civil_date(look.now, person.zone)
    ended_by = _find_end(left, facts)
    if ended_by is not None:
        words = left.event_label(ended_by, look.language, facts.arm)
        return Untouched(person.id, person.participant_code, person.site_id, ended_by, words)
    objections = check_amendment(
        left, look.protocol, events, zone=person.zone, today=today, language=look.language
    )
    if objections:
        return PersonAmendment(
            person.id, person.participant_code, person.site_id, left, PlanOutcome(()), tuple(objections)
        )
    outcome = preview_plan(
        look.session, person, events=events, protocol=look.protocol, now=look.now, left=left
    )
    begun = look.begun.get(person.id, {})
    # A visit that no plan has yet may come by an event of tomorrow, and then by the version of the site.
    awaits = any(has_awaited_visits(version, facts) for version in (left, look.protocol))
    if not awaits and _is_finished(outcome, begun, today):
        return Untouched(person.id, person.participant_code, person.site_id, FINISHED, "")
    asked_before, asked = (
        {visit.visit_code for visit in plan_visits(version, facts)} for version in (left, look.protocol)
    )
    return PersonAmendment(
        participant_id=person.id,
        participant_code=person.participant_code,
        site_id=person.site_id,
        left=left,
        outcome=outcome,
        answered_outside=tuple(_list_outside(outcome, begun, dropped=asked_before - asked)),
        ends_at_once=tuple(_list_ending(outcome, today)),
        messages=count_message_changes(
            look.session, person, outcome, events=events, protocol=look.protocol, now=look.now
        ),
    )


def _find_end(protocol: Protocol, facts: Facts) -> str | None:
    """Find the event after which nothing is asked any more; the protocol lists the gravest ones last."""
    ends = [
        kind.code
        for kind in protocol.event_kinds
        if kind.effect and kind.effect.visits == "not_required" and facts.dates_of(kind.code)
    ]
    return ends[-1] if ends else None


def _is_finished(outcome: PlanOutcome, begun: Mapping[str, bool], today: date) -> bool:
    """Say whether nothing is open or to come, neither under the version that holds nor under the new one."""
    visits = [
        visit
        for change in outcome.changes
        for visit in (change.before, change.after)
        if visit is not None and not begun.get(change.visit_code, False)
    ]
    return bool(outcome.changes) and all(_is_past(visit, today) for visit in visits)


def _list_outside(
    outcome: PlanOutcome, begun: Mapping[str, bool], *, dropped: Container[str]
) -> Iterable[str]:
    """Give the visits with answers that only the new version lacks, or that it moves away from them.

    What the version before did not ask for either (`dropped` is what it did) was accepted with that one.
    """
    for change in outcome.changes:
        is_left_over = change.visit_code in begun and change.visit_code in dropped
        if change.action == "unschedule" or (is_left_over and change.action == "keep"):
            yield change.visit_code


def _list_ending(outcome: PlanOutcome, today: date) -> Iterable[str]:
    """Give the visits that could be answered still and whose window is over by the move."""
    for change in outcome.changes:
        is_over = not _is_past(change.before, today) and _is_past(change.after, today)
        if change.action == "move" and is_over:
            yield change.visit_code


def _is_past(visit: PlannedVisit | None, today: date) -> bool:
    return visit is not None and visit.closes_on is not None and visit.closes_on < today


def _gather_site(
    session: Session,
    site: Site,
    look: _Look,
    *,
    people: Sequence[Participant],
    looked: Mapping[int, PersonAmendment | Untouched],
    versions: Mapping[str, str],
) -> SiteAmendment:
    sha256 = find_site_version(session, site)
    own = [looked[person.id] for person in people if person.site_id == site.id and person.id in looked]
    return SiteAmendment(
        site_id=site.id,
        site_code=site.site_code,
        name=site.name,
        city=site.city,
        version=versions[sha256],
        changes_version=sha256 != look.protocol.sha256,
        already=sum(person.site_id == site.id and person.id not in looked for person in people),
        people=tuple(found for found in own if isinstance(found, PersonAmendment)),
        untouched=tuple(found for found in own if isinstance(found, Untouched)),
    )
