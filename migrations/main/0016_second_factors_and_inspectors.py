"""The second factor of staff with its recovery codes, and inspectors, whose role ends by itself.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
IN_USE = sa.text("removed_at IS NULL")
OLD_ROLES = "'administrator', 'coordinator', 'nurse', 'investigator', 'monitor', 'statistician'"
ROLE, ENDS = "ck_staff_roles_role", "ck_staff_roles_inspector_ends"


def upgrade() -> None:
    """Add the columns and the two tables, and let a role be that of an inspector."""
    _let_roles_end()
    op.add_column("staff_sessions", sa.Column("second_factor_at", AT, nullable=True))
    op.add_column("staff_sessions", sa.Column("second_factor_kind", sa.String(length=64), nullable=True))
    _add_second_factors()
    _add_recovery_codes()


def _let_roles_end() -> None:
    """Add the end and its check, and one role more; on SQLite by another table in its place."""
    with op.batch_alter_table("staff_roles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ends_at", AT, nullable=True))
        batch_op.drop_constraint(op.f(ROLE), type_="check")
        batch_op.create_check_constraint(op.f(ROLE), f"role IN ({OLD_ROLES}, 'inspector')")
        batch_op.create_check_constraint(op.f(ENDS), "(role <> 'inspector') OR (ends_at IS NOT NULL)")


def _add_second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("secret_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("removed_at", AT, nullable=True),
        sa.Column("removed_by_id", BIG_KEY, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_second_factors_account_id")),
        sa.ForeignKeyConstraint(
            ["removed_by_id"], ["accounts.id"], name=op.f("fk_second_factors_removed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factors")),
    )
    op.create_index(op.f("ix_second_factors_account_id"), "second_factors", ["account_id"])
    op.create_index(
        "uq_second_factors_in_use",
        "second_factors",
        ["account_id"],
        unique=True,
        sqlite_where=IN_USE,
        postgresql_where=IN_USE,
    )


def _add_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("account_id", BIG_KEY, nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("replaced_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_recovery_codes_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_recovery_codes_code_digest")),
    )
    op.create_index(op.f("ix_recovery_codes_account_id"), "recovery_codes", ["account_id"])


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_column("second_factor_kind")
        batch_op.drop_column("second_factor_at")
    with op.batch_alter_table("staff_roles", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(ENDS), type_="check")
        batch_op.drop_constraint(op.f(ROLE), type_="check")
        batch_op.create_check_constraint(op.f(ROLE), f"role IN ({OLD_ROLES})")
        batch_op.drop_column("ends_at")
