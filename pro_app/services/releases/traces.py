"""Tracing a release back: every answer in it must still stand in the database as it was given."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from sqlalchemy.orm import Session

from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.tables.items import ITEMS
from pro_app.storage.queries.moved_forms import list_earlier_codes
from pro_app.storage.queries.releases import list_answers_by_operation

AT_ONCE = 500
"""SQLite takes some thousands of values in one statement at most."""
_SAID = ("participant_code", "instrument", "item", "state", "value")


@dataclass(frozen=True, slots=True)
class TraceDifference:
    """An answer of a release that the database does not have any more, or has with another content.

    `released` and `stored` are participant code, instrument, item, state and value; `stored` is None where
    there is no such operation.
    """

    operation_id: str
    released: tuple[object, ...]
    stored: tuple[object, ...] | None


def list_trace_differences(
    session: Session, tables: FrozenTables, *, study_id: int
) -> Iterator[TraceDifference]:
    """Give every item of the release that does not lead back to the same answer."""
    for frame in tables.frames(ITEMS.name):
        traced = frame.filter(pl.col("operation_id").is_not_null()).select("operation_id", *_SAID)
        for part in traced.iter_slices(AT_ONCE):
            released = {row[0]: row[1:] for row in part.iter_rows()}
            rows = list_answers_by_operation(session, study_id, list(released))
            stored = {row[0]: tuple(row[1:]) for row in rows}
            differing = {key: said for key, said in released.items() if stored.get(key) != said}
            earlier = list_earlier_codes(session, list(differing)) if differing else {}
            for operation_id, said in differing.items():
                found = stored.get(operation_id)
                # A form that was filed under the wrong person led back to that one when it was released.
                before = {(code, *found[1:]) for code in earlier.get(operation_id, ())} if found else ()
                if said not in before:
                    yield TraceDifference(operation_id, said, found)
