from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl
import pytest
from release_world import small_release

from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.column import Column, TableDefinition

KINDS = TableDefinition(
    "kinds",
    "une ligne",
    "one row",
    (
        Column("text", "text", "Texte", "Text"),
        Column("long_text", "text", "Texte long : « été »", "Long text"),
        Column("whole", "integer", "Entier", "Integer"),
        Column("huge", "integer", "Grand entier", "Large integer"),
        Column("number", "number", "Nombre", "Number"),
        Column("flag", "flag", "1 : oui", "1: yes"),
        Column("day", "date", "Jour", "Day"),
        Column("moment", "datetime", "Moment", "Moment"),
    ),
)


def kinds(**cells: object) -> Mapping[str, object]:
    """Make a row of which only `cells` have a value."""
    return dict.fromkeys(KINDS.column_names) | cells


@pytest.fixture
def every_kind() -> pl.DataFrame:
    """Give rows with a value of each type, with extremes and with nothing."""
    return make_frame(
        KINDS,
        [
            kinds(
                text="Été « à l’hôpital »",
                long_text="é" * 700 + "end",
                whole=-3,
                huge=2**40,
                number=100 / 3,
                flag=True,
                day=date(2026, 3, 2),
                moment=datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC),
            ),
            kinds(),
            kinds(
                text='say "a", b\nc\r\nd',
                long_text="x" * 255,
                whole=0,
                huge=0,
                number=0.0,
                flag=False,
                day=date(1931, 12, 31),
                moment=datetime(1959, 1, 1, tzinfo=UTC),
            ),
        ],
    )


@pytest.fixture
def kinds_table() -> TableDefinition:
    return KINDS


@pytest.fixture
def release() -> Release:
    return small_release()[0]


@pytest.fixture
def tables() -> Tables:
    return small_release()[1]
