"""Verifying scores: all that are stored are computed again, in both ways, and every difference is named."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl
from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.instruments.instrument import Instrument
from pro_app.scoring.agreement import ScoreDifference, list_score_differences
from pro_app.storage.catalogue import load_instrument, load_protocol
from pro_app.storage.queries.stored_scores import (
    Rows,
    list_answer_values,
    list_participant_ids,
    list_response_versions,
    list_stored_scores,
)

PEOPLE_PER_BATCH = 50
KEYS = ("participant_code", "visit_code", "ordinal", "instrument", "response_version", "scoring_name")
"""What names the scores of one version of a response, in the `key` of each difference."""

_RESPONSES = {
    "response": pl.Int64,
    "participant_code": pl.String,
    "visit_code": pl.String,
    "ordinal": pl.Int64,
    "instrument": pl.String,
    "response_version": pl.Int64,
    "instrument_sha256": pl.String,
    "respondent": pl.String,
    "protocol_sha256": pl.String,
}
_ANSWERS = {"response": pl.Int64, "item": pl.Int64, "state": pl.String, "value": pl.Int64}
_SCORES = {
    "response": pl.Int64,
    "scoring_name": pl.String,
    "scored_with": pl.String,
    "scale": pl.String,
    "value": pl.Float64,
    "raw": pl.Float64,
    "answered": pl.Int64,
    "not_applicable": pl.Int64,
    "missing": pl.Int64,
    "needed": pl.Int64,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class VerifiedScores:
    """What was found in the scores of some participants; the keys of `differences` are KEYS.

    Their `detail` may also be "scoring_name" (the instrument has no such definition), "instrument_sha256"
    (scored with another definition than the answers were given under) or "definition" (what is stored under
    that SHA-256 is not what it was made from, or is gone).
    """

    participants: int
    scores: int
    differences: list[ScoreDifference]


def count_participants_to_verify(session: Session, study_ids: Collection[int]) -> int:
    """Count the participants of some studies."""
    return sum(len(list_participant_ids(session, study_id)) for study_id in study_ids)


def verify_scores(
    session: Session, study_id: int, *, people_per_batch: int = PEOPLE_PER_BATCH
) -> Iterator[VerifiedScores]:
    """Compute every score of a study that stands again, by participant code, batch by batch.

    All versions of all responses are looked at; one that was sent, should be scored and has no scores is a
    difference, too. Nothing is changed.
    """
    people = list_participant_ids(session, study_id)
    for start in range(0, len(people), people_per_batch):
        ids = people[start : start + people_per_batch]
        scores = _make_frame(list_stored_scores(session, ids), _SCORES)
        answers = _make_frame(list_answer_values(session, ids), _ANSWERS)
        responses = _make_frame(list_response_versions(session, ids), _RESPONSES)
        named = _name_scorings(session, responses, scores)
        differences = [
            difference
            for (sha256,), own in named.group_by("instrument_sha256", maintain_order=True)
            for difference in _verify_instrument(
                session, str(sha256), named=own, answers=answers, scores=scores
            )
        ]
        yield VerifiedScores(len(ids), scores.height, differences)


def _make_frame(rows: Rows, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def _name_scorings(session: Session, responses: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Give each response once for each way in which it was scored.

    One without scores is there as the protocol would have it scored, and not at all if it would not.
    """
    scorings = scores.select("response", "scoring_name").unique(maintain_order=True)
    scored = responses.join(scorings, on="response", maintain_order="left")
    bare = responses.join(scorings, on="response", how="anti", maintain_order="left")
    due = [_find_scoring(session, row) for row in bare.iter_rows(named=True)]
    added = bare.with_columns(pl.Series("scoring_name", due, dtype=pl.String)).drop_nulls("scoring_name")
    return pl.concat([scored, added])


def _find_scoring(session: Session, response: dict[str, str]) -> str | None:
    """Find the definition that a response should have been scored by; None where nothing is to be scored."""
    protocol = load_protocol(session, response["protocol_sha256"])
    if not any(known.scored for known in protocol.respondents if known.code == response["respondent"]):
        return None
    asked = {reference.code: reference.scoring for reference in protocol.instruments}
    return asked.get(response["instrument"])


def _verify_instrument(
    session: Session, sha256: str, *, named: pl.DataFrame, answers: pl.DataFrame, scores: pl.DataFrame
) -> Iterator[ScoreDifference]:
    """Verify the scores of responses to one instrument, `named` with the scorings to be verified."""
    stored = named.select("response", *KEYS).join(scores, on=["response", "scoring_name"])
    yield from _name_wrong_hashes(stored, sha256)
    instrument = _find_instrument(session, sha256)
    if instrument is None or instrument.sha256 != sha256:
        found = instrument.sha256 if instrument else None
        yield from _name_each(named, "definition", stored=found, right=sha256)
        return
    given = named.select("response", *KEYS).join(answers, on="response", how="left", maintain_order="left")
    # A response without any answer is one in which every item is missing, the first one as well.
    given = given.with_columns(pl.col("item").fill_null(instrument.items[0].number))
    for (name,), own in named.group_by("scoring_name", maintain_order=True):
        is_own = pl.col("scoring_name") == name
        if name not in instrument.scoring_definitions:
            yield from _name_each(own, "scoring_name", stored=name, right=None)
            continue
        yield from list_score_differences(
            instrument,
            instrument.scoring(str(name)),
            answers=given.filter(is_own),
            stored=stored.filter(is_own),
            keys=KEYS,
        )


def _find_instrument(session: Session, sha256: str) -> Instrument | None:
    """Find the definition that is stored under a SHA-256, whatever it is."""
    try:
        return load_instrument(session, sha256)
    except NotFound:
        return None


def _name_wrong_hashes(stored: pl.DataFrame, sha256: str) -> Iterator[ScoreDifference]:
    """Name the scores that were computed with another definition than their answers were given under."""
    wrong = stored.filter(pl.col("scored_with") != sha256)
    for *key, scale, scored_with in wrong.select(*KEYS, "scale", "scored_with").rows():
        yield ScoreDifference(tuple(key), scale, "instrument_sha256", scored_with, sha256, sha256)


def _name_each(
    responses: pl.DataFrame, detail: str, *, stored: object, right: object
) -> Iterator[ScoreDifference]:
    """Name the same difference for each of some responses, which cannot be scored again."""
    for key in responses.select(KEYS).rows():
        yield ScoreDifference(key, "", detail, stored, right, right)
