"""From a batch of tidy tables to the forms that FHIR can hold."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from pro_app.exports.fhir.response import Form
from pro_app.exports.frames import Tables

VISIT = ("participant_code", "visit_code", "ordinal")

_STAFF_MODES = ("interview", "paper")
"""The modes in which the site enters what the person says or has written."""


class LeftOut(NamedTuple):
    """How many forms of a batch are not in the file, by why."""

    superseded: int
    never_opened: int
    unreadable: int


def find_forms(tables: Tables, answers: pl.DataFrame) -> tuple[pl.DataFrame, LeftOut]:
    """Give one row for each current form that was opened, its columns those of `Form`, and what is left out.

    `answers` is that of `make_answer_index`. A form is unreadable where one of its answers is not in there.
    """
    items = tables["items"]
    opened = pl.col("response_version").is_not_null()
    current = items.filter(opened & pl.col("is_current"))
    forms = _join_answers(current, answers)
    readable = forms.filter(pl.col("known"))
    left_out = LeftOut(
        superseded=_count(items.filter(opened & ~pl.col("is_current"))),
        never_opened=_count(items.filter(~opened)),
        unreadable=forms.height - readable.height,
    )
    about = tables["assessments"].select(*VISIT, "late", "mode", "respondent", "submitted_at")
    joined = readable.join(about, on=VISIT, how="left", maintain_order="left")
    corrected = pl.col("response_version") > 1
    columns = joined.with_columns(
        pl.col("late").fill_null(value=False),
        # A form that was never sent has no mode of its own.
        by_staff=pl.coalesce(pl.col("mode").is_in(_STAFF_MODES), "mostly_by_staff"),
        authored_at=pl.when(corrected)
        .then(pl.max_horizontal("submitted_at", "answered_at"))
        .otherwise(pl.coalesce("submitted_at", "answered_at")),
    )
    return columns.select(Form.__dataclass_fields__.keys()), left_out


def list_forms(frame: pl.DataFrame) -> Iterator[Form]:
    """Give the rows of `find_forms` one by one."""
    return (Form(*row) for row in frame.iter_rows())


def _join_answers(items: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Look up the JSON of each answer and join those of a form; `known` where all of them were found."""
    key = ("instrument", "instrument_version", "item", "state", "value")
    form = (*VISIT, "instrument", "instrument_version", "response_version")
    counts = answers.group_by("instrument", "instrument_version").agg(asked=pl.col("item").n_unique())
    return (
        items.join(answers, on=key, how="left", nulls_equal=True, maintain_order="left")
        .group_by(form, maintain_order=True)
        .agg(
            pl.col("site", "incomplete", "wording_sha256").first(),
            pl.col("answered_at").max(),
            mostly_by_staff=(pl.col("entered_by") == "staff").sum()
            > (pl.col("entered_by") == "participant").sum(),
            answers=pl.col("answer").str.join(","),
            found=pl.col("answer").count(),
        )
        .join(counts, on=("instrument", "instrument_version"), how="left", maintain_order="left")
        .with_columns(known=pl.col("found").eq_missing(pl.col("asked")))
    )


def _count(items: pl.DataFrame) -> int:
    return items.select(*VISIT, "instrument", "instrument_version", "response_version").n_unique()
