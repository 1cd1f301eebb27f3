"""Runs the migrations of one store (`main` or `contacts`) over a connection that the caller hands in."""

from alembic import context

from pro_app.contacts.tables import VaultTable
from pro_app.storage.tables.base import JsonObject, Table, UtcDateTime

METADATA = {"main": Table.metadata, "contacts": VaultTable.metadata}


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our datetime type as the plain SQLAlchemy type, so that a migration never changes meaning."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is JsonObject:
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def run() -> None:
    """Run in one transaction on the connection given by `storage.migrate` or the command."""
    store = context.config.attributes["store"]
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA[store],
        version_table=f"alembic_version_{store}",
        render_item=render_item,
        render_as_batch=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
