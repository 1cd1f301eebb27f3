"""Relative days: since randomisation (0 on the day itself) and as analysis days, which know no day 0."""

import polars as pl


def analysis_day(days: pl.Expr) -> pl.Expr:
    """Turn days since an origin into relative days: the day itself is 1, the day before it is -1.

    ADaM Implementation Guide, ADY: there is no day 0.
    """
    return days + (days >= 0).cast(pl.Int64)


def days_between(start: str, end: str) -> pl.Expr:
    """Give the whole days from the date in column `start` to the one in `end`."""
    return (pl.col(end) - pl.col(start)).dt.total_days()


def analysis_day_number(days: int) -> int:
    """Turn one number of days since an origin into a relative day."""
    return days + 1 if days >= 0 else days
