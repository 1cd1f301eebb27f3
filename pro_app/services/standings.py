"""Writing where forms stand: the narrow rows that numbers are counted from, kept equal to the facts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.windows import civil_window, start_of_day
from pro_app.storage.queries.completion import list_scorable_instruments
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.base import plain_table
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.participants import Participant

BATCH = 500
"""So many forms are read at once: both databases refuse a statement with too many values."""

_TABLE = plain_table(FormStanding)
_FIELDS = tuple(column.name for column in _TABLE.columns if column.name != "assessment_id")
_IDS: BindParameter[Any] = bindparam("assessment_ids", expanding=True)
_LOCK = select(Assessment.id).where(Assessment.id.in_(_IDS)).order_by(Assessment.id).with_for_update()
_OF_PARTICIPANT = select(Assessment.id).where(Assessment.participant_id == bindparam("participant_id"))
_WRITTEN = select(_TABLE).where(_TABLE.c.assessment_id.in_(_IDS))
_FACTS = (
    select(
        Assessment.id.label("assessment_id"),
        Participant.study_id,
        Participant.site_id,
        Assessment.participant_id,
        Assessment.visit_code,
        PlannedVisit.protocol_sha256,
        PlannedVisit.opens_on,
        PlannedVisit.closes_on,
        PlannedVisit.zone,
        PlannedVisit.expected,
        PlannedVisit.reason_code.label("plan_reason"),
        Assessment.started_at,
        Assessment.completed_at,
        Assessment.submitted_at,
        Assessment.submitted_mode.label("mode"),
        Assessment.respondent,
        Assessment.reopened_at,
        Assessment.reopened_until,
        Assessment.not_done_reason.label("missing_reason"),
        Assessment.not_done_said_by.label("missing_said_by"),
    )
    .join(PlannedVisit, PlannedVisit.id == Assessment.planned_visit_id)
    .join(Participant, Participant.id == Assessment.participant_id)
    .where(Assessment.id.in_(_IDS), Assessment.ordinal == 0, Assessment.visit_code != UNSCHEDULED)
)
_COPIED = (
    "study_id",
    "site_id",
    "participant_id",
    "visit_code",
    "protocol_sha256",
    "expected",
    "plan_reason",
    "mode",
    "respondent",
    "missing_reason",
    "missing_said_by",
)

Standing = dict[str, Any]
"""The columns of one row but its key."""


@dataclass(frozen=True, slots=True)
class StandingDifference:
    """A row that is not what the facts say: `stored` and `due` hold what differs, None for no row at all."""

    assessment_id: int
    stored: Standing | None
    due: Standing | None


def write_standings_of(session: Session, participant_id: int) -> None:
    """Write where every form of a participant stands, after a change of the plan, the site or the forms."""
    session.flush()
    write_standings(session, session.scalars(_OF_PARTICIPANT, {"participant_id": participant_id}).all())


def write_standings(session: Session, assessment_ids: Collection[int]) -> None:
    """Write where these forms stand; call it in the transaction of every change of their facts.

    The forms are locked, so that of two changes at once the later one sees what the first one did.
    """
    for ids in _list_batches(assessment_ids):
        session.flush()
        session.execute(_LOCK, {"assessment_ids": ids}).all()
        _write(session, list(_compare(session, ids)))


def list_differences(session: Session) -> Iterator[StandingDifference]:
    """List every row that is not what the facts say, by the key of the form; nothing is changed."""
    known = session.scalars(select(Assessment.id).order_by(Assessment.id)).all()
    for ids in _list_batches(known):
        yield from _compare(session, ids)


def _list_batches(assessment_ids: Iterable[int]) -> Iterator[list[int]]:
    ids = sorted(assessment_ids)
    for first in range(0, len(ids), BATCH):
        yield ids[first : first + BATCH]


def _compare(session: Session, ids: list[int]) -> Iterator[StandingDifference]:
    """Compare what is written of some forms with what follows from their facts."""
    written: dict[int, Standing] = {
        row.assessment_id: {name: getattr(row, name) for name in _FIELDS}
        for row in session.execute(_WRITTEN, {"assessment_ids": ids})
    }
    due = _read_due(session, ids)
    for key in ids:
        stored, wanted = written.get(key), due.get(key)
        if stored == wanted:
            continue
        if stored is None or wanted is None:
            yield StandingDifference(key, stored, wanted)
            continue
        names = [name for name in _FIELDS if stored[name] != wanted[name]]
        yield StandingDifference(
            key, {name: stored[name] for name in names}, {name: wanted[name] for name in names}
        )


def _read_due(session: Session, ids: list[int]) -> dict[int, Standing]:
    """Give the row of each form that is part of a plan, from the tables that hold its facts."""
    scorable: defaultdict[int, set[str]] = defaultdict(set)
    for assessment_id, code in list_scorable_instruments(session, ids):
        scorable[assessment_id].add(code)
    facts = session.execute(_FACTS, {"assessment_ids": ids})
    return {row.assessment_id: _make_standing(row, scorable.get(row.assessment_id, set())) for row in facts}


def _make_standing(facts: Row[*tuple[Any, ...]], scorable: set[str]) -> Standing:
    window = civil_window(facts.opens_on, facts.closes_on, facts.zone)
    reopened = facts.reopened_until if facts.reopened_at is not None else None
    return {name: getattr(facts, name) for name in _COPIED} | {
        "opens_at": window.opens_at,
        "closes_at": window.closes_at,
        "closing_month": f"{facts.closes_on:%Y-%m}" if facts.closes_on else None,
        "begun": facts.started_at is not None,
        "received_at": (facts.completed_at or facts.submitted_at) if facts.submitted_at else None,
        "scorable_instruments": f"|{'|'.join(sorted(scorable))}|" if scorable else None,
        "reopened_until_at": start_of_day(reopened + timedelta(days=1), facts.zone) if reopened else None,
    }


def _write(session: Session, differences: list[StandingDifference]) -> None:
    """Make the rows what the facts say."""
    new = [{"assessment_id": d.assessment_id, **d.due} for d in differences if d.stored is None and d.due]
    if new:
        session.execute(insert(_TABLE), new)
    for difference in differences:
        own = _TABLE.c.assessment_id == difference.assessment_id
        if difference.due is None:
            session.execute(delete(_TABLE).where(own))
        elif difference.stored is not None:
            session.execute(update(_TABLE).where(own).values(difference.due))
