"""Events that are considered but not stored: built and checked in one way for the preview and for the act."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.event_check import check_event
from pro_app.protocol.events import Event, fold_events, list_valid_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.resumption_check import check_resumptions
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import read_event, read_events
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as a form says it."""

    kind: str
    occurred_on: date
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Correction:
    """What an event should have said, and why; without `occurred_on` it never happened."""

    reason: str
    occurred_on: date | None = None
    details: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ConsideredEvent:
    """An event that nothing speaks against; `row` is not stored yet, `replaces` the one that it corrects.

    `recorded` are the events that are stored, superseded ones too.
    """

    participant: Participant
    protocol: Protocol
    recorded: tuple[Event, ...]
    row: ParticipantEvent
    replaces: ParticipantEvent | None

    @property
    def events(self) -> tuple[Event, ...]:
        """Give the events as they would be recorded, this one last."""
        last_id = max((event.id for event in self.recorded), default=0)
        return (*self.recorded, replace(read_event(self.row), id=last_id + 1))


def make_new_row(
    participant_id: int, new: NewEvent, *, account_id: int | None, now: datetime
) -> ParticipantEvent:
    """Make the row of a new event, outside of any session."""
    return ParticipantEvent(
        participant_id=participant_id,
        kind=new.kind,
        occurred_on=new.occurred_on,
        details=dict(new.details),
        recorded_at=now,
        recorded_by_id=account_id,
    )


def make_correcting_row(
    known: ParticipantEvent, correction: Correction, *, account_id: int | None, now: datetime
) -> ParticipantEvent:
    """Make the row that takes the place of an event; raises InputRejected where it cannot be taken back."""
    retracts = correction.occurred_on is None
    if retracts and known.kind == ENROLLED:
        raise InputRejected((Problem(mark("The enrolment cannot be taken back; correct its date.")),))
    return ParticipantEvent(
        participant_id=known.participant_id,
        kind=known.kind,
        occurred_on=correction.occurred_on or known.occurred_on,
        details=dict(known.details if correction.details is None else correction.details),
        recorded_at=now,
        recorded_by_id=account_id,
        supersedes_id=known.id,
        retracts=retracts,
        correction_reason=correction.reason.strip(),
    )


def consider_row(
    session: Session,
    participant: Participant,
    row: ParticipantEvent,
    *,
    rows: Sequence[ParticipantEvent],
    replaces: ParticipantEvent | None = None,
    language: str,
    now: datetime,
) -> ConsideredEvent:
    """Check an event against all that is recorded (`rows`) and give it to be previewed or stored.

    Raises InputRejected with everything that speaks against it, in words of `language`.
    """
    recorded = read_events(rows)
    if replaces is not None and not _still_holds(replaces, recorded):
        raise InputRejected(
            (Problem(mark("This entry was corrected in the meantime. Load the page again.")),)
        )
    protocol = load_protocol(session, participant.protocol_sha256)
    # Only what holds: without the entry that is corrected, what that one had corrected would hold again.
    holding = list_valid_events(recorded)
    others = [event for event in holding if replaces is None or event.id != replaces.id]
    problems = check_event(
        protocol,
        fold_events(others),
        read_event(row),
        today=civil_date(now, participant.zone),
        language=language,
    ) or check_resumptions(protocol, holding, read_event(row), language=language)
    if problems:
        raise InputRejected(tuple(problems))
    return ConsideredEvent(participant, protocol, tuple(recorded), row, replaces)


def _still_holds(known: ParticipantEvent, recorded: Iterable[Event]) -> bool:
    return known.id in {event.id for event in list_valid_events(recorded)}
