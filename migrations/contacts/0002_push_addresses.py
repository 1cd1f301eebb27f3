"""The browsers that show messages.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "push_addresses",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("contact_ref", sa.String(length=64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_push_addresses")),
    )
    with op.batch_alter_table("push_addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_push_addresses_contact_ref"), ["contact_ref"], unique=False)


def downgrade() -> None:
    """Take it away again; only an empty test database ever goes this way."""
    with op.batch_alter_table("push_addresses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_push_addresses_contact_ref"))

    op.drop_table("push_addresses")
