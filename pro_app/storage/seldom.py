"""Conditions that few rows meet, said to SQLite, which would guess that a good part of all rows do.

SQLite knows of a value only how often one occurs on average. A table in which nearly all rows are in one
state and a handful in another is read from end to end for that handful, once there are statistics
(`ANALYZE`) to say how few states there are. PostgreSQL counts each frequent value, and needs no telling.
"""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

SHARE = "0.000001"
"""The part of the rows that is expected; what counts is that it is far below what an index costs."""


class Seldom(FunctionElement[bool]):
    """A condition that about one row in a million meets, so that its index is worth using."""

    inherit_cache = True
    name = "seldom"
    # Of a Boolean SQLAlchemy would ask on SQLite whether it is 1, and no index answers that.
    type: TypeEngine[Any] = NullType()


def seldom(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say of a condition that few rows meet it; which rows do stays as it is."""
    return Seldom(condition)


@compiles(Seldom, "sqlite")
def _compile_for_sqlite(element: Seldom, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's own
    return f"likelihood({compiler.process(element.clauses, **options)}, {SHARE})"


@compiles(Seldom)
def _compile_plainly(element: Seldom, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's own
    return f"({compiler.process(element.clauses, **options)})"
