"""What scores mean for the person: the baseline, the change from it, and whether a score matters.

Everything is exact (see `exact_comparison`), and direction-aware: for functional scales, global health
and summary scores a higher score is better, for symptom scales a lower one.
"""

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
import polars as pl

from pro_app.instruments.instrument import ScoringDefinition
from pro_app.protocol.analysis import BaselineRule
from pro_app.protocol.thresholds import Thresholds
from pro_app.scoring.exact_comparison import TOLERANCE

ChangeCategory = Literal["improved", "stable", "worsened"]

STEPS_PER_100: Final = 2340
"""Scores and their differences are whole multiples of 100/2340: see `exact_comparison`."""

_PERSON = ("study", "site", "participant_code")
_COURSE = (*_PERSON, "instrument", "scale")
_FORM = ("visit_code", "ordinal")


def make_scale_frame(
    scorings: Iterable[tuple[str, ScoringDefinition]], thresholds: Thresholds
) -> pl.DataFrame:
    """Give one row for each scale of (instrument code, its scoring definition) with its thresholds.

    Columns `instrument`, `scale`, `worse_when_lower`, `minimal_difference`, and `importance_side`
    (below or above) with `importance_threshold`, both null for scales without one. Where several
    versions of an instrument have a scale, the first one says its direction.
    """
    rows = [
        (
            instrument,
            scale,
            worse_when_lower,
            float(thresholds.minimal_difference_of(scale)),
            bound.side if bound else None,
            float(bound.value) if bound else None,
        )
        for instrument, scoring in scorings
        for scale, worse_when_lower in _list_directions(scoring)
        for bound in (thresholds.clinical_importance.bounds.get(scale),)
    ]
    schema = {
        "instrument": pl.String(),
        "scale": pl.String(),
        "worse_when_lower": pl.Boolean(),
        "minimal_difference": pl.Float64(),
        "importance_side": pl.String(),
        "importance_threshold": pl.Float64(),
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.unique(["instrument", "scale"], keep="first", maintain_order=True)


def _list_directions(scoring: ScoringDefinition) -> list[tuple[str, bool]]:
    """Give each scale in published order, and whether a lower score is a worse one."""
    directions = [(scale.code, scale.kind != "symptom") for scale in scoring.scales]
    return directions + ([(scoring.summary.code, True)] if scoring.summary else [])


def find_baseline_candidates(scores: pl.DataFrame, people: pl.DataFrame, rule: BaselineRule) -> pl.DataFrame:
    """Give the scores that may serve as baseline, in the order in which they were observed.

    `scores` are rows of the table of that name, `people` of the table `participants`. Only the present
    version of submitted forms counts. Of each scale the last candidate is the baseline; forms of one day
    follow each other as they were first received, which no later correction changes.
    """
    randomised_on = pl.col("randomised_on")
    qualifies = (
        pl.when(randomised_on.is_null())
        .then(pl.col("visit_code").is_in(rule.visits_before_randomisation))
        .otherwise(pl.col("visit_code").is_in(rule.visits) & (pl.col("observed_on") <= randomised_on))
    )
    return (
        scores.filter(pl.col("is_current"), ~pl.col("incomplete"))
        .filter(pl.col("value").is_not_null(), pl.col("observed_on").is_not_null())
        .join(people.select(*_PERSON, "randomised_on"), on=_PERSON, how="left", maintain_order="left")
        .filter(qualifies)
        .select(*_COURSE, *_FORM, "scoring_name", "observed_on", "submitted_at", "value")
        .sort(*_COURSE, "observed_on", "submitted_at", "ordinal", "visit_code")
    )


def derive_interpretation(
    scores: pl.DataFrame, people: pl.DataFrame, *, scales: pl.DataFrame, rule: BaselineRule
) -> pl.DataFrame:
    """Give the scores with `is_baseline`, `baseline`, `change` and what they mean, in their order.

    `scores` are rows of whole participants, `scales` come from `make_scale_frame`. A change is that of a
    form answered after the day of the baseline and scored by the same definition: what two definitions
    compute under one name is not the same thing. A score without a threshold is neither important nor not.
    """
    derived = ("is_baseline", "baseline", "change", "change_category", "important")
    baselines = _find_baselines(scores, people, rule)
    joined = scores.drop(*derived, *scales.columns[2:], strict=False)
    joined = joined.join(
        baselines, on=(*_COURSE, "scoring_name"), how="left", nulls_equal=True, maintain_order="left"
    )
    joined = joined.join(scales, on=("instrument", "scale"), how="left", maintain_order="left")
    is_form = pl.col("visit_code").eq(pl.col("baseline_visit")) & pl.col("ordinal").eq(
        pl.col("baseline_ordinal")
    )
    is_later = pl.col("observed_on") > pl.col("baseline_on")
    difference = _exact(pl.col("value") - pl.col("baseline"))
    found = joined.with_columns(
        is_baseline=(is_form & pl.col("is_current")).fill_null(value=False),
        change=pl.when(is_later & ~is_form).then(difference),
        important=_is_important(),
    ).with_columns(change_category=_change_category())
    found = found.drop(
        "baseline_visit", "baseline_ordinal", "baseline_on", "worse_when_lower", "importance_side"
    )
    columns = [name for name in scores.columns if name in found.columns]
    return found.select(*columns, *(name for name in found.columns if name not in columns))


def _find_baselines(scores: pl.DataFrame, people: pl.DataFrame, rule: BaselineRule) -> pl.DataFrame:
    """Give the last candidate of each person and scale."""
    return (
        find_baseline_candidates(scores, people, rule)
        .group_by(_COURSE, maintain_order=True)
        .last()
        .select(
            *_COURSE,
            "scoring_name",
            pl.col("visit_code").alias("baseline_visit"),
            pl.col("ordinal").alias("baseline_ordinal"),
            pl.col("observed_on").alias("baseline_on"),
            pl.col("value").alias("baseline"),
        )
    )


def _exact(difference: pl.Expr) -> pl.Expr:
    """Give the floating-point number nearest to the exact difference of two scores.

    Whoever compares a change of 10 points with 10 in another program then finds it.
    """
    steps = (difference * (STEPS_PER_100 / 100)).round()
    exact = (steps * 100).map_batches(_divide_by_steps, return_dtype=pl.Float64, is_elementwise=True)
    return pl.when((exact - difference).abs() < TOLERANCE).then(exact).otherwise(difference)


def _divide_by_steps(hundredfold: pl.Series) -> pl.Series:
    """Divide to the nearest number; polars would multiply by a rounded reciprocal."""
    return pl.Series(np.divide(hundredfold.to_numpy(), STEPS_PER_100), nan_to_null=True)


def _change_category() -> pl.Expr:
    """Say whether a change is an improvement or a worsening: at least the minimal difference."""
    least = pl.col("minimal_difference") - TOLERANCE
    gain = pl.when("worse_when_lower").then(pl.col("change")).otherwise(-pl.col("change"))
    return (
        pl.when(gain.is_null())
        .then(None)
        .when(gain >= least)
        .then(pl.lit("improved"))
        .when(gain <= -least)
        .then(pl.lit("worsened"))
        .otherwise(pl.lit("stable"))
    )


def _is_important() -> pl.Expr:
    """Say whether a score lies strictly beyond its threshold; the threshold itself does not."""
    beyond = pl.col("value") - pl.col("importance_threshold")
    return (
        pl.when(pl.col("importance_side") == "below")
        .then(beyond < -TOLERANCE)
        .when(pl.col("importance_side") == "above")
        .then(beyond > TOLERANCE)
    )
