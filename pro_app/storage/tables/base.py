"""The declarative base and the column types that every table shares."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, Integer, MetaData, String, text
from sqlalchemy import Table as PlainTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; refuses naive values, which SQLite would store without complaint."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC; SQLite has no zone of its own, so it is left off there."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC datetime on both databases."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


BigKey = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a plain INTEGER key."""

JsonObject = JSON().with_variant(JSONB, "postgresql")

Key = Annotated[int, mapped_column(BigKey, primary_key=True)]
Code = Annotated[str, mapped_column(String(64))]
Sha256 = Annotated[str, mapped_column(String(64))]
At = Annotated[datetime, mapped_column(UtcDateTime)]
DefinitionHash = Annotated[str, mapped_column(String(64), ForeignKey("stored_definitions.sha256"))]
Details = Annotated[dict[str, Any], mapped_column(JsonObject)]


class Table(DeclarativeBase):
    """Base of all tables; names constraints alike on both databases so that migrations find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def plain_table(table: type[Table]) -> PlainTable:
    """Give the table behind a class, for statements that take rows as they are, without the session."""
    plain = table.__table__
    if not isinstance(plain, PlainTable):
        raise TypeError("only a class with a table of its own has one")
    return plain


def unique_while_empty(name: str, empty: str, *columns: str) -> Index:
    """Make an index under which `columns` are unique among the rows whose column `empty` is NULL."""
    current = text(f"{empty} IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=current, postgresql_where=current)
