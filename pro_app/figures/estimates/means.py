"""Mean scale scores with 95 % confidence intervals, by planned visit or by time since randomisation.

The interval is Student's: mean ± t(0.975, n - 1) · sd / √n; with fewer than two people there is none.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import stdtrit

from pro_app.exports.frames import Tables
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

    Of several forms of a person in one window the one closest to its target counts, of two equally
    close ones the earlier. Columns as by visit, with `window` and `target_day` in place of the visit.
    """
    scores = with_arm(list_analysed_scores(tables), tables, by_arm=by_arm)
    scores = scores.with_columns(
        day=(pl.col("observed_on") - pl.col("randomised_on")).dt.total_days()
    ).filter(pl.col("day").is_not_null())
    closest = _choose_closest(_with_window(scores, windows))
    targets = _frame_of(windows).select("window", "target_day")
    means = _summarise(closest, by="window").join(targets, on="window", how="left")
    return means.sort("arm", "instrument", "scale", "target_day")


def _frame_of(windows: Sequence[TimeWindow]) -> pl.DataFrame:
    return pl.DataFrame(
        [(w.code, w.target_day, w.from_day, w.to_day) for w in windows],
        schema={"window": pl.String, "target_day": pl.Int64, "from_day": pl.Int64, "to_day": pl.Int64},
        orient="row",
    )


def _with_window(scores: pl.DataFrame, windows: Sequence[TimeWindow]) -> pl.DataFrame:
    """Add the window that each day falls in; rows in none drop out."""
    starts = _frame_of(windows).sort("from_day")
    placed = scores.sort("day").join_asof(
        starts, left_on="day", right_on="from_day", strategy="backward", check_sortedness=False
    )
    return placed.filter(pl.col("day") <= pl.col("to_day"))


def _choose_closest(scores: pl.DataFrame) -> pl.DataFrame:
    person = ("site", "participant_code", *_SCALE_KEYS, "window")
    distance = (pl.col("day") - pl.col("target_day")).abs()
    return scores.sort(distance, "day").unique(person, keep="first", maintain_order=True)


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
