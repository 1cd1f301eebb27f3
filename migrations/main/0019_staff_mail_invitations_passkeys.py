"""Addresses, invitations and mail of staff, and passkeys beside the authenticator app.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
CODE = sa.String(length=64)
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add the two columns of accounts and the four tables."""
    op.add_column("accounts", sa.Column("contact_ref", CODE, nullable=True))
    op.add_column("accounts", sa.Column("digest_hour", sa.Integer(), nullable=True))
    op.create_index("uq_accounts_contact_ref", "accounts", ["contact_ref"], unique=True)
    _add_invitations()
    _add_messages()
    _add_passkeys()
    _add_challenges()


def _add_invitations() -> None:
    op.create_table(
        "account_invitations",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("seed", CODE, nullable=False),
        sa.Column("code_digest", CODE, nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("made_by_id", BIG_KEY, nullable=True),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("closed_how", CODE, nullable=True),
        sa.CheckConstraint(
            "closed_how IN ('used', 'revoked', 'replaced')", name=op.f("ck_account_invitations_closed_how")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_how IS NULL)", name=op.f("ck_account_invitations_closed")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_invitations_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["accounts.id"], name=op.f("fk_account_invitations_made_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_invitations")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_account_invitations_code_digest")),
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_account_invitations_open",
        "account_invitations",
        ["account_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _add_messages() -> None:
    op.create_table(
        "staff_messages",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("message_key", sa.String(length=200), nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("account_invitation_id", BIG_KEY, nullable=True),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("contact_ref", CODE, nullable=False),
        sa.Column("counts", JSON_OBJECT, nullable=False),
        sa.Column("planned_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("attempt_at", AT, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("claimed_by", CODE, nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("finished_at", AT, nullable=True),
        sa.Column("outcome_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint("kind IN ('digest', 'invitation')", name=op.f("ck_staff_messages_kind")),
        sa.CheckConstraint(
            "(kind = 'invitation') = (account_invitation_id IS NOT NULL)",
            name=op.f("ck_staff_messages_invitation"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'claimed', 'sent', 'unknown', 'failed', 'cancelled')",
            name=op.f("ck_staff_messages_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_staff_messages_account_id")),
        sa.ForeignKeyConstraint(
            ["account_invitation_id"],
            ["account_invitations.id"],
            name=op.f("fk_staff_messages_account_invitation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_messages")),
        sa.UniqueConstraint("message_key", name=op.f("uq_staff_messages_message_key")),
    )
    op.create_index(op.f("ix_staff_messages_account_id"), "staff_messages", ["account_id"])
    op.create_index(op.f("ix_staff_messages_state_attempt_at"), "staff_messages", ["state", "attempt_at"])


def _add_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("removed_at", AT, nullable=True),
        sa.Column("removed_by_id", BIG_KEY, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_passkeys_account_id")),
        sa.ForeignKeyConstraint(["removed_by_id"], ["accounts.id"], name=op.f("fk_passkeys_removed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_account_id"), "passkeys", ["account_id"])


def _add_challenges() -> None:
    op.create_table(
        "passkey_challenges",
        sa.Column("staff_session_id", BIG_KEY, nullable=False),
        sa.Column("purpose", CODE, nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_session_id"], ["staff_sessions.id"], name=op.f("fk_passkey_challenges_staff_session_id")
        ),
        sa.PrimaryKeyConstraint("staff_session_id", name=op.f("pk_passkey_challenges")),
    )


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    for table in ("passkey_challenges", "passkeys", "staff_messages", "account_invitations"):
        op.drop_table(table)
    op.drop_index("uq_accounts_contact_ref", table_name="accounts")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("digest_hour")
        batch_op.drop_column("contact_ref")
