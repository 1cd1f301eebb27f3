"""Participants who move to another site, and what is recorded of their consent after enrolment.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "consent_records"
MESSAGE = "a record of a consent never changes: a later one takes its place"


def upgrade() -> None:
    """Add both tables, and refuse every change of a record of a consent."""
    _add_transfers()
    _add_consent_records()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION refuse_{KEPT}_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {KEPT}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {KEPT} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_{KEPT}_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {KEPT}_no_{verb.lower()} BEFORE {verb} ON {KEPT} "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )


def _add_transfers() -> None:
    op.create_table(
        "site_transfers",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("from_site_id", BIG_KEY, nullable=False),
        sa.Column("to_site_id", BIG_KEY, nullable=False),
        sa.Column("moves_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", BIG_KEY, nullable=False),
        sa.Column("settled_how", sa.String(length=64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", BIG_KEY, nullable=True),
        sa.Column("refusal_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("from_site_id <> to_site_id", name=op.f("ck_site_transfers_other_site")),
        sa.CheckConstraint(
            "settled_how IN ('accepted', 'refused', 'withdrawn')", name=op.f("ck_site_transfers_settled_how")
        ),
        sa.CheckConstraint(
            "((settled_how IS NULL) = (settled_at IS NULL))"
            " AND ((settled_how IS NULL) = (settled_by_id IS NULL))",
            name=op.f("ck_site_transfers_settled"),
        ),
        sa.CheckConstraint(
            "refusal_reason IS NULL OR settled_how = 'refused'", name=op.f("ck_site_transfers_refused")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_site_transfers_participant_id")
        ),
        sa.ForeignKeyConstraint(["from_site_id"], ["sites.id"], name=op.f("fk_site_transfers_from_site_id")),
        sa.ForeignKeyConstraint(["to_site_id"], ["sites.id"], name=op.f("fk_site_transfers_to_site_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["accounts.id"], name=op.f("fk_site_transfers_asked_by_id")),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["accounts.id"], name=op.f("fk_site_transfers_settled_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_transfers")),
    )
    waiting = sa.text("settled_at IS NULL")
    op.create_index(
        "uq_site_transfers_waiting",
        "site_transfers",
        ["participant_id"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    for column in ("participant_id", "from_site_id", "to_site_id"):
        op.create_index(op.f(f"ix_site_transfers_{column}"), "site_transfers", [column])


def _add_consent_records() -> None:
    op.create_table(
        "consent_records",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("participant_id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("notice_version", sa.String(length=40), nullable=True),
        sa.Column("remark", sa.String(length=300), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", BIG_KEY, nullable=False),
        sa.Column("supersedes_id", BIG_KEY, nullable=True),
        sa.Column("retracts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("correction_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "kind IN ('notice_signed', 'partly_withdrawn', 'copy_given')",
            name=op.f("ck_consent_records_kind"),
        ),
        sa.CheckConstraint(
            "kind = 'partly_withdrawn' OR notice_version IS NOT NULL", name=op.f("ck_consent_records_version")
        ),
        sa.CheckConstraint(
            "kind <> 'partly_withdrawn' OR remark IS NOT NULL", name=op.f("ck_consent_records_part")
        ),
        sa.CheckConstraint(
            "(supersedes_id IS NULL) = (correction_reason IS NULL)",
            name=op.f("ck_consent_records_correction"),
        ),
        sa.CheckConstraint(
            "supersedes_id IS NOT NULL OR NOT retracts", name=op.f("ck_consent_records_retraction")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_consent_records_participant_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["accounts.id"], name=op.f("fk_consent_records_recorded_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["consent_records.id"], name=op.f("fk_consent_records_supersedes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_records")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_consent_records_supersedes_id")),
    )
    op.create_index(op.f("ix_consent_records_participant_id"), "consent_records", ["participant_id"])


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION refuse_{KEPT}_change() CASCADE")
    else:
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {KEPT}_no_{verb}")
    op.drop_table("consent_records")
    op.drop_table("site_transfers")
