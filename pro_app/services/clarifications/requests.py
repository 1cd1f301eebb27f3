"""Asking for a correction, and taking the request back while nobody has decided."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.clarifications.facts import FACT_NAMES, PARTICIPANT, read_facts
from pro_app.services.clarifications.rules import ANSWER, Wanted, WantedItem, check_wanted
from pro_app.services.responses import list_asked_instruments
from pro_app.storage.database import write_rows
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.clarifications import (
    find_clarification,
    list_clarification_items,
    list_pending_of,
)
from pro_app.storage.queries.participants import (
    find_participant,
    find_participant_by_code,
    lock_participant_of_form,
)
from pro_app.storage.tables.clarifications import Clarification, ClarificationItem

ASKERS = frozenset({"nurse", "investigator"})
_REQUEST_FIELDS = ("kind", "asked_by", "asked_on", "evidence", "evidence_ref", "request")


def request_clarification(
    session: Session, assessment_id: int, wanted: Wanted, *, actor: Actor, now: datetime
) -> int:
    """Ask the investigator of the site for a correction, and give the key of the request.

    The same request sent twice is one. Raises NotFound, NotPermitted, or InputRejected with every problem.
    """
    assessment = load_own_form(session, assessment_id, actor=actor)
    asked = list_asked_instruments(session, assessment)
    check_wanted(session, assessment, wanted, asked=asked, now=now)
    row = _make_row(assessment, wanted, actor=actor, now=now)
    standing = _find_same(session, row, wanted)
    if standing is not None:
        return standing
    session.add(row)
    session.flush()
    write_rows(
        session,
        [
            ClarificationItem(
                clarification_id=row.id,
                instrument_code=item.instrument_code,
                item_number=item.item_number,
                state=item.state,
                value=item.value,
            )
            for item in wanted.items
        ],
    )
    change = Change("clarification.request", f"assessment:{assessment_id}", [*_audit_items(row, wanted)])
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)
    return row.id


def withdraw_clarification(session: Session, clarification_id: int, *, actor: Actor, now: datetime) -> None:
    """Take back one's own request while it is undecided; asked twice, it was done the first time."""
    row, assessment = load_claimed(session, clarification_id, actor=actor)
    if row.requested_by_id != actor.account_id:
        raise NotPermitted("withdraw a request of somebody else")
    if row.withdrawn_at is not None:
        return
    if row.decision is not None:
        raise InputRejected((Problem(mark("This request has been decided meanwhile.")),))
    row.withdrawn_at = now
    session.flush()
    items: list[dict[str, Any]] = [{"field": "clarification", "after": row.id}]
    change = Change("clarification.withdraw", f"assessment:{assessment.assessment_id}", items)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)


def load_own_form(session: Session, assessment_id: int, *, actor: Actor) -> AssessmentRecord:
    """Lock and give a form of the actor's own site; raises NotFound, or NotPermitted for other roles."""
    assessment = load_assessment(session, assessment_id, lock=True)
    require_own(assessment, actor)
    return assessment


def require_own(assessment: AssessmentRecord, actor: Actor) -> None:
    """Raise NotFound unless the form is of the actor's own site, NotPermitted unless the role may ask."""
    if not actor.may_reach_site(assessment.study_id, assessment.site_id):
        raise NotFound("assessment")
    if actor.kind != "staff" or actor.role not in ASKERS or actor.account_id is None:
        raise NotPermitted("correct a form")


def load_claimed(
    session: Session, clarification_id: int, *, actor: Actor
) -> tuple[Clarification, AssessmentRecord]:
    """Lock the patient, the form of a request and the request, and give the last two.

    Raises NotFound or NotPermitted.
    """
    known = find_clarification(session, clarification_id)
    if known is None:
        raise NotFound("clarification")
    # A corrected fact changes the plan: the person comes first, as for everybody who changes that.
    _lock_people(session, known)
    assessment = load_own_form(session, known.assessment_id, actor=actor)
    row = find_clarification(session, clarification_id, lock=True)
    if row is None:
        raise NotFound("clarification")
    return row, assessment


def _lock_people(session: Session, row: Clarification) -> None:
    """Lock the participants whose plans a request changes, in the order of their keys."""
    people = set()
    if row.kind == PARTICIPANT:
        form = load_assessment(session, row.assessment_id)
        codes = ((row.before or {}).get(PARTICIPANT), (row.after or {}).get(PARTICIPANT))
        found = (
            find_participant_by_code(session, study_id=form.study_id, participant_code=str(code))
            for code in codes
        )
        people = {person.id for person in found if person is not None}
    for participant_id in sorted(people):
        find_participant(session, participant_id, lock=True)
    lock_participant_of_form(session, row.assessment_id)


def _make_row(assessment: AssessmentRecord, wanted: Wanted, *, actor: Actor, now: datetime) -> Clarification:
    to = (wanted.to or "").strip()
    after = {"source_on": wanted.source_on, "mode": wanted.mode, "visit": to, "participant": to}
    facts, is_answer = read_facts(assessment), wanted.kind == ANSWER
    name = FACT_NAMES.get(wanted.kind, "")
    return Clarification(
        assessment_id=assessment.assessment_id,
        kind=wanted.kind,
        asked_by="patient" if is_answer else "site",
        asked_on=wanted.asked_on,
        evidence=wanted.evidence,
        evidence_ref=wanted.evidence_ref.strip(),
        request=wanted.request.strip(),
        before=None if is_answer else {name: str(facts[name])},
        after=None if is_answer else {name: str(after[name])},
        requested_at=now,
        requested_by_id=actor.account_id,
    )


def _find_same(session: Session, row: Clarification, wanted: Wanted) -> int | None:
    """Find the same request, which was sent before; raises InputRejected where another one waits about it."""
    pending = [other for other in list_pending_of(session, row.assessment_id) if other.kind == row.kind]
    items = list_clarification_items(session, [other.id for other in pending])
    own = {(item.key, item.state, item.value) for item in wanted.items}
    problems: list[Problem] = []
    for other in pending:
        known = [
            WantedItem(i.instrument_code, i.item_number, i.state, i.value) for i in items.get(other.id, ())
        ]
        said = all(getattr(other, name) == getattr(row, name) for name in (*_REQUEST_FIELDS, "after"))
        is_own = other.requested_by_id == row.requested_by_id
        if said and is_own and {(item.key, item.state, item.value) for item in known} == own:
            return other.id
        problems += _name_overlap(known, wanted)
    if problems:
        raise InputRejected(tuple(problems))
    return None


def _name_overlap(known: list[WantedItem], wanted: Wanted) -> Iterator[Problem]:
    """Give the questions, or the fact, about which another request waits for its decision."""
    if wanted.kind != ANSWER:
        yield Problem(mark("A request about this waits for its decision already."))
    asked = {item.key for item in known}
    for item in wanted.items:
        if item.key in asked:
            message = mark("A request about question %(number)s waits for its decision already.")
            yield Problem(message, {"number": item.item_number}, place=item.key)


def _audit_items(row: Clarification, wanted: Wanted) -> Iterator[dict[str, Any]]:
    yield {"field": "clarification", "after": row.id}
    for name in _REQUEST_FIELDS:
        yield {"field": name, "after": str(getattr(row, name))}
    for name, after in (row.after or {}).items():
        yield {"field": name, "before": (row.before or {}).get(name), "after": after}
    for item in wanted.items:
        yield {"field": item.key, "after": item.value or item.state}
