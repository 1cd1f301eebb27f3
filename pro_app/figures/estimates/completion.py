"""How many forms came back, visit by visit, and why the others did not."""

from collections.abc import Iterator

import polars as pl

from pro_app.compliance.rates import AssessmentOutcome, VisitCompletion, list_visit_completions
from pro_app.exports.frames import Tables
from pro_app.exports.tidy.analysed import is_in_denominator
from pro_app.figures.estimates.grouping import with_arm
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.state import STILL_OPEN

_COUNTS = ("randomised", "expected", "received", "valid", "in_window", "late", "incomplete", "missed")
_NO_REASON = "NOT_GIVEN"
"""What stands in place of a reason that nobody has given."""


def estimate_completion(tables: Tables, protocol: Protocol, *, by_arm: bool = False) -> pl.DataFrame:
    """Give both rates and their parts for each planned visit of which a window has closed.

    Columns: arm, visit_code, the counts of forms, completion_rate and available_data_rate (0-1, empty
    where nobody stands in the denominator). The count `randomised` is the fixed denominator: everyone
    enrolled, where the protocol randomises nobody.
    """
    people = with_arm(tables["participants"].drop("arm"), tables, by_arm=by_arm)
    forms = with_arm(tables["assessments"], tables, by_arm=by_arm).sort("opens_on", maintain_order=True)
    rows: list[dict[str, object]] = []
    for (arm,), group in people.sort("arm").group_by("arm", maintain_order=True):
        numbers = {code: place for place, code in enumerate(group["participant_code"])}
        randomised = group.filter(is_in_denominator(protocol))["participant_code"]
        completions = list_visit_completions(
            _list_outcomes(forms.filter(pl.col("arm") == arm), numbers),
            visit_codes=(),
            randomised_ids=frozenset(numbers[code] for code in randomised),
        )
        rows += [_row(str(arm), completion) for completion in completions]
    return pl.DataFrame(rows, schema=_schema())


def count_missing_reasons(tables: Tables, *, by_arm: bool = False) -> pl.DataFrame:
    """Count why expected forms are missing or came late; columns: arm, visit_code, reason, n (forms)."""
    forms = with_arm(tables["assessments"], tables, by_arm=by_arm)
    wanting = forms.filter(
        pl.col("window_closed")
        & pl.col("expected")
        & ~pl.col("in_window")
        & (pl.col("visit_code") != "UNSCHEDULED")
    )
    reason = pl.coalesce("missing_reason", "plan_reason").fill_null(_NO_REASON)
    first_day = pl.col("opens_on").min().over("arm", "visit_code")
    return (
        wanting.with_columns(reason=reason, first_on=first_day)
        .group_by("arm", "first_on", "visit_code", "reason")
        .agg(n=pl.len().cast(pl.Int64))
        .sort("arm", "first_on", "visit_code", "n", "reason", descending=[False, False, False, True, False])
        .drop("first_on")
    )


def _schema() -> pl.Schema:
    counts = {name: pl.Int64() for name in _COUNTS}
    rates = {"completion_rate": pl.Float64(), "available_data_rate": pl.Float64()}
    return pl.Schema({"arm": pl.String(), "visit_code": pl.String(), **counts, **rates})


def _list_outcomes(forms: pl.DataFrame, numbers: dict[str, int]) -> Iterator[AssessmentOutcome]:
    names = (
        "visit_code",
        "expected",
        "window_closed",
        "received",
        "valid",
        "in_window",
        "late",
        "incomplete",
    )
    still_open = pl.col("state").is_in([state.value for state in STILL_OPEN]).alias("still_open")
    for row in forms.select("participant_code", *names, still_open).iter_rows(named=True):
        code = row.pop("participant_code")
        yield AssessmentOutcome(participant_id=numbers[code], **row)


def _row(arm: str, completion: VisitCompletion) -> dict[str, object]:
    return {
        "arm": arm,
        "visit_code": completion.visit_code,
        **{name: getattr(completion, name) for name in _COUNTS},
        "completion_rate": completion.completion_rate,
        "available_data_rate": completion.available_data_rate,
    }
