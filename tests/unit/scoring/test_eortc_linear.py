"""The rules of the manual, with worked examples and for any answers at all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_app.errors import NotFound
from pro_app.instruments.instrument import Scale, ScaleKind, ScoringDefinition, SummaryScale
from pro_app.scoring.scores import NOT_APPLICABLE, ItemValue, ScaleScore, is_valid, score_response


def build_scale(
    kind: ScaleKind = "symptom", *, items: int = 3, item_range: int = 3, code: str = "X"
) -> Scale:
    return Scale(code, tuple(range(1, items + 1)), kind, item_range, None)


def score_one(scale: Scale, values: dict[int, ItemValue]) -> ScaleScore:
    (score,) = score_response(ScoringDefinition("manual", "eortc_linear", (scale,), None), values)
    return score


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("functional", Fraction(700, 9)), ("symptom", Fraction(200, 9)), ("global", Fraction(200, 9))],
)
def test_only_functional_scales_are_inverted(kind: ScaleKind, expected: Fraction) -> None:
    score = score_one(build_scale(kind), {1: 1, 2: 2, 3: 2})

    assert score.raw == Fraction(5, 3)
    assert score.value == expected


def test_a_seven_point_scale_has_a_range_of_six() -> None:
    score = score_one(build_scale("global", items=2, item_range=6), {1: 5, 2: 6})

    assert score.value == 75
    assert score.as_float == 75.0


@pytest.mark.parametrize(
    ("items", "answered", "scored"),
    [
        (1, 0, False),
        (1, 1, True),
        (2, 0, False),
        (2, 1, True),
        (3, 1, False),
        (3, 2, True),
        (4, 1, False),
        (4, 2, True),
        (5, 2, False),
        (5, 3, True),
    ],
)
def test_half_of_the_items_is_enough_and_less_is_not(items: int, answered: int, *, scored: bool) -> None:
    score = score_one(build_scale(items=items), dict.fromkeys(range(1, answered + 1), 4))

    assert score.value == (100 if scored else None)
    assert (score.raw is None) is (not scored)
    assert score.reason == (None if scored else "too_few_answers")
    assert (score.answered, score.missing) == (answered, items - answered)


def test_missing_items_are_left_out_of_the_mean() -> None:
    assert score_one(build_scale(), {1: 2, 2: 3, 3: None}).raw == Fraction(5, 2)


def test_one_wrong_code_is_refused_instead_of_scored() -> None:
    for wrong in (0, 5, -1):
        with pytest.raises(ValueError, match="outside the range of scale X"):
            score_one(build_scale(), {1: 1, 2: wrong})


def test_an_unknown_manual_is_refused() -> None:
    with pytest.raises(NotFound):
        score_response(ScoringDefinition("manual", "no_such_manual", (), None), {})


SUMMED = ScoringDefinition(
    "manual",
    "eortc_linear",
    (
        Scale("F", (1,), "functional", 3, None),
        Scale("S", (2,), "symptom", 3, None),
        Scale("O", (3,), "symptom", 3, None),
    ),
    SummaryScale("SUMMARY", ("F", "S"), ("S",)),
)


def test_the_summary_is_the_mean_with_symptoms_turned_round() -> None:
    scores = score_response(SUMMED, {1: 1, 2: 2})

    assert [score.scale_code for score in scores] == ["F", "S", "O", "SUMMARY"]
    assert scores[-1].value == Fraction(100 + Fraction(200, 3), 2)
    assert (scores[-1].answered, scores[-1].needed, scores[-1].raw) == (2, 2, None)


def test_the_summary_needs_every_one_of_its_scales() -> None:
    summary = score_response(SUMMED, {1: 1, 3: 1})[-1]

    assert summary.value is None
    assert (summary.reason, summary.answered, summary.missing) == ("scale_missing", 1, 1)


def test_a_response_is_valid_as_soon_as_one_scale_has_a_score() -> None:
    assert is_valid(score_response(SUMMED, {3: 1}))
    assert not is_valid(score_response(SUMMED, {}))
    assert not is_valid(score_response(SUMMED, {1: "N", 2: None}))


KINDS: tuple[ScaleKind, ...] = ("functional", "symptom", "global")
kinds: st.SearchStrategy[ScaleKind] = st.sampled_from(KINDS)
code_values: st.SearchStrategy[ItemValue] = st.one_of(st.none(), st.just(NOT_APPLICABLE), st.integers(1, 4))


@st.composite
def scales_with_values(draw: st.DrawFn) -> tuple[Scale, dict[int, ItemValue]]:
    scale = build_scale(draw(kinds), items=draw(st.integers(1, 8)))
    return scale, {number: draw(code_values) for number in scale.items}


@given(scales_with_values())
def test_every_score_lies_from_0_to_100_and_every_item_is_counted_once(
    case: tuple[Scale, dict[int, ItemValue]],
) -> None:
    scale, values = case

    score = score_one(scale, values)

    assert score.answered + score.not_applicable + score.missing == len(scale.items)
    assert (score.value is not None) is (2 * score.answered >= len(scale.items))
    assert score.value is None or 0 <= score.value <= 100


@given(scales_with_values(), st.data())
def test_a_higher_code_never_raises_function_nor_lowers_a_symptom(
    case: tuple[Scale, dict[int, ItemValue]], data: st.DataObject
) -> None:
    scale, values = case
    number = data.draw(st.sampled_from(scale.items))
    before = score_one(scale, {**values, number: 2}).value

    after = score_one(scale, {**values, number: 3}).value

    if before is None or after is None:
        assert before is after
    else:
        assert after < before if scale.kind == "functional" else after > before


@given(scales_with_values())
def test_not_applicable_scores_like_missing_but_is_counted_apart(
    case: tuple[Scale, dict[int, ItemValue]],
) -> None:
    scale, values = case
    as_missing = score_one(scale, {n: None if value == "N" else value for n, value in values.items()})

    score = score_one(scale, values)

    assert (score.value, score.raw, score.reason) == (as_missing.value, as_missing.raw, as_missing.reason)
    assert score.not_applicable == list(values.values()).count("N")
    assert as_missing.not_applicable == 0


@given(scales_with_values())
def test_the_order_of_the_answers_does_not_matter(case: tuple[Scale, dict[int, ItemValue]]) -> None:
    scale, values = case
    turned = dict(zip(values, reversed(list(values.values())), strict=True))

    assert score_one(scale, turned).value == score_one(scale, values).value
