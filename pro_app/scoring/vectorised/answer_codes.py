"""Matrices of codes from frames of answers, whether they hold a response or a single item a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pro_app.instruments.instrument import Instrument
from pro_app.scoring.vectorised.score_arrays import MISSING_CODE, NOT_APPLICABLE_CODE, Codes


@dataclass(frozen=True, slots=True)
class UnusableAnswer:
    """An answer that its item does not offer, or one of several to the same item of a response."""

    response: int
    item: int
    value: int | None


def read_codes(answers: pl.DataFrame, names: Sequence[str]) -> Codes:
    """Read the named columns of whole numbers, null where missing, as a matrix (columns, rows)."""
    codes = np.empty((len(names), answers.height), dtype=np.int8)
    for row, name in enumerate(names):
        codes[row] = answers[name].cast(pl.Int8).fill_null(MISSING_CODE).to_numpy()
    return codes


def place_codes(
    instrument: Instrument, answers: pl.DataFrame, *, responses: int
) -> tuple[Codes, list[UnusableAnswer]]:
    """Place answers, one a row, into a matrix (items of the instrument in order, responses).

    `answers` has the columns `response` (its column in the matrix), `item` (printed number), `state` and
    `value`. Answers that cannot be used are left out of the matrix and named.
    """
    rows = {item.number: row for row, item in enumerate(instrument.items)}
    typed = answers.select("response", pl.col("item", "value").cast(pl.Int64), "state")
    offered = _list_offered(instrument)
    wrong = typed.join(offered, on=["item", "value"], how="anti", nulls_equal=True)
    twice = typed.filter(pl.struct("response", "item").is_duplicated())
    unusable = [UnusableAnswer(*row) for row in pl.concat([wrong, twice]).drop("state").rows()]
    not_applicable = pl.col("state") == "not_applicable"
    placed = typed.join(offered, on=["item", "value"], how="semi", nulls_equal=True).select(
        "response",
        row=pl.col("item").replace_strict(rows, return_dtype=pl.Int64),
        code=pl.when(not_applicable).then(NOT_APPLICABLE_CODE).otherwise("value").fill_null(MISSING_CODE),
    )
    codes = np.zeros((len(rows), responses), dtype=np.int8)
    codes[placed["row"].to_numpy(), placed["response"].to_numpy()] = placed["code"].to_numpy()
    return codes, unusable


def _list_offered(instrument: Instrument) -> pl.DataFrame:
    """Give every code that each item offers, and none for answers without a number."""
    numbers = [item.number for item in instrument.items]
    pairs = [(number, code) for number in numbers for code in (*instrument.response_values(number), None)]
    return pl.DataFrame(pairs, schema={"item": pl.Int64, "value": pl.Int64}, orient="row")
