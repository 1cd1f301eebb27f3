"""Our scores against those of independent scorers, row by row, to 1e-9."""

import csv
from pathlib import Path

import pytest

from pro_app.instruments.find import load_instrument
from pro_app.scoring.scores import ItemValue, score_response

GOLDEN = Path(__file__).parents[2] / "golden" / "scores"
TOLERANCE = 1e-9


def read_table(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parse_answers(row: dict[str, str]) -> dict[int, ItemValue]:
    return {
        int(name[1:]): None if text == "" else "N" if text == "N" else int(text)
        for name, text in row.items()
        if name.startswith("q")
    }


C30 = ["PF2", "RF2", "EF", "CF", "SF", "QL2", "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI", "FI"]
GINET21 = ["ED", "GI", "TR", "SF21", "DRW", "MBP", "BI", "INF", "SX"]


@pytest.mark.parametrize(
    ("code", "definition", "files", "renamed"),
    [
        ("qlq-c30", "manual", "c30", {"SUMMARY": "SUMMARY_PROscorer"}),
        ("qlq-ginet21", "manual", "ginet21", {}),
        ("qlq-ginet21", "yadegarfar-2013", "ginet21", {"TR": "TR_2013", "WG": "WG_2013"}),
    ],
)
def test_every_row_equals_the_independent_scores_and_is_empty_where_they_are(
    *, code: str, definition: str, files: str, renamed: dict[str, str]
) -> None:
    scoring = load_instrument(code).scoring(definition)
    answers, expected = read_table(f"{files}_items.csv"), read_table(f"{files}_scores.csv")
    differences = []

    for answered, reference in zip(answers, expected, strict=True):
        assert answered["id"] == reference["id"]
        for score in score_response(scoring, parse_answers(answered)):
            wanted = reference[renamed.get(score.scale_code, score.scale_code)]
            ours = score.as_float
            same = (
                ours is None if wanted == "" else ours is not None and abs(ours - float(wanted)) <= TOLERANCE
            )
            if not same:
                differences.append((answered["id"], score.scale_code, ours, wanted))

    assert len(answers) > 200
    assert differences == []


@pytest.mark.parametrize(
    ("code", "definition", "columns"),
    [
        ("qlq-c30", None, [*C30, "SUMMARY"]),
        ("qlq-ginet21", None, GINET21),
        ("qlq-ginet21", "yadegarfar-2013", [*GINET21, "WG"]),
    ],
)
def test_the_scores_come_in_the_published_order(
    code: str, definition: str | None, columns: list[str]
) -> None:
    scoring = load_instrument(code).scoring(definition)

    assert [score.scale_code for score in score_response(scoring, {})] == columns
    assert list(scoring.scale_codes) == columns
