"""Mean scale scores with 95 % confidence intervals, by planned visit or by time since randomisation.

The interval is Student's: mean ± t(0.975, n - 1) · sd / √n; with fewer than two people there is none.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import stdtrit

from pro_app.exports.frames import Tables
from pro_app.exports.tidy.windows import flag_closest, place_in_windows
from pro_app.figures.estimates.grouping import list_analysed_scores, with_arm
from pro_app.protocol.analysis import TimeWindow

CONFIDENCE = 0.95
_SCALE_KEYS = ("arm", "instrument", "scale")


def estimate_means_by_visit(tables: Tables, *, by_arm: bool = False) -> pl.DataFrame:
    """Estimate the mean of each scale at each planned visit.

    Columns: arm, instrument, scale, visit_code, n (people), mean, sd, lower, upper (0-100). Visits come
    in the order of their first day; unscheduled answers belong to none.
    """
    scores = with_arm(list_analysed_scores(tables), tables, by_arm=by_arm)
    scores = scores.filter(pl.col("visit_code") != "UNSCHEDULED")
    return _summarise(scores, by="visit_code")


def estimate_means_by_time(
    tables: Tables, windows: Sequence[TimeWindow], *, by_arm: bool = False
) -> pl.DataFrame:
    """Estimate the mean of each scale in each window of time since randomisation.

    Of several forms of a person in one window the one counts that `exports.tidy.windows` chooses, as in
    ADQS. Columns as by visit, with `window` and `target_day` in place of the visit.
    """
    scores = with_arm(list_analysed_scores(tables), tables, by_arm=by_arm)
    scores = scores.with_columns(days=(pl.col("observed_on") - pl.col("randomised_on")).dt.total_days())
    placed = place_in_windows(scores, windows)
    within = ("site", "participant_code", *_SCALE_KEYS, "window")
    closest = placed.filter(flag_closest(placed, within=within, eligible=pl.lit(value=True)))
    targets = placed.select("window", "target_day").unique()
    means = _summarise(closest, by="window").join(targets, on="window", how="left")
    return means.sort("arm", "instrument", "scale", "target_day")


def _summarise(scores: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """Count, average and spread the scores of each group, in a fixed order."""
    means = (
        scores.group_by(*_SCALE_KEYS, by)
        .agg(
            n=pl.len().cast(pl.Int64),
            mean=pl.col("value").mean(),
            sd=pl.col("value").std(),
            first_on=pl.col("observed_on").min(),
        )
        .sort(*_SCALE_KEYS, "first_on", by)
        .drop("first_on")
    )
    half = _half_width(means["n"].to_numpy(), means["sd"].fill_null(float("nan")).to_numpy())
    return means.with_columns(
        lower=pl.col("mean") - pl.Series(half, dtype=pl.Float64).fill_nan(None),
        upper=pl.col("mean") + pl.Series(half, dtype=pl.Float64).fill_nan(None),
    )


def _half_width(n: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Give half the width of Student's interval, NaN where fewer than two people stand behind a mean."""
    degrees = np.where(n > 1, n - 1.0, np.nan)
    return np.asarray(stdtrit(degrees, (1 + CONFIDENCE) / 2) * sd / np.sqrt(n), dtype=np.float64)
