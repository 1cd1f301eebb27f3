"""Do both ways of scoring and the scores of a dataset agree? A release is made only where they do."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.exports.release import Release, WordedInstrument
from pro_app.exports.tidy.forms import KEYS
from pro_app.scoring.agreement import ScoreDifference, list_score_differences

RESPONSE: tuple[str, ...] = (*KEYS, "instrument", "instrument_version", "response_version")
"""What names one version of the answers to one instrument."""


def check_agreement(tables: Tables, release: Release) -> list[ScoreDifference]:
    """Score every form of a batch again in both ways; gives every difference, named by RESPONSE.

    Forms that were never sent are compared like those that were; those that a respondent gave whose
    answers the protocol does not score must have no scores.
    """
    return [
        difference
        for worded in release.instruments
        for difference in _check_instrument(tables, release, worded)
    ]


def _check_instrument(
    tables: Tables, release: Release, worded: WordedInstrument
) -> Iterator[ScoreDifference]:
    instrument = worded.instrument
    is_own = (pl.col("instrument") == instrument.code, pl.col("instrument_version") == instrument.version)
    scores = tables["scores"].filter(*is_own)
    items = tables["items"].filter(*is_own, pl.col("response_version").is_not_null())
    items = items.join(_list_unscored(tables, release), on=KEYS, how="anti")
    yield from _list_wrong_hashes(scores, instrument.sha256)
    scorings = scores.select(*RESPONSE, "scoring_name").unique(maintain_order=True)
    named = items.join(scorings, on=RESPONSE, how="left", maintain_order="left").with_columns(
        pl.col("scoring_name").fill_null(worded.scoring.name)
    )
    for name in sorted({*named["scoring_name"], *scorings["scoring_name"]}):
        own = pl.col("scoring_name") == name
        if name not in instrument.scoring_definitions:
            yield from _list_unknown_scorings(scorings.filter(own))
            continue
        yield from list_score_differences(
            instrument,
            instrument.scoring(name),
            answers=named.filter(own),
            stored=scores.filter(own),
            keys=RESPONSE,
        )


def _list_wrong_hashes(scores: pl.DataFrame, sha256: str) -> Iterator[ScoreDifference]:
    """Name scores that were computed with a definition other than the one of that name and version."""
    wrong = scores.filter(pl.col("instrument_sha256") != sha256)
    for *key, scale, stored in wrong.select(*RESPONSE, "scale", "instrument_sha256").iter_rows():
        yield ScoreDifference(tuple(key), scale, "instrument_sha256", stored, sha256, sha256)


def _list_unknown_scorings(scorings: pl.DataFrame) -> Iterator[ScoreDifference]:
    """Name forms that were scored by a definition that the instrument has not."""
    for *key, name in scorings.iter_rows():
        yield ScoreDifference(tuple(key), "", "scoring_name", name, None, None)


def _list_unscored(tables: Tables, release: Release) -> pl.DataFrame:
    """List the forms that were sent by somebody whose answers are not scored."""
    unscored = [respondent.code for respondent in release.protocol.respondents if not respondent.scored]
    return tables["assessments"].filter("received", pl.col("respondent").is_in(unscored)).select(KEYS)
