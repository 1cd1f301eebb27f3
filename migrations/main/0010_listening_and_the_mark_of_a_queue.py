"""Questions that are read aloud, and the mark by which a phone knows whose answers it keeps.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MARK_BYTES = 16


def upgrade() -> None:
    """Add the columns; everybody who is enrolled gets a mark of the own."""
    # One by one: a batch would make the tables anew on SQLite, which rows that refer to them forbid.
    # The mark is empty only for those whom the release before this one enrols; their next sign-in fills it.
    op.add_column("participants", sa.Column("queue_owner", sa.String(length=64), nullable=True))
    op.add_column(
        "participants", sa.Column("listens", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(op.f("ix_participants_queue_owner"), "participants", ["queue_owner"], unique=True)
    op.add_column("responses", sa.Column("listened", sa.Boolean(), server_default=sa.false(), nullable=False))

    connection = op.get_bind()
    for key in connection.scalars(sa.text("SELECT id FROM participants")).all():
        connection.execute(
            sa.text("UPDATE participants SET queue_owner = :mark WHERE id = :key"),
            {"mark": secrets.token_hex(MARK_BYTES), "key": key},
        )


def downgrade() -> None:
    """Take them away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("responses", schema=None) as batch_op:
        batch_op.drop_column("listened")

    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_participants_queue_owner"))
        batch_op.drop_column("listens")
        batch_op.drop_column("queue_owner")
