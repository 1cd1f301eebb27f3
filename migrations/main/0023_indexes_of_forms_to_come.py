"""Indexes: the forms that can still come, when visits first closed, and the people of a site in order.

Rules of this folder: a released migration never changes; each one works with the code of the release
before it (add now, remove a release later); it leaves the triggers on the audit trail as they are, and
tests/migrations asserts them after every step; data are moved in plain SQL, never through pro_app's tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WAITING = "ix_form_standings_waiting"
FIRST_CLOSED = "ix_form_standings_first_closed"
LISTING = "ix_participants_listing"
NOT_RECEIVED = sa.text("received_at IS NULL")


def upgrade() -> None:
    """Add them; they hold nothing that is not in the tables."""
    columns = (
        *("study_id", "site_id", "opens_at", "closes_at"),
        *("expected", "reopened_until_at", "plan_reason", "visit_code"),
    )
    op.create_index(
        WAITING,
        "form_standings",
        list(columns),
        postgresql_where=NOT_RECEIVED,
        sqlite_where=NOT_RECEIVED,
    )
    op.create_index(FIRST_CLOSED, "form_standings", ["study_id", "visit_code", "closes_at"])
    op.create_index(LISTING, "participants", ["study_id", "site_id", "participant_code"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index(LISTING, "participants")
    op.drop_index(FIRST_CLOSED, "form_standings")
    op.drop_index(WAITING, "form_standings")
