"""Do the stored, the exact and the vectorised scores agree? Every difference is named.

The two ways of scoring are written apart; data are released only where they and what was stored agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.scoring.scale_score import NOT_APPLICABLE
from pro_app.scoring.scores import ResponseScorer, plan_scoring
from pro_app.scoring.vectorised.answer_codes import place_codes
from pro_app.scoring.vectorised.frames import list_score_rows
from pro_app.scoring.vectorised.score_arrays import MISSING_CODE, NOT_APPLICABLE_CODE, Codes
from pro_app.scoring.vectorised.scorers import plan_vectorised_scoring

_DETAILS = pl.Schema(
    {
        "value": pl.Float64(),
        "raw": pl.Float64(),
        "answered": pl.Int64(),
        "not_applicable": pl.Int64(),
        "missing": pl.Int64(),
        "needed": pl.Int64(),
        "reason": pl.String(),
    }
)
"""What is compared of each score, as it is typed in frames of scores."""


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """One thing that is not the same; `key` has the values of the key columns of the response.

    `detail` names the column of the score (`value`, `raw`, …), or is
    * "stored": the score of a scale is not stored, is stored twice, or the definition has no such scale;
    * "item": an answer is none that its item offers, so that the response cannot be scored again; `scale`
      is then the item, as q<number>, and `stored` the answer.
    """

    key: tuple[Any, ...]
    scale: str
    detail: str
    stored: object
    exact: object
    vectorised: object


def list_score_differences(
    instrument: Instrument,
    scoring: ScoringDefinition,
    *,
    answers: pl.DataFrame,
    stored: pl.DataFrame,
    keys: Sequence[str] = ("response_key",),
) -> list[ScoreDifference]:
    """Score every response again in both ways and list what differs between them and from `stored`.

    `answers` has a row for each response and item: the columns `keys`, which name the response, `item`
    (printed number), `state` and `value`; an item without a row counts as missing. `stored` has a row for
    each response and scale: `keys`, `scale`, `value`, `raw`, `answered`, `not_applicable`, `missing`,
    `needed` and `reason`. Every response of either frame is compared: leave out those that should have no
    scores. Floats have to be the same to the last bit. The differences come response by response, in the
    order of the frames. Raises NotFound for an unknown manual.
    """
    # Whatever the keys are called, they must not be taken for columns of our own.
    named = [pl.col(key).alias(f"key_{number}") for number, key in enumerate(keys)]
    given = answers.select(*named, "item", "state", "value")
    kept = stored.select(*named, "scale", *_DETAILS)
    own = [f"key_{number}" for number in range(len(keys))]
    responses = pl.concat([given.select(own), kept.select(own)]).unique(maintain_order=True)
    numbered = responses.with_row_index("response")
    given, kept = (frame.join(numbered, on=own, nulls_equal=True) for frame in (given, kept))
    codes, unusable = place_codes(instrument, given, responses=responses.height)
    scores = _score_twice(instrument, scoring, codes)
    found = [
        *((a.response, f"q{a.item}", "item", a.value, None, None) for a in unusable),
        *_compare_scales(scoring, kept),
        *_compare_details(scores, kept, skipped=[answer.response for answer in unusable]),
    ]
    names = responses.rows()
    return [ScoreDifference(names[what[0]], *what[1:]) for what in sorted(found, key=lambda what: what[0])]


_Found = tuple[int, str, str, object, object, object]
"""The number of a response, then what a ScoreDifference has after its key."""


def _score_twice(instrument: Instrument, scoring: ScoringDefinition, codes: Codes) -> pl.DataFrame:
    """Score a matrix of codes in both ways: a row for each response and scale, with each detail twice."""
    exact = _score_exactly(instrument, scoring, codes)
    vectorised = list_score_rows(scoring, plan_vectorised_scoring(instrument, scoring).score(codes))
    return pl.concat(
        [
            exact.select("response", "scale", pl.col(_DETAILS.names()).name.suffix("_exact")),
            vectorised.select(pl.col(_DETAILS.names()).name.suffix("_vectorised")),
        ],
        how="horizontal",
    )


def _score_exactly(instrument: Instrument, scoring: ScoringDefinition, codes: Codes) -> pl.DataFrame:
    """Score every response on its own, by fractions."""
    scorer = _plan_once(scoring)
    meaning: dict[int, Any] = {NOT_APPLICABLE_CODE: NOT_APPLICABLE, MISSING_CODE: None}
    numbers = [item.number for item in instrument.items]
    rows = [
        (
            response,
            score.scale_code,
            score.as_float,
            None if score.raw is None else score.raw.numerator / score.raw.denominator,
            score.answered,
            score.not_applicable,
            score.missing,
            score.needed,
            score.reason,
        )
        for response, answered in enumerate(codes.T.tolist())
        for score in scorer({n: meaning.get(code, code) for n, code in zip(numbers, answered, strict=True)})
    ]
    schema = {"response": pl.UInt32(), "scale": pl.String(), **_DETAILS}
    return pl.DataFrame(rows, schema=schema, orient="row")


@lru_cache(maxsize=32)
def _plan_once(scoring: ScoringDefinition) -> ResponseScorer:
    """Plan the exact scoring once: data come in many small batches, which show the same patterns again."""
    return plan_scoring(scoring)


def _compare_scales(scoring: ScoringDefinition, stored: pl.DataFrame) -> Iterator[_Found]:
    """Name stored scores of scales that the definition has not, and of scales stored twice."""
    unknown = ~pl.col("scale").is_in(list(scoring.scale_codes))
    twice = pl.struct("response", "scale").is_duplicated()
    for response, scale, value in stored.filter(unknown | twice).select("response", "scale", "value").rows():
        yield response, scale, "stored", value, None, None


def _compare_details(
    scores: pl.DataFrame, stored: pl.DataFrame, *, skipped: Sequence[int]
) -> Iterator[_Found]:
    """Compare every score with what is stored, and its two computations with each other."""
    kept = stored.unique(["response", "scale"], keep="first").select(
        "response", "scale", pl.col(_DETAILS.names()).name.suffix("_stored"), is_stored=True
    )
    compared = scores.filter(~pl.col("response").is_in(list(skipped))).join(
        kept, on=["response", "scale"], how="left", maintain_order="left"
    )
    missing = pl.col("is_stored").is_null()
    for row in compared.filter(missing).iter_rows(named=True):
        yield row["response"], row["scale"], "stored", None, row["value_exact"], row["value_vectorised"]
    for detail, kind in _DETAILS.items():
        three = [pl.col(f"{detail}_{whose}").cast(kind) for whose in ("stored", "exact", "vectorised")]
        wrong = (~missing & three[0].ne_missing(three[1])) | three[1].ne_missing(three[2])
        for response, scale, *values in compared.filter(wrong).select("response", "scale", *three).rows():
            yield response, scale, detail, *values
