from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pro_app.exports.frames import check_frame, make_frame
from pro_app.exports.spool import Spool
from pro_app.exports.tables.column import Column, TableDefinition

TABLE = TableDefinition(
    "t",
    "",
    "",
    (Column("text", "text", "", ""), Column("n", "integer", "", ""), Column("at", "datetime", "", "")),
)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rows(*numbers: int) -> pl.DataFrame:
    return make_frame(TABLE, [{"text": "é", "n": number, "at": AT} for number in numbers])


def test_a_spool_gives_back_what_it_was_given_frame_by_frame(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for frame in (rows(1, 2), rows(), rows(3)):
        spool.add(TABLE, frame)

    assert_frame_equal(pl.concat(spool.frames("t")), rows(1, 2, 3))
    assert spool.rows("t") == 3
    assert (list(spool.frames("other")), spool.rows("other")) == ([], 0)


@pytest.mark.parametrize(
    "wrong", [rows(1).drop("n"), rows(1).select("n", "text", "at"), rows(1).cast({"n": pl.Int32})]
)
def test_columns_types_and_order_have_to_be_those_of_the_table(tmp_path: Path, wrong: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="t: "):
        check_frame(TABLE, wrong)
    with pytest.raises(ValueError, match="t: "):
        Spool(tmp_path).add(TABLE, wrong)


@pytest.mark.parametrize(
    "change",
    [{"text": 1}, {"n": "1"}, {"n": 1.5}, {"email": "x"}],
)
def test_a_row_with_another_column_or_type_is_refused(change: dict[str, object]) -> None:
    good = {"text": "x", "n": 1, "at": AT}
    assert make_frame(TABLE, [good]).height == 1

    with pytest.raises((TypeError, ValueError)):
        make_frame(TABLE, [good | change])
    with pytest.raises(ValueError, match="at"):
        make_frame(TABLE, [{"text": "x", "n": 1}])
