"""The rows that rates are counted from, worked out once more from the plan, the forms and the scores."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.simulation.checks.evidence import Life, Violation
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score


def check_standings(session: Session, lives: Sequence[Life]) -> Iterator[Violation]:
    """Give every row that is missing, is one too many, or says something else than the facts."""
    rows = {row.assessment_id: row for row in session.scalars(select(FormStanding))}
    scorable = _list_scorable(session)
    for life in lives:
        visits = {visit.id: visit for visit in life.visits}
        for form in life.assessments:
            if form.ordinal or form.visit_code == UNSCHEDULED:
                continue
            row = rows.pop(form.id, None)
            if row is None:
                yield life.violation("standings_differ", f"{form.visit_code} has no row")
                continue
            due = _work_out(
                life, form, visit=visits[form.planned_visit_id], scorable=scorable.get(form.id, [])
            )
            for name, value in due.items():
                if getattr(row, name) != value:
                    said = f"{form.visit_code} {name}: {getattr(row, name)}, should be {value}"
                    yield life.violation("standings_differ", said)
    for assessment_id in rows:
        yield Violation("standings_differ", f"form {assessment_id}", "has a row and fits no visit")


def _work_out(
    life: Life, form: Assessment, *, visit: PlannedVisit, scorable: Sequence[str]
) -> Mapping[str, object]:
    def midnight_after(day: date | None) -> datetime | None:
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(visit.zone)).astimezone(UTC)

    finished_at = form.completed_at or form.submitted_at
    return {
        "study_id": life.participant.study_id,
        "site_id": life.participant.site_id,
        "participant_id": life.participant.id,
        "visit_code": form.visit_code,
        "protocol_sha256": visit.protocol_sha256,
        "opens_at": midnight_after(visit.opens_on - timedelta(days=1)),
        "closes_at": midnight_after(visit.closes_on),
        "closing_month": visit.closes_on.isoformat()[:7] if visit.closes_on else None,
        "expected": visit.expected,
        "plan_reason": visit.reason_code,
        "begun": form.started_at is not None,
        "received_at": finished_at if form.submitted_at else None,
        "scorable_instruments": "".join(["|", *(f"{code}|" for code in scorable)]) if scorable else None,
        "mode": form.submitted_mode,
        "respondent": form.respondent,
        "reopened_until_at": midnight_after(form.reopened_until),
        "missing_reason": form.not_done_reason,
        "missing_said_by": form.not_done_said_by,
    }


def _list_scorable(session: Session) -> dict[int, list[str]]:
    """List by form the instruments of which the newest version could be scored, by a simple loop."""
    newest: dict[tuple[int, str], int] = {}
    versions = select(Response.id, Response.assessment_id, Response.instrument_code).order_by(
        Response.version
    )
    for key, assessment_id, code in session.execute(versions):
        newest[assessment_id, code] = key
    scored = set(
        session.scalars(
            select(Score.response_id).where(Score.superseded_at.is_(None), Score.value.is_not(None))
        )
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for assessment_id, code in sorted(newest):
        if newest[assessment_id, code] in scored:
            found[assessment_id].append(code)
    return found
