"""The table `deterioration`: every outcome of the definitions that the protocol declares."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from pro_app.exports.frames import schema_of
from pro_app.exports.release import Release
from pro_app.exports.tables.deterioration import DETERIORATION
from pro_app.exports.tidy.analysed import is_after
from pro_app.protocol.analysis import DeteriorationDefinition
from pro_app.scoring.deterioration.course import Course
from pro_app.scoring.deterioration.find import find_deterioration
from pro_app.scoring.interpretation import make_scale_frame

_PERSON = ("study", "site", "participant_code")
_SCALE = ("instrument", "scale")
_DATES = ("starts_on", "ends_on")


class _PersonScale(NamedTuple):
    """One person and scale: the scores after the baseline in the order of time.

    Days are counted from 1 January 1970, as in the frames.
    """

    study: str
    site: str
    participant_code: str
    arm: str | None
    randomised: int | None
    died: int | None
    first: int | None
    instrument: str
    scale: str
    worse_when_lower: bool
    minimal_difference: float
    baseline: float | None
    days: list[int] | None
    scores: list[float] | None
    visits: list[str] | None

    def find_start(self, definition: DeteriorationDefinition) -> int | None:
        """Find time zero; None before randomisation, or where there is no record."""
        return self.first if definition.rule.time_zero == "first_record" else self.randomised


def derive_deterioration(scores: pl.DataFrame, people: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Give the rows of the table for a batch of whole participants, in their order.

    `scores` are rows of the table of that name with `is_baseline` (see `scoring.interpretation`), `people`
    of the table `participants`. The present version of submitted forms counts: the baseline, and what was
    answered after its day or, without one, after the day of randomisation; nothing after the day of death.
    Of scores by several definitions those count that are by the definition of the baseline or, without
    one, of the first score. Who has no time zero under a definition has no row; all others have one for
    each scale that the definition covers.
    """
    definitions = release.protocol.analysis.deterioration
    rows = [
        row
        for course in _list_courses(scores, people, release)
        for definition in definitions
        if definition.covers(course.scale)
        for row in _list_outcomes(course, definition)
    ]
    schema = schema_of(DETERIORATION)
    days = schema | dict.fromkeys(_DATES, pl.Int32())
    frame = pl.DataFrame(rows, schema=days, orient="row")
    return frame.with_columns(pl.col(_DATES).cast(pl.Date))


def _list_courses(scores: pl.DataFrame, people: pl.DataFrame, release: Release) -> Iterator[_PersonScale]:
    """Give the course of every person on every scale, also where there is no score."""
    scorings = [(worded.instrument.code, worded.scoring) for worded in release.instruments]
    scales = make_scale_frame(scorings, release.protocol.thresholds)
    days = [pl.col(name).to_physical() for name in ("randomised_on", "died_on")]
    counted = (
        scores.filter(pl.col("is_current"), ~pl.col("incomplete"), pl.col("observed_on").is_not_null())
        .join(people.select(*_PERSON, "randomised_on", "died_on"), on=_PERSON, how="left")
        .filter(~is_after("died_on"))
        .sort(*_PERSON, *_SCALE, "observed_on", "submitted_at", "ordinal", "visit_code")
    )
    first = counted.group_by(_PERSON).agg(first=pl.col("observed_on").min().to_physical())
    rows = (
        people.select(*_PERSON, "arm", *days)
        .join(first, on=_PERSON, how="left", maintain_order="left")
        .join(scales, how="cross", maintain_order="left_right")
        .join(_gather(counted), on=(*_PERSON, *_SCALE), how="left", maintain_order="left")
        .drop("importance_side", "importance_threshold")
    )
    return map(_PersonScale._make, rows.iter_rows())


def _gather(counted: pl.DataFrame) -> pl.DataFrame:
    """Bring the scores of each person and scale together: the baseline, and lists of the later ones."""
    day = pl.col("observed_on")
    baseline_on = day.filter("is_baseline").first()
    is_later = (day > pl.coalesce(baseline_on, pl.col("randomised_on").first())).fill_null(value=True)
    has_value = pl.col("value").is_not_null()
    scoring = pl.col("scoring_name")
    own = pl.coalesce(scoring.filter("is_baseline").first(), scoring.filter(has_value).first())
    is_follow_up = is_later & ~pl.col("is_baseline") & has_value & scoring.eq_missing(own)
    return counted.group_by(*_PERSON, *_SCALE, maintain_order=True).agg(
        baseline=pl.col("value").filter("is_baseline").first(),
        days=day.to_physical().filter(is_follow_up),
        scores=pl.col("value").filter(is_follow_up),
        visits=pl.col("visit_code").filter(is_follow_up),
    )


def _list_outcomes(course: _PersonScale, definition: DeteriorationDefinition) -> Iterator[tuple[object, ...]]:
    """Give the one row of a person, scale and definition, or none where there is no time zero."""
    start = course.find_start(definition)
    if start is None:
        return
    found = find_deterioration(
        Course(start, course.baseline, course.days or (), course.scores or (), course.died),
        definition.rule,
        minimal_difference=course.minimal_difference,
        worse_when_lower=course.worse_when_lower,
    )
    yield (
        *course[:4],
        course.instrument,
        course.scale,
        definition.code,
        course.minimal_difference,
        found.event,
        found.days,
        found.months,
        found.code,
        start,
        None if found.days is None else start + found.days,
        found.reference,
        found.value,
        None if found.position is None or not course.visits else course.visits[found.position],
    )
