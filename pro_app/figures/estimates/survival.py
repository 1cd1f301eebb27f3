"""Time to deterioration as Kaplan–Meier curves.

Kaplan and Meier, J Am Stat Assoc 1958;53:457-481, with the pointwise log-log interval that stays within
0 and 1 (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data).
"""

import warnings
from dataclasses import dataclass

import numpy as np
import polars as pl

from pro_app.exports.frames import Tables
from pro_app.figures.estimates.grouping import with_arm

CONFIDENCE = 0.95
_CURVE = pl.Schema(
    {
        "arm": pl.String(),
        "month": pl.Float64(),
        "at_risk": pl.Int64(),
        "events": pl.Int64(),
        "censored": pl.Int64(),
        "survival": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Median:
    """The median time in months, None while more than half are free of deterioration."""

    arm: str
    people: int
    events: int
    months: float | None


def estimate_survival(tables: Tables, *, definition: str, scale: str, by_arm: bool = False) -> pl.DataFrame:
    """Estimate the share of people without deterioration at each time at which somebody leaves.

    Columns: arm, month (days / 30.4375), at_risk (just before), events, censored, survival (0-1), lower
    and upper (95 %, empty where they cannot be given). Every curve begins at month 0.
    """
    rows = tables["deterioration"].filter(
        (pl.col("definition") == definition)
        & (pl.col("scale") == scale)
        & pl.col("time_months").is_not_null()
    )
    rows = with_arm(rows, tables, by_arm=by_arm).sort("arm", "time_months")
    curves = [_curve(str(arm), group) for (arm,), group in rows.group_by("arm", maintain_order=True)]
    return pl.concat([pl.DataFrame(schema=_CURVE), *curves])


def list_medians(curve: pl.DataFrame) -> tuple[Median, ...]:
    """Give the median of each curve: the first time at which survival is one half or less."""
    medians = []
    for (arm,), points in curve.group_by("arm", maintain_order=True):
        # Shares are products of floating-point fractions; one half must count as one half.
        reached = points.filter(pl.col("survival") <= 0.5 + 1e-9)["month"].to_list()
        people, events = points["at_risk"].to_list()[0], points["events"].sum()
        medians.append(Median(str(arm), people, int(events), min(reached, default=None)))
    return tuple(medians)


def count_at_risk(curve: pl.DataFrame, months: tuple[int, ...]) -> pl.DataFrame:
    """Count who is still followed and free of deterioration at `months`; columns: arm, month, at_risk."""
    rows = []
    for (arm,), points in curve.group_by("arm", maintain_order=True):
        times, at_risk = points["month"].to_numpy(), points["at_risk"].to_list()
        places = np.searchsorted(times, months)
        rows += [
            (str(arm), month, at_risk[place] if place < len(at_risk) else 0)
            for month, place in zip(months, places, strict=True)
        ]
    schema = {"arm": pl.String, "month": pl.Int64, "at_risk": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _curve(arm: str, group: pl.DataFrame) -> pl.DataFrame:
    """Estimate one curve; time 0 is put before the first time where nobody leaves on the first day."""
    months = group["time_months"].to_numpy()
    event = group["event"].to_numpy()
    times, survival, lower, upper = _fit(months, event)
    points = pl.DataFrame({"month": times, "survival": survival, "lower": lower, "upper": upper})
    left = group.group_by(month="time_months").agg(
        events=pl.col("event").sum().cast(pl.Int64), censored=(~pl.col("event")).sum().cast(pl.Int64)
    )
    if times[0] > 0:
        start = pl.DataFrame({"month": [0.0], "survival": [1.0], "lower": [None], "upper": [None]})
        points = pl.concat([start.cast(points.schema), points])
    counted = points.join(left, on="month", how="left", maintain_order="left").with_columns(
        pl.col("events", "censored").fill_null(0)
    )
    gone = pl.col("events") + pl.col("censored")
    return counted.with_columns(
        arm=pl.lit(arm), at_risk=pl.lit(len(months), pl.Int64) - gone.cum_sum().shift(1, fill_value=0)
    ).select(_CURVE.names())


def _fit(months: np.ndarray, event: np.ndarray) -> tuple[np.ndarray, np.ndarray, pl.Series, pl.Series]:
    """Give times, survival and both ends of its interval, None where it does not exist."""
    # SciPy's statistics take a second to import, which every command and process would wait for.
    from scipy import stats  # noqa: PLC0415 -- as above

    fitted = stats.ecdf(stats.CensoredData.right_censored(months, ~event)).sf
    with warnings.catch_warnings():
        # Where survival is exactly 1 or 0 the log-log interval does not exist; it stays empty.
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = fitted.confidence_interval(CONFIDENCE, method="log-log")
    ends = [
        np.where((fitted.probabilities > 0) & (fitted.probabilities < 1), end.probabilities, np.nan)
        for end in (interval.low, interval.high)
    ]
    lower, upper = (pl.Series(end).fill_nan(None) for end in ends)
    return fitted.quantiles, fitted.probabilities, lower, upper
