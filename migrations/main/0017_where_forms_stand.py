"""Where every form stands for counting: the facts of one form in one narrow row, filled from what is stored.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
BATCH = 5000
COUNTED = (
    "study_id",
    "site_id",
    "visit_code",
    "closes_at",
    "expected",
    "begun",
    "received_at",
    "scorable_instruments",
    "reopened_until_at",
    "plan_reason",
    "missing_reason",
    "mode",
    "respondent",
)

FORMS = """
SELECT a.id AS assessment_id, p.study_id, p.site_id, a.participant_id, a.visit_code, v.protocol_sha256,
       v.opens_on, v.closes_on, v.zone, v.expected, v.reason_code, a.started_at, a.completed_at,
       a.submitted_at, a.submitted_mode, a.respondent, a.reopened_at, a.reopened_until, a.not_done_reason,
       a.not_done_said_by
FROM assessments a
JOIN planned_visits v ON v.id = a.planned_visit_id
JOIN participants p ON p.id = a.participant_id
WHERE a.ordinal = 0 AND a.visit_code <> 'UNSCHEDULED'
ORDER BY a.id
"""
SCORABLE = """
SELECT DISTINCT r.assessment_id, r.instrument_code
FROM responses r
JOIN scores s ON s.response_id = r.id
WHERE s.superseded_at IS NULL AND s.value IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM responses later
    WHERE later.assessment_id = r.assessment_id AND later.instrument_code = r.instrument_code
      AND later.version > r.version)
ORDER BY r.assessment_id, r.instrument_code
"""


def upgrade() -> None:
    """Add the table and write the row of every form that is part of a plan."""
    standings = op.create_table(
        "form_standings",
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("study_id", BIG_KEY, nullable=False),
        sa.Column("site_id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("visit_code", sa.String(length=64), nullable=False),
        sa.Column("protocol_sha256", sa.String(length=64), nullable=False),
        sa.Column("opens_at", AT, nullable=False),
        sa.Column("closes_at", AT, nullable=True),
        sa.Column("closing_month", sa.String(length=7), nullable=True),
        sa.Column("expected", sa.Boolean(), nullable=False),
        sa.Column("plan_reason", sa.String(length=64), nullable=True),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.Column("received_at", AT, nullable=True),
        sa.Column("scorable_instruments", sa.String(length=500), nullable=True),
        sa.Column("mode", sa.String(length=64), nullable=True),
        sa.Column("respondent", sa.String(length=64), nullable=True),
        sa.Column("reopened_until_at", AT, nullable=True),
        sa.Column("missing_reason", sa.String(length=64), nullable=True),
        sa.Column("missing_said_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_form_standings_assessment_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_form_standings_study_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_form_standings_site_id")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_form_standings_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_sha256"],
            ["stored_definitions.sha256"],
            name=op.f("fk_form_standings_protocol_sha256"),
        ),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_form_standings")),
    )
    _fill(standings)
    op.create_index("ix_form_standings_participant_id", "form_standings", ["participant_id"])
    op.create_index("ix_form_standings_counting", "form_standings", list(COUNTED))


def downgrade() -> None:
    """Take it away again; everything in it can be computed anew."""
    op.drop_table("form_standings")


def _fill(standings: sa.Table) -> None:
    connection = op.get_bind()
    scorable: defaultdict[int, list[str]] = defaultdict(list)
    for assessment_id, code in connection.execute(sa.text(SCORABLE)):
        scorable[assessment_id].append(code)
    forms = sa.text(FORMS).columns(
        opens_on=sa.Date(),
        closes_on=sa.Date(),
        expected=sa.Boolean(),
        started_at=AT,
        completed_at=AT,
        submitted_at=AT,
        reopened_at=AT,
        reopened_until=sa.Date(),
    )
    rows = [_make_row(form, scorable.get(form.assessment_id)) for form in connection.execute(forms)]
    for first in range(0, len(rows), BATCH):
        connection.execute(standings.insert(), rows[first : first + BATCH])


def _make_row(form: Any, scorable: list[str] | None) -> dict[str, object]:  # noqa: ANN401 -- a row of plain SQL
    next_day = timedelta(days=1)
    reopened = form.reopened_until if form.reopened_at is not None else None
    return {
        "assessment_id": form.assessment_id,
        "study_id": form.study_id,
        "site_id": form.site_id,
        "participant_id": form.participant_id,
        "visit_code": form.visit_code,
        "protocol_sha256": form.protocol_sha256,
        "opens_at": _start_of_day(form.opens_on, form.zone),
        "closes_at": _start_of_day(form.closes_on + next_day, form.zone) if form.closes_on else None,
        "closing_month": f"{form.closes_on:%Y-%m}" if form.closes_on else None,
        "expected": form.expected,
        "plan_reason": form.reason_code,
        "begun": form.started_at is not None,
        "received_at": (form.completed_at or form.submitted_at) if form.submitted_at else None,
        "scorable_instruments": f"|{'|'.join(scorable)}|" if scorable else None,
        "mode": form.submitted_mode,
        "respondent": form.respondent,
        "reopened_until_at": _start_of_day(reopened + next_day, form.zone) if reopened else None,
        "missing_reason": form.not_done_reason,
        "missing_said_by": form.not_done_said_by,
    }


@cache
def _start_of_day(day: date, zone: str) -> datetime:
    """Give the first moment of a civil day as UTC, without a zone where the database keeps none."""
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return at.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else at
