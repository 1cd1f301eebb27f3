"""The audit trail of one participant, ready to be put into words: who, when, what; no answer, no contact."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import site_chain
from pro_app.protocol.windows import start_of_day
from pro_app.services.form_owners import FormOwners, read_owners
from pro_app.services.participants import Participant, load_participant
from pro_app.services.trail_changes import (
    Dictionary,
    TrailChange,
    count_answers,
    find_visit_code,
    list_changes,
)
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.audit_trail import EVER, NEVER, ChainRecord, list_entries_about
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.queries.plans import list_visit_codes, list_visit_codes_of_forms

SENT = "assessment.submit"
"""Its entry lists the questions without an answer only, which is no count of anything."""
KEPT_BACK = frozenset(
    {"answers.read", "clarification.accept", "clarification.refuse", "clarification.request", "paper.decide"}
)
"""Actions whose reason may say what an answer says; it stands with the reading, the request or the sheet."""


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One entry: `by` is the name of the member of staff, `site_code` that of the site it was written at.

    `actor_kind` is `other_participant` where a form that was somebody else's was touched by them. `visit` is
    the form that it is about; `answers` counts the questions whose answers it is about, which are
    not told. `is_redacted`: what it said was taken out.
    """

    entry_id: int
    at: datetime
    actor_kind: str
    by: str | None
    role: str
    site_code: str | None
    action: str
    visit: str
    reason: str | None
    changes: tuple[TrailChange, ...]
    answers: int
    is_redacted: bool


@dataclass(frozen=True, slots=True)
class ParticipantTrail:
    """The entries about one participant, the newest first, in the person's own time zone."""

    participant: Participant
    entries: tuple[TrailEntry, ...] = field(default=())

    @property
    def zone(self) -> str:
        """The zone in which moments are said."""
        return self.participant.zone


def load_trail(
    session: Session,
    participant_id: int,
    *,
    actor: Actor,
    language: str,
    from_on: date | None = None,
    until_on: date | None = None,
    newest: int | None = None,
) -> ParticipantTrail:
    """Give the trail of a participant whom the actor may reach; both days are included, in the person's zone.

    `newest` narrows it down to so many entries. Raises NotFound.
    """
    participant = load_participant(session, participant_id, actor=actor)
    visits = {
        f"assessment:{key}": code for key, code in list_visit_codes_of_forms(session, participant.id).items()
    }
    owners = read_owners(session, participant.participant_code, [*visits])
    visits |= _list_other_visits(session, owners)
    own_ref, zone = f"participant:{participant.id}", participant.zone
    records = list_entries_about(
        session,
        [own_ref, *visits],
        since=start_of_day(from_on, zone) if from_on else EVER,
        until=start_of_day(until_on + timedelta(days=1), zone) if until_on and until_on < date.max else NEVER,
        # Of a form that changed hands a part of the entries is left out: so many cannot be asked for.
        newest=None if owners.moves else newest,
    )
    records = [r for r in records if r.subject_ref == own_ref or owners.holds(r)][:newest]
    words = Dictionary(load_protocol(session, participant.protocol_sha256), language)
    names = list_display_names(session, {key for record in records if (key := _find_account(record))})
    sites = {
        site_chain(site.id): site.site_code for site in list_sites(session, study_id=participant.study_id)
    }
    entries = [
        _read_entry(r, own_ref=own_ref, words=words, names=names, sites=sites, visits=visits) for r in records
    ]
    return ParticipantTrail(participant, tuple(entries))


def _list_other_visits(session: Session, owners: FormOwners) -> dict[str, str]:
    """Give the visits of the forms that the person has no more, or never had but for a move, by subject."""
    keys = [int(ref.partition(":")[2]) for ref in owners.refs - owners.own_refs]
    found = list_visit_codes(session, keys) if keys else {}
    return {f"assessment:{key}": code for key, code in found.items()}


def _read_entry(
    record: ChainRecord,
    *,
    own_ref: str,
    words: Dictionary,
    names: dict[int, str],
    sites: dict[str, str],
    visits: dict[str, str],
) -> TrailEntry:
    items = record.items or ()
    visit = visits.get(record.subject_ref) or find_visit_code(items)
    instruments = frozenset(each.code for each in words.protocol.instruments)
    return TrailEntry(
        entry_id=record.entry_id,
        at=record.at,
        actor_kind=_name_kind(record, own_ref),
        by=names.get(_find_account(record) or 0),
        role=record.role,
        site_code=sites.get(record.chain),
        action=record.action,
        visit=words.say_visit(visit) if visit else "",
        reason=None if record.action in KEPT_BACK else record.reason,
        changes=list_changes(items, words),
        answers=0 if record.action == SENT else count_answers(items, instruments),
        is_redacted=record.items is None,
    )


def _name_kind(record: ChainRecord, own_ref: str) -> str:
    kind = record.actor.partition(":")[0]
    if kind == "participant" and record.actor != own_ref:
        return "other_participant"
    return "staff" if kind == "account" else kind


def _find_account(record: ChainRecord) -> int | None:
    kind, _, key = record.actor.partition(":")
    return int(key) if kind == "account" and key.isdigit() else None
