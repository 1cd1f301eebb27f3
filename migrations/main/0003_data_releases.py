"""Data releases, which nobody changes once they are made.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KEPT = (
    "id",
    "study_id",
    "number",
    "reason",
    "purpose",
    "demographics",
    "requested_at",
    "requested_by",
    "requested_by_id",
    "started_at",
    "cut_off_at",
    "made_at",
    "app_version",
    "archive_sha256",
    "archive_size",
    "source_sha256",
    "row_counts",
    "failed_at",
    "failure_code",
    "failure_details",
)
"""What nobody changes once the release is made or has failed; a lease and the approval are no part of it."""
MESSAGE = "a data release never changes"


def upgrade() -> None:
    """Add the table, and refuse every change of a release that is made."""
    op.create_table(
        "data_releases",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("study_id", BIG_KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("demographics", JSON_OBJECT, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=130), nullable=False),
        sa.Column("requested_by_id", BIG_KEY, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress_step", sa.String(length=64), nullable=True),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=False),
        sa.Column("cut_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("app_version", sa.String(length=64), nullable=True),
        sa.Column("archive_sha256", sa.String(length=64), nullable=True),
        sa.Column("archive_size", sa.BigInteger(), nullable=True),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.Column("row_counts", JSON_OBJECT, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("failure_details", JSON_OBJECT, nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by_id", BIG_KEY, nullable=True),
        sa.CheckConstraint(
            "purpose IN ('data_check', 'planned_interim', 'final', 'other')",
            name=op.f("ck_data_releases_purpose"),
        ),
        sa.CheckConstraint("made_at IS NULL OR failed_at IS NULL", name=op.f("ck_data_releases_one_end")),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by_id IS NULL)", name=op.f("ck_data_releases_approval")
        ),
        sa.CheckConstraint(
            "approved_at IS NULL OR made_at IS NOT NULL", name=op.f("ck_data_releases_approved_when_made")
        ),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR requested_by_id IS NULL OR approved_by_id <> requested_by_id",
            name=op.f("ck_data_releases_second_person"),
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_data_releases_study_id")),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["accounts.id"], name=op.f("fk_data_releases_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["accounts.id"], name=op.f("fk_data_releases_approved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_releases")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_data_releases_study_id_number")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def downgrade() -> None:
    """Take the table away again, and its triggers with it; only an empty test database ever goes this way."""
    op.drop_table("data_releases")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_release_change()")


def _refuse_on_postgresql() -> None:
    """Refuse other values in a finished release, a second approval, and every deletion."""
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in KEPT)
    op.execute(
        f"""CREATE FUNCTION refuse_release_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP <> 'UPDATE' THEN RAISE EXCEPTION '{MESSAGE}'; END IF;
          IF (OLD.made_at IS NOT NULL OR OLD.failed_at IS NOT NULL) AND ({changed}) THEN
            RAISE EXCEPTION '{MESSAGE}';
          END IF;
          IF OLD.approved_at IS NOT NULL AND (NEW.approved_at IS DISTINCT FROM OLD.approved_at
              OR NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id) THEN
            RAISE EXCEPTION '{MESSAGE}';
          END IF;
          RETURN NEW;
        END $$"""
    )
    op.execute(
        "CREATE TRIGGER data_releases_kept BEFORE UPDATE OR DELETE ON data_releases "
        "FOR EACH ROW EXECUTE FUNCTION refuse_release_change()"
    )
    op.execute(
        "CREATE TRIGGER data_releases_not_emptied BEFORE TRUNCATE ON data_releases "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_release_change()"
    )


def _refuse_on_sqlite() -> None:
    """Refuse other values in a finished release, a second approval, and every deletion."""
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)
    approved_again = (
        "OLD.approved_at IS NOT NULL AND (NEW.approved_at IS NOT OLD.approved_at "
        "OR NEW.approved_by_id IS NOT OLD.approved_by_id)"
    )
    finished = "(OLD.made_at IS NOT NULL OR OLD.failed_at IS NOT NULL)"
    op.execute(
        "CREATE TRIGGER data_releases_kept BEFORE UPDATE ON data_releases "
        f"WHEN ({finished} AND ({changed})) OR ({approved_again}) "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
    op.execute(
        "CREATE TRIGGER data_releases_not_deleted BEFORE DELETE ON data_releases "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
