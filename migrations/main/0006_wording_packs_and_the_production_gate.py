"""Wording packs that two people approve, what production needs, and definitions that nobody changes.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEVER = {
    "stored_definitions": "a stored definition never changes",
    "wording_approvals": "an approval never changes",
}
"""Tables whose rows nobody changes or deletes, with what is said to whoever tries."""
ONCE = {
    "imported_wordings": (
        "an imported wording pack never changes",
        "refused_at",
        (
            "id",
            "study_id",
            "instrument_code",
            "instrument_version",
            "wording_sha256",
            "source_name",
            "imported_at",
            "imported_by",
        ),
        ("refused_by_id", "refusal_reason"),
    ),
    "production_entries": (
        "a production entry never changes",
        "replaced_at",
        (
            "id",
            "study_id",
            "kind",
            "reference",
            "dated_on",
            "valid_until",
            "allows_listening",
            "recorded_at",
            "recorded_by",
        ),
        (),
    ),
}
"""Tables whose rows end once: message, the time of the end, what never changes, what comes with the end."""


def upgrade() -> None:
    """Add the tables, and refuse what must not happen to them and to stored definitions."""
    op.create_table(
        "imported_wordings",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("study_id", BIG_KEY, nullable=False),
        sa.Column("instrument_code", sa.String(length=64), nullable=False),
        sa.Column("instrument_version", sa.String(length=64), nullable=False),
        sa.Column("wording_sha256", sa.String(length=64), nullable=False),
        sa.Column("source_name", sa.String(length=200), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(length=130), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_by_id", BIG_KEY, nullable=True),
        sa.Column("refusal_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(refused_at IS NULL) = (refusal_reason IS NULL)", name=op.f("ck_imported_wordings_refusal")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_imported_wordings_study_id")),
        sa.ForeignKeyConstraint(
            ["wording_sha256"],
            ["stored_definitions.sha256"],
            name=op.f("fk_imported_wordings_wording_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["refused_by_id"], ["accounts.id"], name=op.f("fk_imported_wordings_refused_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_wordings")),
        sa.UniqueConstraint(
            "study_id", "wording_sha256", name=op.f("uq_imported_wordings_study_id_wording_sha256")
        ),
    )
    op.create_table(
        "wording_approvals",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("imported_wording_id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_wording_id"],
            ["imported_wordings.id"],
            name=op.f("fk_wording_approvals_imported_wording_id"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_wording_approvals_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording_approvals")),
        sa.UniqueConstraint(
            "imported_wording_id",
            "account_id",
            name=op.f("uq_wording_approvals_imported_wording_id_account_id"),
        ),
    )
    op.create_table(
        "production_entries",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("study_id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=300), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("allows_listening", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=130), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_production_entries_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_entries")),
    )
    op.create_index(
        "uq_production_entries_current",
        "production_entries",
        ["study_id", "kind"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    refuse = _refuse_on_postgresql if op.get_bind().dialect.name == "postgresql" else _refuse_on_sqlite
    for table, message in NEVER.items():
        refuse(table, message, "")
    for table, (message, end, kept, _with_end) in ONCE.items():
        refuse(table, message, _ended_otherwise(end, kept, _with_end))


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*NEVER, *ONCE):
        if on_postgresql:
            op.execute(f"DROP FUNCTION refuse_{table}_change() CASCADE")
        else:
            op.execute(f"DROP TRIGGER {table}_kept")
            op.execute(f"DROP TRIGGER {table}_not_deleted")
    for table in ("production_entries", "wording_approvals", "imported_wordings"):
        op.drop_table(table)


def _ended_otherwise(end: str, kept: tuple[str, ...], with_end: tuple[str, ...]) -> str:
    """Give the condition under which an update is anything but the one end of the row."""
    differs = "IS DISTINCT FROM" if op.get_bind().dialect.name == "postgresql" else "IS NOT"
    changed = [f"NEW.{name} {differs} OLD.{name}" for name in kept]
    ended = [f"NEW.{name} {differs} OLD.{name}" for name in (end, *with_end)]
    return f"{' OR '.join(changed)} OR (OLD.{end} IS NOT NULL AND ({' OR '.join(ended)}))"


def _refuse_on_postgresql(table: str, message: str, condition: str) -> None:
    """Refuse every deletion, and every update or those that meet the condition."""
    allowed = f"IF TG_OP = 'UPDATE' AND NOT ({condition}) THEN RETURN NEW; END IF;" if condition else ""
    op.execute(
        f"CREATE FUNCTION refuse_{table}_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {allowed} RAISE EXCEPTION '{message}'; END $$"
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
    """Refuse every deletion, and every update or those that meet the condition."""
    when = f"WHEN {condition} " if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
