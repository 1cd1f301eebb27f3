"""Imports of paper forms of before the app was there: which table, by whom, and what came of its rows.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "answer_imports",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("study_id", BIG_KEY, nullable=False),
        sa.Column("site_id", BIG_KEY, nullable=True),
        sa.Column("source_name", sa.String(length=200), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("filed", sa.Integer(), nullable=True),
        sa.Column("unchanged", sa.Integer(), nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported_by", sa.String(length=130), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_answer_imports_study_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_answer_imports_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_imports")),
    )
    op.create_index(op.f("ix_answer_imports_site_id"), "answer_imports", ["site_id"])


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    op.drop_table("answer_imports")
