"""Stored scores against both ways of scoring: what differs is named, and nothing else."""

import polars as pl
import pytest

from pro_app.instruments.find import load_instrument
from pro_app.scoring.agreement import ScoreDifference, list_score_differences
from pro_app.scoring.scores import score_response

GINET21 = load_instrument("qlq-ginet21")
SCORING = GINET21.scoring()
KEYS = ("participant_code", "visit")
STATES = {None: "declined", "N": "not_applicable"}


def build_answers(*people: tuple[str, dict[int, object]]) -> pl.DataFrame:
    """Build answers of which only those that are not 2 are given."""
    rows = [
        (person, "M00", item.number, STATES.get(value, "answered"), value if isinstance(value, int) else None)
        for person, others in people
        for item in GINET21.items
        for value in [others.get(item.number, 2)]
    ]
    columns = {"participant_code": pl.String, "visit": pl.String, "item": pl.Int64, "state": pl.String}
    return pl.DataFrame(rows, schema=columns | {"value": pl.Int64}, orient="row")


def build_scores(*people: tuple[str, dict[int, object]]) -> pl.DataFrame:
    """Build the scores as the app stores them."""
    rows = [
        (
            person,
            "M00",
            s.scale_code,
            s.as_float,
            s.raw and float(s.raw),
            s.answered,
            s.not_applicable,
            s.missing,
            s.needed,
            s.reason,
        )
        for person, others in people
        for s in score_response(SCORING, {i.number: others.get(i.number, 2) for i in GINET21.items})  # type: ignore[misc]
    ]
    names = ["participant_code", "visit", "scale", "value", "raw", "answered", "not_applicable", "missing"]
    return pl.DataFrame(rows, schema=[*names, "needed", "reason"], orient="row", infer_schema_length=None)


PEOPLE = (("P1", {}), ("P2", {31: None, 32: 4, 48: None, 39: "N", 51: "N"}), ("P3", {40: 1}))
ANSWERS, STORED = build_answers(*PEOPLE), build_scores(*PEOPLE)


def compare(answers: pl.DataFrame = ANSWERS, stored: pl.DataFrame = STORED) -> list[ScoreDifference]:
    return list_score_differences(GINET21, SCORING, answers=answers, stored=stored, keys=KEYS)


def is_score(person: str, scale: str) -> pl.Expr:
    return (pl.col("participant_code") == person) & (pl.col("scale") == scale)


def change(person: str, scale: str, **details: object) -> pl.DataFrame:
    here = is_score(person, scale)
    changed = [
        pl.when(here).then(pl.lit(new)).otherwise(pl.col(name)).alias(name) for name, new in details.items()
    ]
    return STORED.with_columns(changed)


def test_scores_as_they_are_stored_agree_with_both_ways_of_scoring() -> None:
    assert compare() == []
    assert compare(ANSWERS.sample(fraction=1, shuffle=True, seed=1), STORED.reverse()) == []


def test_the_last_bit_of_a_score_makes_a_difference() -> None:
    score = STORED.filter(is_score("P2", "ED"))["value"].item()

    (difference,) = compare(stored=change("P2", "ED", value=score + 1e-14))

    assert difference == ScoreDifference(("P2", "M00"), "ED", "value", score + 1e-14, score, score)


@pytest.mark.parametrize(
    ("detail", "stored", "right"),
    [
        ("value", None, 100 / 3),
        ("raw", 1.0, 2.0),
        ("answered", 2, 3),
        ("not_applicable", 1, 0),
        ("missing", 1, 0),
        ("needed", 1, 2),
        ("reason", "too_few_answers", None),
    ],
)
def test_every_detail_is_compared(detail: str, stored: object, right: object) -> None:
    (difference,) = compare(stored=change("P1", "SF21", **{detail: stored}))

    assert difference == ScoreDifference(("P1", "M00"), "SF21", detail, stored, right, right)


def test_a_score_that_should_be_empty_is_found() -> None:
    (difference,) = compare(stored=change("P2", "MBP", value=0.0))

    assert (difference.stored, difference.exact, difference.vectorised) == (0.0, None, None)


def test_an_answer_that_was_changed_behind_the_scores_is_found() -> None:
    here = (pl.col("participant_code") == "P3") & (pl.col("item") == 40)
    changed = ANSWERS.with_columns(pl.when(here).then(3).otherwise("value").alias("value"))

    assert {(d.key[0], d.scale, d.detail) for d in compare(answers=changed)} == {
        ("P3", "TR", "value"),
        ("P3", "TR", "raw"),
    }


def test_a_scale_that_is_not_stored_is_named() -> None:
    (difference,) = compare(stored=STORED.filter(~is_score("P1", "GI")))

    assert difference == ScoreDifference(("P1", "M00"), "GI", "stored", None, 100 / 3, 100 / 3)


def test_a_response_without_any_stored_score_lacks_every_scale() -> None:
    differences = compare(stored=STORED.filter(pl.col("participant_code") != "P3"))

    assert [(d.key[0], d.scale) for d in differences] == [("P3", code) for code in SCORING.scale_codes]


def test_scales_that_are_stored_twice_or_unknown_are_named() -> None:
    twice = STORED.filter(is_score("P1", "GI"))
    unknown = twice.with_columns(scale=pl.lit("WG"))

    differences = compare(stored=pl.concat([STORED, twice, unknown]))

    assert [(d.scale, d.detail, d.exact) for d in differences] == [
        ("GI", "stored", None),
        ("GI", "stored", None),
        ("WG", "stored", None),
    ]


def test_scores_without_any_answer_are_held_against_a_response_without_answers() -> None:
    differences = compare(answers=ANSWERS.filter(pl.col("participant_code") != "P1"))

    assert {d.key[0] for d in differences} == {"P1"}
    assert ("MBP", "value", 100 / 3, None) in [(d.scale, d.detail, d.stored, d.exact) for d in differences]


@pytest.mark.parametrize(("item", "value"), [(31, 5), (31, 0), (31, -1), (30, 1), (31, 300)])
def test_an_answer_that_is_not_offered_is_named_and_its_response_not_scored(item: int, value: int) -> None:
    here = (pl.col("participant_code") == "P1") & (pl.col("item") == 31)
    changed = ANSWERS.with_columns(
        item=pl.when(here).then(item).otherwise("item"), value=pl.when(here).then(value).otherwise("value")
    )

    assert compare(answers=changed) == [ScoreDifference(("P1", "M00"), f"q{item}", "item", value, None, None)]


def test_two_answers_to_one_item_are_named() -> None:
    twice = ANSWERS.filter((pl.col("participant_code") == "P2") & (pl.col("item") == 31))

    differences = compare(answers=pl.concat([ANSWERS, twice]))

    assert {(d.key[0], d.scale, d.detail) for d in differences} == {("P2", "q31", "item")}


def test_the_keys_may_be_called_as_they_like_and_other_columns_do_not_matter() -> None:
    names = {"participant_code": "response", "visit": "value_exact"}
    answers = ANSWERS.rename(names).with_columns(raw=pl.lit(7), key_0=pl.lit("x"))
    stored = change("P1", "GI", needed=1).rename(names).with_columns(item=pl.lit(7), is_stored=pl.lit(7))

    (difference,) = list_score_differences(
        GINET21, SCORING, answers=answers, stored=stored, keys=list(names.values())
    )

    assert (difference.key, difference.scale, difference.detail) == (("P1", "M00"), "GI", "needed")


def test_nothing_to_compare_is_no_difference() -> None:
    assert compare(ANSWERS.clear(), STORED.clear()) == []
