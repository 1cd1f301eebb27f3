"""The table `scores`: what was stored, what was never sent and is scored now, and what the scores mean."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import polars as pl

from pro_app.exports.release import Release
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tidy.forms import RESPONSE_KEYS
from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.scoring.interpretation import derive_interpretation, make_scale_frame
from pro_app.scoring.scores import NOT_APPLICABLE, ItemValue, ResponseScorer, plan_scoring


def derive_scores(
    forms: pl.DataFrame,
    stored: pl.DataFrame,
    answers: pl.DataFrame,
    *,
    people: pl.DataFrame,
    observed_on: Mapping[int, date],
    release: Release,
) -> pl.DataFrame:
    """Give one row for each scale of each form, in the order of forms and scales.

    What was sent has the scores stored when it was sent (none where a relative answered in the person's
    place); what was never sent is scored here, by the same definition and the half rule. Such a score has
    no `scored_at` and `app_version`: it was never stored, and nothing about it may depend on the moment of
    the release. `people` are rows of the table `participants`, `observed_on` the day by assessment.
    """
    unsent = forms.filter("incomplete", pl.col("response_id").is_not_null())
    sent = stored.join(unsent, on="response_id", how="anti")
    scored = pl.concat([sent, _score_unsent(unsent, answers, release=release, schema=stored.schema)])
    days = pl.DataFrame(
        {"assessment_id": list(observed_on), "observed_on": list(observed_on.values())},
        schema={"assessment_id": pl.Int64, "observed_on": pl.Date},
    )
    # The hash is that of the definition that the score was computed with, whatever the form names.
    keys = forms.select("form", "assessment_id", "response_id", *RESPONSE_KEYS, "submitted_at")
    ordered = (
        scored.join(keys, on="response_id")
        .join(_list_places(release), on=["instrument_sha256", "scoring_name", "scale"], how="left")
        .join(days, on="assessment_id", how="left")
        .sort("form", "scoring_name", "place", "scale", nulls_last=True)
    )
    scales = make_scale_frame(list_scorings(release), release.protocol.thresholds)
    rule = release.protocol.analysis.baseline
    return derive_interpretation(ordered, people, scales=scales, rule=rule).select(SCORES.column_names)


def list_scorings(release: Release) -> list[tuple[str, ScoringDefinition]]:
    """List the scoring definitions of a release by instrument code, those of the protocol first.

    The others come after: forms keep the scores of the definition that was in force when they were sent.
    """
    present = [(worded.instrument.code, worded.scoring) for worded in release.instruments]
    every = [
        (worded.instrument.code, scoring)
        for worded in release.instruments
        for scoring in worded.instrument.scoring_definitions.values()
    ]
    return present + every


def find_valid_assessments(forms: pl.DataFrame, stored: pl.DataFrame) -> set[int]:
    """Find the assessments with at least one scale scorable among the latest versions of the answers."""
    scorable = stored.filter(pl.col("value").is_not_null()).select("response_id")
    return set(forms.filter("is_current").join(scorable, on="response_id", how="semi")["assessment_id"])


def _list_places(release: Release) -> pl.DataFrame:
    """Give every scale of every definition its place in the published order."""
    rows = [
        (worded.instrument.sha256, name, scale, place)
        for worded in release.instruments
        for name, scoring in worded.instrument.scoring_definitions.items()
        for place, scale in enumerate(scoring.scale_codes)
    ]
    schema = {
        "instrument_sha256": pl.String,
        "scoring_name": pl.String,
        "scale": pl.String,
        "place": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _score_unsent(
    unsent: pl.DataFrame, answers: pl.DataFrame, *, release: Release, schema: pl.Schema
) -> pl.DataFrame:
    """Score forms that were never sent; gives a frame like that of stored scores."""
    given = answers.join(unsent.select("response_id"), on="response_id", how="semi")
    values: dict[int, dict[int, ItemValue]] = {}
    for response_id, item, state, value in given.select("response_id", "item", "state", "value").iter_rows():
        counted = NOT_APPLICABLE if state == "not_applicable" else value
        values.setdefault(response_id, {})[item] = counted
    scorers = _Scorers(release)
    rows = [
        row
        for response_id, sha256, scoring in unsent.select(
            "response_id", "instrument_sha256", "scoring"
        ).iter_rows()
        for row in scorers.list_rows(response_id, values.get(response_id, {}), sha256=sha256, scoring=scoring)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row", strict=True)


class _Scorers:
    """The scorers of a release, each planned once."""

    def __init__(self, release: Release) -> None:
        self._instruments: dict[str, Instrument] = {
            worded.instrument.sha256: worded.instrument for worded in release.instruments
        }
        self._scorers: dict[tuple[str, str], ResponseScorer] = {}

    def list_rows(
        self, response_id: int, values: Mapping[int, ItemValue], *, sha256: str, scoring: str
    ) -> Iterator[tuple[Any, ...]]:
        """Give the scores of one response; none where an answer is none that its item offers."""
        scorer = self._scorers.get((sha256, scoring))
        if scorer is None:
            scorer = plan_scoring(self._instruments[sha256].scoring(scoring))
            self._scorers[sha256, scoring] = scorer
        try:
            scores = scorer(values)
        except ValueError:
            # The comparison of the two ways of scoring names it, and nothing is released.
            return
        for score in scores:
            yield (
                response_id,
                scoring,
                score.scale_code,
                score.as_float,
                None if score.raw is None else float(score.raw),
                score.answered,
                score.not_applicable,
                score.missing,
                score.needed,
                score.reason,
                sha256,
                None,
                None,
            )
