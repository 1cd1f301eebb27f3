"""Forms that came on paper: what two people typed from the sheet, its day, and what could not be read.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STILL_OPEN = sa.text("closed_at IS NULL")
REMARKED = ("answers", "set_aside_answers")


def upgrade() -> None:
    """Add the columns and the two tables."""
    for table in REMARKED:
        op.add_column(table, sa.Column("remark", sa.String(length=64), nullable=True))
    op.add_column("assessments", sa.Column("source_on", sa.Date(), nullable=True))
    _add_forms()
    _add_entries()


def _add_forms() -> None:
    op.create_table(
        "paper_forms",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("assessment_id", BIG_KEY, nullable=False),
        sa.Column("source_on", sa.Date(), nullable=False),
        sa.Column("respondent", sa.String(length=64), nullable=False),
        sa.Column("wants_second", sa.Boolean(), nullable=False),
        sa.Column("late_reason", sa.String(length=500), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", BIG_KEY, nullable=False),
        sa.Column("decisions", JSON_OBJECT, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BIG_KEY, nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_how", sa.String(length=64), nullable=True),
        sa.Column("discard_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "closed_how IN ('filed', 'discarded', 'overtaken')", name=op.f("ck_paper_forms_closed_how")
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_how IS NULL)", name=op.f("ck_paper_forms_closed")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_paper_forms_assessment_id")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["accounts.id"], name=op.f("fk_paper_forms_opened_by_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["accounts.id"], name=op.f("fk_paper_forms_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_forms")),
    )
    op.create_index(op.f("ix_paper_forms_assessment_id"), "paper_forms", ["assessment_id"])
    op.create_index(
        "uq_paper_forms_open",
        "paper_forms",
        ["assessment_id"],
        unique=True,
        sqlite_where=STILL_OPEN,
        postgresql_where=STILL_OPEN,
    )


def _add_entries() -> None:
    op.create_table(
        "paper_entries",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("paper_form_id", BIG_KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("marks", JSON_OBJECT, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ordinal IN (1, 2)", name=op.f("ck_paper_entries_ordinal")),
        sa.ForeignKeyConstraint(
            ["paper_form_id"], ["paper_forms.id"], name=op.f("fk_paper_entries_paper_form_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_paper_entries_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_entries")),
        sa.UniqueConstraint("paper_form_id", "ordinal", name=op.f("uq_paper_entries_paper_form_id_ordinal")),
        sa.UniqueConstraint(
            "paper_form_id", "account_id", name=op.f("uq_paper_entries_paper_form_id_account_id")
        ),
    )


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    op.drop_table("paper_entries")
    op.drop_table("paper_forms")
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.drop_column("source_on")
    for table in REMARKED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("remark")
