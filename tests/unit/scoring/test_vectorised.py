"""Scoring many responses at once gives, to the last bit, what scoring each one by fractions gives."""

import itertools
import random
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from pro_app.errors import NotFound
from pro_app.instruments.find import load_instrument
from pro_app.instruments.instrument import (
    Instrument,
    Item,
    ResponseSet,
    Scale,
    ScaleKind,
    ScoringDefinition,
    SummaryScale,
)
from pro_app.scoring.scores import ItemValue, ScaleScore, score_response
from pro_app.scoring.vectorised.frames import list_score_rows, score_frame, score_rows
from pro_app.scoring.vectorised.linear import BLOCK, LinearScorer
from pro_app.scoring.vectorised.score_arrays import Codes

MEANING: dict[int, ItemValue] = {0: None, -1: "N"}
Details = tuple[str, float | None, float | None, int, int, int, int, str | None]


def list_exact(definition: ScoringDefinition, items: Sequence[int], codes: Codes) -> list[Details]:
    """Score every column of `codes` by fractions: a row for each response and scale."""
    return [
        details_of(score)
        for column in codes.T.tolist()
        for score in score_response(
            definition, {number: MEANING.get(code, code) for number, code in zip(items, column, strict=True)}
        )
    ]


def details_of(score: ScaleScore) -> Details:
    raw = None if score.raw is None else score.raw.numerator / score.raw.denominator
    counts = (score.answered, score.not_applicable, score.missing, score.needed)
    return (score.scale_code, score.as_float, raw, *counts, score.reason)


def list_vectorised(definition: ScoringDefinition, items: Sequence[int], codes: Codes) -> list[Details]:
    return list_score_rows(definition, LinearScorer(definition, items).score(codes)).rows()


def define(scales: Sequence[Scale], summary: SummaryScale | None = None) -> ScoringDefinition:
    return ScoringDefinition("manual", "eortc_linear", tuple(scales), summary)


def draw_codes(items: int, responses: int, *, highest: Sequence[int], missing: float = 0.1) -> Codes:
    """Draw codes at random, the same ones at every run."""
    generator = np.random.default_rng(items * responses)
    codes = np.stack([generator.integers(1, top + 1, responses) for top in highest]).astype(np.int8)
    absent = generator.random(codes.shape)
    codes[absent < missing] = 0
    codes[absent < missing / 4] = -1
    assert codes.shape == (items, responses)
    return codes


@pytest.mark.parametrize("kind", ["functional", "symptom", "global"])
@pytest.mark.parametrize(
    ("size", "item_range"), [(1, 3), (2, 3), (3, 3), (4, 3), (5, 3), (1, 6), (2, 6), (4, 6)]
)
def test_every_pattern_of_answers_to_a_scale_is_scored_as_by_fractions(
    *, kind: ScaleKind, size: int, item_range: int
) -> None:
    items = range(1, size + 1)
    definition = define([Scale("X", tuple(items), kind, item_range, None)])
    patterns = itertools.product(range(-1, item_range + 2), repeat=size)
    codes = np.array(list(patterns), dtype=np.int8).T

    assert codes.shape[1] == (item_range + 3) ** size
    assert list_vectorised(definition, items, codes) == list_exact(definition, items, codes)


@pytest.mark.parametrize(
    ("code", "name"), [("qlq-c30", "manual"), ("qlq-ginet21", "manual"), ("qlq-ginet21", "yadegarfar-2013")]
)
def test_responses_to_a_whole_questionnaire_are_scored_as_by_fractions(code: str, name: str) -> None:
    instrument = load_instrument(code)
    items = [item.number for item in instrument.items]
    highest = [instrument.response_values(number)[-1] for number in items]
    for missing in (0, 0.02, 0.5):
        codes = draw_codes(len(items), 700, highest=highest, missing=missing)

        vectorised = list_vectorised(instrument.scoring(name), items, codes)

        assert vectorised == list_exact(instrument.scoring(name), items, codes)


def test_every_summary_score_that_there_can_be_is_the_nearest_float() -> None:
    scales = [
        Scale("A", (1, 2, 3), "functional", 3, None),
        Scale("B", (4, 5), "symptom", 6, None),
        Scale("C", (6,), "symptom", 3, None),
    ]
    definition = define(scales, SummaryScale("S", ("C", "A", "B"), ("B", "C")))
    tops = [4, 4, 4, 7, 7, 4]
    patterns = itertools.product(*[range(0 if item < 5 else 1, top + 1) for item, top in enumerate(tops)])
    sample = random.Random("summary").sample(list(patterns), 20_000)  # noqa: S311 -- made-up answers
    codes = np.array(sample, dtype=np.int8).T

    assert list_vectorised(definition, range(1, 7), codes) == list_exact(definition, range(1, 7), codes)


