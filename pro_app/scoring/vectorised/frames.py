"""Frames of answers in, frames of scores out: one row a response, or one row a response and scale."""

import numpy as np
import polars as pl

from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.scoring.vectorised.answer_codes import read_codes
from pro_app.scoring.vectorised.score_arrays import ScoreArrays
from pro_app.scoring.vectorised.scorers import plan_vectorised_scoring

REASONS = pl.Enum(["too_few_answers", "scale_missing"])
"""Why there is no score, as a type of frames."""


def score_frame(instrument: Instrument, scoring: ScoringDefinition, answers: pl.DataFrame) -> pl.DataFrame:
    """Score one response a row, wide.

    `answers` has a column q<number> of whole numbers for each item: the response code, null or 0 where
    the answer is missing, -1 where it is "not applicable". The result has its other columns first, then
    for each scale `<scale>` (0-100 or null), `_raw`, `_answered`, `_not_applicable`, `_missing`, `_needed`
    and `_reason`. Raises ValueError for a code outside the range of its scale, NotFound for an unknown
    manual.
    """
    names = _item_columns(instrument)
    scores = plan_vectorised_scoring(instrument, scoring).score(read_codes(answers, names))
    found = pl.DataFrame(
        {
            name: column
            for place, code in enumerate(scoring.scale_codes)
            for name, column in (
                (code, scores.value[place]),
                (f"{code}_raw", scores.total[place]),
                (f"{code}_answered", scores.answered[place]),
                (f"{code}_not_applicable", scores.not_applicable[place]),
                (f"{code}_missing", scores.missing[place]),
            )
        }
    )
    details = [
        expression
        for code, needed in zip(scoring.scale_codes, scores.needed, strict=True)
        for expression in _derive_details(code, needed, is_summary=_is_summary(scoring, code))
    ]
    return answers.drop(names).hstack(found.select(details))


def score_rows(instrument: Instrument, scoring: ScoringDefinition, answers: pl.DataFrame) -> pl.DataFrame:
    """Score like `score_frame`, long: a row for each response and scale, in that order.

    The result has the other columns of `answers`, then `scale`, `value`, `raw`, `answered`,
    `not_applicable`, `missing`, `needed` and `reason`.
    """
    names = _item_columns(instrument)
    scores = plan_vectorised_scoring(instrument, scoring).score(read_codes(answers, names))
    scales = len(scoring.scale_codes)
    keys = answers.drop(names)[np.repeat(np.arange(answers.height), scales)]
    return keys.hstack(list_score_rows(scoring, scores))


def list_score_rows(scoring: ScoringDefinition, scores: ScoreArrays) -> pl.DataFrame:
    """Give scores as rows, by response, then by scale in published order."""
    responses = scores.value.shape[1]
    places = np.tile(np.arange(len(scoring.scale_codes)), responses)
    summary = scoring.summary.code if scoring.summary else ""
    is_summary = pl.Series([code == summary for code in scoring.scale_codes], dtype=pl.Boolean)[places]
    return pl.DataFrame(
        {
            "scale": pl.Series(scoring.scale_codes, dtype=pl.String)[places],
            "value": scores.value.T.reshape(-1),
            "raw": scores.total.T.reshape(-1),
            "answered": scores.answered.T.reshape(-1),
            "not_applicable": scores.not_applicable.T.reshape(-1),
            "missing": scores.missing.T.reshape(-1),
            "needed": pl.Series(scores.needed, dtype=pl.Int8)[places],
        }
    ).with_columns(
        pl.col("value").fill_nan(None),
        _derive_raw(pl.col("value"), pl.col("raw"), pl.col("answered"), is_summary=pl.lit(is_summary)).alias(
            "raw"
        ),
        _derive_reason(pl.col("value"), is_summary=pl.lit(is_summary)).alias("reason"),
    )


def _item_columns(instrument: Instrument) -> list[str]:
    return [f"q{item.number}" for item in instrument.items]


def _is_summary(scoring: ScoringDefinition, code: str) -> bool:
    return scoring.summary is not None and scoring.summary.code == code


def _derive_details(code: str, needed: int, *, is_summary: bool) -> list[pl.Expr]:
    """Give the columns of one scale in their order."""
    value, total, answered = pl.col(code), pl.col(f"{code}_raw"), pl.col(f"{code}_answered")
    return [
        value.fill_nan(None),
        _derive_raw(value, total, answered, is_summary=pl.lit(is_summary)).alias(f"{code}_raw"),
        *(pl.col(f"{code}_{count}") for count in ("answered", "not_applicable", "missing")),
        pl.lit(needed, dtype=pl.Int8).alias(f"{code}_needed"),
        _derive_reason(value, is_summary=pl.lit(is_summary)).alias(f"{code}_reason"),
    ]


def _derive_raw(value: pl.Expr, total: pl.Expr, answered: pl.Expr, *, is_summary: pl.Expr) -> pl.Expr:
    """Give the raw score, one division of whole numbers; a summary has none."""
    is_scored = value.is_not_nan() & ~is_summary
    return pl.when(is_scored).then(total.cast(pl.Float64) / answered.cast(pl.Float64))


def _derive_reason(value: pl.Expr, *, is_summary: pl.Expr) -> pl.Expr:
    """Say why there is no score."""
    missing, few = (pl.lit(code, dtype=REASONS) for code in ("scale_missing", "too_few_answers"))
    return pl.when(value.is_nan()).then(pl.when(is_summary).then(missing).otherwise(few))
