"""Answers and scores as a database gives them, many at a time: from plain rows to frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

MOMENT = "%Y-%m-%d %H:%M:%S%.6f"
"""How a moment comes: in UTC, with microseconds."""

_ANSWERS: Mapping[str, pl.DataType] = {
    "response_id": pl.Int64(),
    "item": pl.Int64(),
    "state": pl.String(),
    "value": pl.Int64(),
    "mode": pl.String(),
    "entered_by": pl.String(),
    "answered_at": pl.String(),
    "received_at": pl.String(),
    "device_at": pl.String(),
    "device_zone": pl.String(),
    "operation_id": pl.String(),
    "counter": pl.Int64(),
    "remark": pl.String(),
}
_SCORES: Mapping[str, pl.DataType] = {
    "response_id": pl.Int64(),
    "scoring_name": pl.String(),
    "scale": pl.String(),
    "value": pl.Float64(),
    "raw": pl.Float64(),
    "answered": pl.Int64(),
    "not_applicable": pl.Int64(),
    "missing": pl.Int64(),
    "needed": pl.Int64(),
    "reason": pl.String(),
    "instrument_sha256": pl.String(),
    "app_version": pl.String(),
    "scored_at": pl.String(),
}


def make_answers(rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Make the frame of answers, with the kind of who entered each in place of the reference.

    Columns of a row: response, item, state, value, mode, entered by, answered at, received at, device at
    (text in UTC), device zone, operation, counter, remark.
    """
    who = pl.col("entered_by")
    kind = (
        pl.when(who.str.starts_with("participant:"))
        .then(pl.lit("participant"))
        .when(who.str.starts_with("account:"))
        .then(pl.lit("staff"))
        .otherwise(pl.lit("system"))
    )
    return pl.DataFrame(rows, schema=_ANSWERS, orient="row").with_columns(
        *map(parse_moment, ("answered_at", "received_at", "device_at")), kind.alias("entered_by")
    )


def make_scores(rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Make the frame of scores.

    Columns of a row: response, scoring, scale, value, raw, answered, not applicable, missing, needed,
    reason, instrument's SHA-256, version of the app, scored at (text in UTC).
    """
    return pl.DataFrame(rows, schema=_SCORES, orient="row").with_columns(parse_moment("scored_at"))


def parse_moment(name: str) -> pl.Expr:
    """Read a column of moments, cutting off what is finer than milliseconds."""
    return pl.col(name).str.to_datetime(MOMENT, time_unit="ms", time_zone="UTC")
