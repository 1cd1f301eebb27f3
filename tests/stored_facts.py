"""What a database holds about assessments, read past the services, to compare with what was acknowledged."""

import time
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from pro_app.scoring.scores import score_response
from pro_app.services.responses import list_asked_instruments
from pro_app.services.scoring_of_responses import item_value
from pro_app.storage.database import Database
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score

LONGEST_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """Everything that one submission writes, counted for one assessment."""

    receipt_code: str | None
    scores: int
    concluded_items: int
    reminders_left: int
    audit_entries: int

    @property
    def is_absent(self) -> bool:
        """Whether nothing of a submission is there, and its reminders still stand."""
        counts = (self.scores, self.concluded_items, self.audit_entries)
        return self.receipt_code is None and counts == (0, 0, 0) and self.reminders_left > 0

    @property
    def is_whole(self) -> bool:
        """Whether all of one submission is there, once, and its reminders are cancelled."""
        return (
            self.receipt_code is not None
            and self.scores > 0
            and (self.audit_entries, self.reminders_left) == (1, 0)
        )


def load_submission_facts(database: Database) -> dict[int, SubmissionFacts]:
    """Load the facts of every assessment, by its key."""
    with database.reading() as session:
        receipts = session.execute(select(Assessment.id, Assessment.receipt_code)).all()
        scores = _count(session, select(Response.assessment_id).join(Score, Score.response_id == Response.id))
        concluded = _count(
            session,
            select(Response.assessment_id)
            .join(Answer, Answer.response_id == Response.id)
            .where(Answer.state.in_(["left_blank", "not_reached"])),
        )
        reminders = Counter(
            session.scalars(select(OutboxMessage.assessment_id).where(OutboxMessage.state == "planned"))
        )
        entries = Counter(
            session.scalars(select(AuditEntry.subject_ref).where(AuditEntry.action == "assessment.submit"))
        )
    return {
        key: SubmissionFacts(
            receipt_code, scores[key], concluded[key], reminders[key], entries[f"assessment:{key}"]
        )
        for key, receipt_code in receipts
    }


def list_answer_rows(database: Database) -> list[tuple[str, int, str, int, int | None, bool]]:
    """List the given answers: operation, assessment, instrument, item, value, whether it stands."""
    columns = (
        Answer.operation_id,
        Response.assessment_id,
        Response.instrument_code,
        Answer.item_number,
        Answer.value,
        Answer.superseded_at.is_(None),
    )
    statement = select(*columns).join(Response, Response.id == Answer.response_id)
    with database.reading() as session:
        rows = session.execute(statement.where(Answer.state == "answered").order_by(Answer.id)).all()
    return [(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def list_audited_operations(database: Database) -> list[str]:
    """List the operations that the audit trail speaks of, as often as it does."""
    statement = select(AuditPayload).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
    with database.reading() as session:
        payloads = session.scalars(statement.where(AuditEntry.action == "answers.save")).all()
    return [item["operation"] for payload in payloads for item in payload.items]


def list_wrong_scores(database: Database, assessment_id: int) -> list[str]:
    """List the scales of a submitted assessment whose stored score is not what its answers give, once."""
    with database.reading() as session:
        wrong: list[str] = []
        for asked in list_asked_instruments(session, load_assessment(session, assessment_id)):
            assert asked.response is not None
            answers = list_current_answers(session, [asked.response.id])
            scoring = asked.instrument.scoring(asked.reference.scoring)
            scores = score_response(scoring, {a.item_number: item_value(a) for a in answers})
            expected = sorted((score.scale_code, score.as_float) for score in scores)
            rows = session.execute(
                select(Score.scale_code, Score.value).where(Score.response_id == asked.response.id)
            )
            if sorted((row[0], row[1]) for row in rows) != expected:
                wrong.append(asked.instrument.code)
    return wrong


def wait_until_quiet(database: Database) -> None:
    """Wait until PostgreSQL has noticed that its clients are gone; SQLite ends with them."""
    if database.engine.dialect.name == "sqlite":
        return
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND usename = current_user AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    while time.monotonic() < until:
        with database.reading() as session:
            if session.scalar(others) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError("PostgreSQL still works for clients that are gone")


def _count(session: Session, statement: Select[int]) -> Counter[int]:
    return Counter(session.scalars(statement))