def test_scales_too_long_for_whole_numbers_in_floats_are_summed_as_exactly() -> None:
    items = range(1, 98)
    scales = [
        Scale("A", tuple(items[:60]), "functional", 6, None),
        Scale("B", tuple(items[60:]), "symptom", 3, None),
    ]
    definition = define(scales, SummaryScale("S", ("A", "B"), ("B",)))
    codes = draw_codes(97, 200, highest=[7] * 60 + [4] * 37, missing=0.4)

    vectorised = list_vectorised(definition, items, codes)

    assert any(scale == "S" and value is not None for scale, value, *_ in vectorised)
    assert vectorised == list_exact(definition, items, codes)


@pytest.mark.parametrize("responses", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_the_size_of_the_blocks_that_are_worked_on_does_not_matter(responses: int) -> None:
    definition = define([Scale("X", (1, 2), "symptom", 3, None)], SummaryScale("S", ("X",), ()))
    codes = draw_codes(2, responses, highest=[4, 4])

    assert list_vectorised(definition, (1, 2), codes) == list_exact(definition, (1, 2), codes)


@pytest.mark.parametrize("code", [5, 127, -2, -128])
def test_a_code_outside_the_range_of_its_scale_is_an_error(code: int) -> None:
    definition = define([Scale("W", (1,), "global", 6, None), Scale("X", (2,), "symptom", 3, None)])

    with pytest.raises(ValueError, match="outside the range"):
        LinearScorer(definition, (1, 2)).score(np.array([[1], [code]], dtype=np.int8))


def build_instrument(definition: ScoringDefinition) -> Instrument:
    return Instrument(
        code="made-up",
        version="1",
        title="Made up",
        items=tuple(Item(number, "four", na_allowed=True, cdisc_testcd=None) for number in (1, 2, 3)),
        response_sets={"four": ResponseSet("four", (1, 2, 3, 4), "list")},
        blocks=(),
        scoring_definitions={"manual": definition},
        default_scoring="manual",
        sha256="0" * 64,
    )


SMALL = define(
    [Scale("X", (1, 2), "functional", 3, None), Scale("Y", (3,), "symptom", 3, None)],
    SummaryScale("S", ("X", "Y"), ("Y",)),
)
ANSWERS = pl.DataFrame({"who": ["a", "b"], "q3": [None, 1], "q1": [2, -1], "visit": [1, 2], "q2": [3, 4]})


def test_a_frame_of_answers_becomes_a_frame_with_every_detail() -> None:
    frame = score_frame(build_instrument(SMALL), SMALL, ANSWERS)

    details = ["", "_raw", "_answered", "_not_applicable", "_missing", "_needed", "_reason"]
    assert frame.columns == ["who", "visit", *[scale + detail for scale in "XYS" for detail in details]]
    x, y, summary = (frame.select(pl.col(f"^{scale}(_.*)?$")).rows() for scale in "XYS")
    assert x == [(50.0, 2.5, 2, 0, 0, 1, None), (0.0, 4.0, 1, 1, 0, 1, None)]
    assert y == [(None, None, 0, 0, 1, 1, "too_few_answers"), (0.0, 1.0, 1, 0, 0, 1, None)]
    assert summary == [(None, None, 1, 0, 1, 2, "scale_missing"), (50.0, None, 2, 0, 0, 2, None)]
    assert frame.select("who", "visit").rows() == [("a", 1), ("b", 2)]


def test_a_frame_of_answers_becomes_a_row_for_each_response_and_scale() -> None:
    rows = score_rows(build_instrument(SMALL), SMALL, ANSWERS)

    assert rows.columns[:3] == ["who", "visit", "scale"]
    assert rows.rows() == [
        ("a", 1, "X", 50.0, 2.5, 2, 0, 0, 1, None),
        ("a", 1, "Y", None, None, 0, 0, 1, 1, "too_few_answers"),
        ("a", 1, "S", None, None, 1, 0, 1, 2, "scale_missing"),
        ("b", 2, "X", 0.0, 4.0, 1, 1, 0, 1, None),
        ("b", 2, "Y", 0.0, 1.0, 1, 0, 0, 1, None),
        ("b", 2, "S", 50.0, None, 2, 0, 0, 2, None),
    ]


def test_no_response_gives_no_row() -> None:
    none = ANSWERS.clear()

    assert score_frame(build_instrument(SMALL), SMALL, none).height == 0
    assert score_rows(build_instrument(SMALL), SMALL, none).height == 0


def test_an_unknown_manual_is_named() -> None:
    unknown = ScoringDefinition("x", "rasch", (), None)

    with pytest.raises(NotFound, match="rasch"):
        score_frame(build_instrument(unknown), unknown, ANSWERS)
