"""Stored moments as text: for so many rows that making datetimes of them would take too long."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class MomentText(FunctionElement[str]):
    """A stored moment as text in UTC with microseconds: 2026-03-02 09:00:00.000000."""

    type = String()
    inherit_cache = True
    name = "moment_text"


@compiles(MomentText, "sqlite")
def _compile_for_sqlite(element: MomentText, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's own
    # This is how SQLAlchemy stores a moment in SQLite, which has no type for it.
    return compiler.process(element.clauses, **options)


@compiles(MomentText, "postgresql")
def _compile_for_postgresql(element: MomentText, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 -- SQLAlchemy's own
    moment = compiler.process(element.clauses, **options)
    return f"to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
