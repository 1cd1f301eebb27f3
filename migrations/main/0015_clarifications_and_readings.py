"""Corrections that patients ask for after a form was sent, and readings of answers with their reason.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ALL_OR_NONE = (
    "((decision IS NULL) = (decided_at IS NULL)) AND ((decision IS NULL) = (decided_by_id IS NULL))"
    " AND ((decision IS NULL) = (decision_reason IS NULL))"
)
ENDS = {
    "clarifications": (
        "a request for a correction never changes, and is decided or withdrawn once",
        "decided_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL",
        (
            "id",
            "assessment_id",
            "kind",
            "asked_by",
            "asked_on",
            "evidence",
            "evidence_ref",
            "request",
            "requested_at",
            "requested_by_id",
        ),
    ),
    "clarification_items": ("what a patient asked for never changes", "id IS NOT NULL", ()),
    "answer_readings": (
        "a reading never changes, and its follow-up is recorded once",
        "follow_up_at IS NOT NULL",
        ("id", "account_id", "participant_id", "reason", "opened_at", "closes_at"),
    ),
}
"""Tables whose rows end once: message, when a row has ended, what never changes before either."""


def upgrade() -> None:
    """Add the tables, what a version of answers came from, and refuse what must not happen to them."""
    _add_clarifications()
    _add_items()
    _add_readings()
    # In plain SQL: SQLite takes a foreign key with a new column only there and then.
    big = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE responses ADD COLUMN clarification_id {big}"
        " CONSTRAINT fk_responses_clarification_id REFERENCES clarifications (id)"
    )
    refuse = _refuse_on_postgresql if op.get_bind().dialect.name == "postgresql" else _refuse_on_sqlite
    for table, (message, ended, kept) in ENDS.items():
        refuse(table, message, _changed(ended, kept))


def _add_clarifications() -> None:
    op.create_table(
        "clarifications",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("evidence_ref", sa.String(length=200), nullable=False),
        sa.Column("request", sa.String(length=500), nullable=False),
        sa.Column("before", JSON_OBJECT, nullable=True),
        sa.Column("after", JSON_OBJECT, nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", BIG_KEY, nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=True),
        sa.Column("decision_reason", sa.String(length=500), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BIG_KEY, nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('answer', 'participant', 'visit', 'date', 'mode')", name=op.f("ck_clarifications_kind")
        ),
        sa.CheckConstraint("asked_by IN ('patient', 'site')", name=op.f("ck_clarifications_asked_by")),
        sa.CheckConstraint(
            "kind <> 'answer' OR asked_by = 'patient'", name=op.f("ck_clarifications_answer_of_patient")
        ),
        sa.CheckConstraint(
            "evidence IN ('letter', 'email', 'call_note', 'paper_form', 'said_at_visit', 'other')",
            name=op.f("ck_clarifications_evidence"),
        ),
        sa.CheckConstraint("decision IN ('accepted', 'refused')", name=op.f("ck_clarifications_decision")),
        sa.CheckConstraint(ALL_OR_NONE, name=op.f("ck_clarifications_decided")),
        sa.CheckConstraint(
            "decision IS NULL OR withdrawn_at IS NULL", name=op.f("ck_clarifications_withdrawn")
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_clarifications_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["accounts.id"], name=op.f("fk_clarifications_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["accounts.id"], name=op.f("fk_clarifications_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarifications")),
    )
    op.create_index(op.f("ix_clarifications_assessment_id"), "clarifications", ["assessment_id"])


def _add_items() -> None:
    op.create_table(
        "clarification_items",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("clarification_id", BIG_KEY, nullable=False),
        sa.Column("instrument_code", sa.String(length=64), nullable=False),
        sa.Column("item_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('answered', 'declined', 'left_blank', 'not_applicable', 'not_reached')",
            name=op.f("ck_clarification_items_state"),
        ),
        sa.CheckConstraint(
            "(state = 'answered') = (value IS NOT NULL)",
            name=op.f("ck_clarification_items_value_when_answered"),
        ),
        sa.CheckConstraint(
            "value IS NULL OR value BETWEEN 1 AND 7", name=op.f("ck_clarification_items_value_range")
        ),
        sa.ForeignKeyConstraint(
            ["clarification_id"],
            ["clarifications.id"],
            name=op.f("fk_clarification_items_clarification_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarification_items")),
        sa.UniqueConstraint(
            "clarification_id",
            "instrument_code",
            "item_number",
            name=op.f("uq_clarification_items_clarification_id_instrument_code_item_number"),
        ),
    )


def _add_readings() -> None:
    op.create_table(
        "answer_readings",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("follow_up", sa.String(length=64), nullable=True),
        sa.Column("follow_up_text", sa.String(length=500), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_by_id", BIG_KEY, nullable=True),
        sa.CheckConstraint(
            "follow_up IN ('none_needed', 'called', 'seen', 'referred', 'other')",
            name=op.f("ck_answer_readings_follow_up"),
        ),
        sa.CheckConstraint(
            "((follow_up IS NULL) = (follow_up_at IS NULL)) AND"
            " ((follow_up IS NULL) = (follow_up_by_id IS NULL))",
            name=op.f("ck_answer_readings_followed_up"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_answer_readings_account_id")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_answer_readings_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["follow_up_by_id"], ["accounts.id"], name=op.f("fk_answer_readings_follow_up_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_readings")),
    )
    op.create_index(op.f("ix_answer_readings_participant_id"), "answer_readings", ["participant_id"])


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ENDS:
        if on_postgresql:
            op.execute(f"DROP FUNCTION refuse_{table}_change() CASCADE")
        else:
            op.execute(f"DROP TRIGGER {table}_kept")
            op.execute(f"DROP TRIGGER {table}_not_deleted")
    with op.batch_alter_table("responses", schema=None) as batch_op:
        batch_op.drop_column("clarification_id")
    for table in ("answer_readings", "clarification_items", "clarifications"):
        op.drop_table(table)


def _changed(ended: str, kept: tuple[str, ...]) -> str:
    """Give the condition under which an update is anything but the one end of the row."""
    differs = "IS DISTINCT FROM" if op.get_bind().dialect.name == "postgresql" else "IS NOT"
    return " OR ".join([f"OLD.{ended}", *(f"NEW.{name} {differs} OLD.{name}" for name in kept)])


def _refuse_on_postgresql(table: str, message: str, condition: str) -> None:
    """Refuse every deletion, and the updates that meet the condition."""
    op.execute(
        f"CREATE FUNCTION refuse_{table}_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF TG_OP = 'UPDATE' AND NOT ({condition}) THEN RETURN NEW; END IF;"
        f" RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_{table}_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}_change()"
    )


def _refuse_on_sqlite(table: str, message: str, condition: str) -> None:
    """Refuse every deletion, and the updates that meet the condition."""
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
