"""Visits as SDTM numbers and names them, planned and unscheduled."""

from collections.abc import Iterable

import polars as pl

from pro_app.exports.cdisc.sdtm.frames import PERSON, VISIT
from pro_app.protocol.calendar import Offset
from pro_app.protocol.protocol import UNSCHEDULED, Protocol, Visit

_DAYS = {"days": 1, "weeks": 7}
_STEP = 100
"""Between the numbers of two rules: room for the weeks or months of a series."""
_SCHEMA = pl.Schema(
    {"visit_code": pl.String(), "VISITNUM": pl.Float64(), "VISIT": pl.String(), "VISITDY": pl.Int64()}
)


def describe_visits(protocol: Protocol, codes: Iterable[str]) -> pl.DataFrame:
    """Give VISITNUM, VISIT and VISITDY by visit code; a code that the protocol lacks has no number.

    The number is 100 × the place of the rule, plus the number in the code of a visit of a series.
    """
    rows = []
    for code in codes:
        visit = protocol.find_visit(code)
        rank = _STEP * (protocol.visits.index(visit) + 1) if visit else None
        number = (visit.number_of(code) or 0) if visit else 0
        rows.append(
            {
                "visit_code": code,
                "VISITNUM": None if rank is None else float(rank + number),
                "VISIT": protocol.visit_label(code, "en").upper(),
                "VISITDY": _planned_day(protocol, visit, number) if visit else None,
            }
        )
    return pl.DataFrame(rows, schema=_SCHEMA)


def place_visits(assessments: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Give VISITNUM, VISIT and VISITDY by person, visit code and ordinal.

    An unscheduled form stands after the last planned visit whose day (of the answers, else the target)
    is not later than its own: the number of that visit plus a hundredth of its ordinal.
    """
    codes = assessments["visit_code"].unique().sort()
    day = pl.coalesce("observed_on", "target_on", "opens_on").alias("day")
    known = describe_visits(protocol, codes)
    visits = assessments.select(*VISIT, day).join(known, on="visit_code", how="left", maintain_order="left")
    planned = visits.filter(pl.col("visit_code") != UNSCHEDULED)
    unscheduled = visits.filter(pl.col("visit_code") == UNSCHEDULED)
    if unscheduled.height:
        unscheduled = _place_unscheduled(unscheduled, planned)
    return pl.concat([planned, unscheduled]).drop("day")


def _place_unscheduled(unscheduled: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    before = planned.select(*PERSON, "day", pl.col("VISITNUM").alias("before")).drop_nulls()
    placed = unscheduled.sort("day").join_asof(
        before.sort("day", "before"), on="day", by=PERSON, check_sortedness=False
    )
    number = (pl.col("before").fill_null(0) + pl.col("ordinal") / _STEP).round(2)
    placed = placed.with_columns(number.alias("VISITNUM")).drop("before")
    return placed.with_columns(pl.format("UNSCHEDULED {}", "VISITNUM").alias("VISIT"))


def _planned_day(protocol: Protocol, visit: Visit, number: int) -> int | None:
    """Give the study day of a visit that counts in days or weeks from randomisation, else None."""
    offset = Offset(number, visit.repeats.every.unit) if visit.repeats else visit.at
    if protocol.anchors_by_code[visit.anchor].event != "randomised" or offset.unit not in _DAYS:
        return None
    days = offset.count * _DAYS[offset.unit]
    return days + 1 if days >= 0 else days
