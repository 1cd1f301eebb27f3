"""The forms behind items and scores: one row for each version of the answers to each instrument asked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from pro_app.exports.release import Release
from pro_app.exports.tidy.records import FormRecord, PersonRecord, VisitRecord

KEYS: Final = ("study", "site", "participant_code", "visit_code", "ordinal")
RESPONSE_KEYS: Final = (
    *KEYS,
    "instrument",
    "instrument_version",
    "response_version",
    "is_current",
    "incomplete",
)
"""The columns that every row of items and scores begins with."""

_GIVEN = ("answered", "declined", "not_applicable")
"""States that somebody tapped; the two others are concluded when a form is sent."""

_SCHEMA: Mapping[str, pl.DataType] = {
    "form": pl.Int64(),
    "assessment_id": pl.Int64(),
    "study": pl.String(),
    "site": pl.String(),
    "participant_code": pl.String(),
    "visit_code": pl.String(),
    "ordinal": pl.Int64(),
    "instrument": pl.String(),
    "instrument_version": pl.String(),
    "response_version": pl.Int64(),
    "is_current": pl.Boolean(),
    "incomplete": pl.Boolean(),
    "is_first": pl.Boolean(),
    "response_id": pl.Int64(),
    "instrument_sha256": pl.String(),
    "wording_sha256": pl.String(),
    "scoring": pl.String(),
    "absent_state": pl.String(),
    "submitted_at": pl.Datetime("ms", "UTC"),
    "closes_at": pl.Datetime("ms", "UTC"),
}


def make_forms(people: Sequence[PersonRecord], release: Release) -> pl.DataFrame:
    """Make the frame of the forms whose answers can no longer change, in the order of the tables.

    `absent_state` is the state of an item of which nothing is stored. Raises KeyError for an instrument
    that the release does not hold.
    """
    instruments = {w.instrument.sha256: w.instrument for w in release.instruments}
    rows: list[dict[str, object]] = []
    for person in people:
        for visit in person.visits:
            for form in visit.forms if visit.is_final else ():
                instrument = instruments[form.instrument_sha256]
                rows.append(
                    {
                        "form": len(rows),
                        **person.keys,
                        "instrument": instrument.code,
                        "instrument_version": instrument.version,
                        **_describe_form(visit, form),
                    }
                )
    return pl.DataFrame(rows, schema=_SCHEMA, strict=True)


def _describe_form(visit: VisitRecord, form: FormRecord) -> dict[str, object]:
    return {
        "assessment_id": visit.assessment_id,
        "visit_code": visit.visit_code,
        "ordinal": visit.ordinal,
        "response_version": form.version,
        "is_current": form.is_current,
        "incomplete": visit.is_incomplete,
        "is_first": form.is_first,
        "response_id": form.response_id,
        "instrument_sha256": form.instrument_sha256,
        "wording_sha256": form.wording_sha256,
        "scoring": form.scoring,
        "absent_state": _absent_state(visit),
        "submitted_at": visit.submitted_at,
        "closes_at": visit.closes_at,
    }


def _absent_state(visit: VisitRecord) -> str:
    """Say what an item is of which nothing is stored: never shown, of a form never opened, or not due."""
    if visit.is_opened or visit.submitted_at is not None:
        return "not_reached"
    return "form_missing" if visit.expected else "not_expected"


def find_observed_days(
    people: Sequence[PersonRecord], forms: pl.DataFrame, answers: pl.DataFrame
) -> dict[int, date]:
    """Find the civil day of the last answer to each final assessment, in the zone of its visit.

    It is that of the first version: a correction says later what was meant on that day. A form on paper has
    the day of its sheet, one that was sent without a single answer the day on which it was finished.
    """
    last = (
        answers.filter(pl.col("state").is_in(_GIVEN))
        .join(forms.filter("is_first").select("response_id", "assessment_id"), on="response_id")
        .group_by("assessment_id")
        .agg(pl.col("answered_at").max())
    )
    answered_at = dict(last.iter_rows())
    days = {}
    for person in people:
        for visit in person.visits:
            at = answered_at.get(visit.assessment_id, visit.finished_at) if visit.is_final else None
            if visit.source_on is not None:
                days[visit.assessment_id] = visit.source_on
            elif at is not None:
                days[visit.assessment_id] = at.astimezone(ZoneInfo(visit.zone)).date()
    return days
