"""What the application's PostgreSQL role may do: work with rows, never change tables or the audit trail."""

import re

from sqlalchemy import Connection, text

APPEND_ONLY = (
    "audit_entries",
    "audit_payloads",
    "clarification_items",
    "consent_records",
    "stored_definitions",
    "wording_approvals",
)


def grant_application_role(connection: Connection, role: str) -> None:
    """Give `role` what the application needs; run by the owner after migrating."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", role):
        raise ValueError("a role name has small letters, digits and underscores")
    statements = (
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
            for table in APPEND_ONLY
            if _has(connection, table)
        ),
        *(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {role}" for table in _version_tables(connection)),
    )
    for statement in statements:
        connection.execute(text(statement))


def _has(connection: Connection, table: str) -> bool:
    return connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}) is not None


def _version_tables(connection: Connection) -> list[str]:
    return [t for t in ("alembic_version_main", "alembic_version_contacts") if _has(connection, t)]
