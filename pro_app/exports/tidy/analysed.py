"""Who and which forms take part in analyses, of all that are in the tables: one rule for all that analyse."""

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.protocol.protocol import ENROLLED, RANDOMISED, Protocol

AFTER_DEATH, AFTER_RANDOMISATION = "after_death", "after_randomisation"
"""Columns: answered after the day of death; a baseline form given after randomisation."""

_DATES = {RANDOMISED: "randomised_on", ENROLLED: "consented_on"}
"""The column of `participants` that says when an event of that kind was."""

_PERSON = ("site", "participant_code")
_FORM = (*_PERSON, "visit_code", "ordinal")


def is_in_denominator(protocol: Protocol) -> pl.Expr:
    """Say whether a row of `participants` stands in the fixed denominator: randomised, or else enrolled."""
    return pl.col(_DATES[protocol.denominator_event]).is_not_null()


def is_after(day: str) -> pl.Expr:
    """Say whether a form was answered after the civil day in column `day`; an unknown day is not before."""
    return (pl.col("observed_on") > pl.col(day)).fill_null(value=False)


def mark_forms(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Add the flags AFTER_DEATH and AFTER_RANDOMISATION to rows of the table `scores`, in their order."""
    died = tables["participants"].select(*_PERSON, "died_on")
    forms = (
        tables["assessments"]
        .select(*_FORM, AFTER_RANDOMISATION, "observed_on")
        .join(died, on=_PERSON, how="left")
        .select(*_FORM, AFTER_RANDOMISATION, is_after("died_on").alias(AFTER_DEATH))
    )
    marked = rows.join(forms, on=_FORM, how="left", maintain_order="left")
    return marked.with_columns(pl.col(AFTER_DEATH, AFTER_RANDOMISATION).fill_null(value=False))
