"""Both rates counted by simple loops over the stored rows, against what the app shows."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.simulation.checks.evidence import Life, Violation, closing_of
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score

RANDOMISED = "randomised"


@dataclass
class VisitCount:
    """What was counted of one visit, of the windows that have closed."""

    expected: int = 0
    received: int = 0
    completed: int = 0
    available: int = 0


def check_rates(session: Session, lives: Sequence[Life], *, now: datetime) -> Iterator[Violation]:
    """Give every number of the completion table that a simple loop counts differently."""
    for study_id in sorted({life.participant.study_id for life in lives}):
        own = [life for life in lives if life.participant.study_id == study_id]
        randomised = {life.participant.id for life in own if _is_randomised(life, now)}
        counted = _count(session, own, randomised, now=now)
        shown = count_completion(session, ClinicScope(study_id, None, ()), language="en", now=now)
        for row in shown.rows:
            tally = row.tally
            said = (tally.expected, tally.received, tally.completed, tally.available, row.randomised or 0)
            count = counted.pop(row.code, VisitCount())
            due = (count.expected, count.received, count.completed, count.available, len(randomised))
            if said != due:
                yield Violation("rates_differ", row.code, f"shown {said}, counted {due}")
        for code, count in counted.items():
            if count.expected or count.received:
                yield Violation("rates_differ", code, "is counted and not shown")


def _is_randomised(life: Life, now: datetime) -> bool:
    return any(event.kind == RANDOMISED for event in life.list_known(now))


def _count(
    session: Session, lives: Sequence[Life], randomised: set[int], *, now: datetime
) -> dict[str, VisitCount]:
    valid = _list_valid(session)
    counts: defaultdict[str, VisitCount] = defaultdict(VisitCount)
    for life in lives:
        visits = {visit.id: visit for visit in life.visits}
        for assessment in life.assessments:
            visit = visits[assessment.planned_visit_id]
            closes_at = closing_of(visit)
            if assessment.visit_code == UNSCHEDULED or closes_at is None or now < closes_at:
                continue
            count = counts[assessment.visit_code]
            received = assessment.submitted_at is not None
            is_valid = received and assessment.id in valid
            count.expected += visit.expected
            count.received += received
            count.completed += is_valid and visit.expected
            count.available += is_valid and life.participant.id in randomised
    return dict(counts)


def _list_valid(session: Session) -> set[int]:
    """List the forms of which the newest version of some instrument could be scored, by a simple loop."""
    newest: dict[tuple[int, str], tuple[int, int]] = {}
    columns = (Response.id, Response.assessment_id, Response.instrument_code, Response.version)
    for key, assessment_id, code, version in session.execute(select(*columns)):
        form = (assessment_id, code)
        newest[form] = max(newest.get(form, (0, 0)), (version, key))
    scorable = set(
        session.scalars(
            select(Score.response_id).where(Score.superseded_at.is_(None), Score.value.is_not(None))
        )
    )
    return {form[0] for form, (_version, key) in newest.items() if key in scorable}
