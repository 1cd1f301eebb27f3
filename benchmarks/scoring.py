"""`pro-app score` on 20,000 rows against copying that file, and one exact scoring against floats.

Run it as `.venv/bin/python benchmarks/scoring.py`; benchmarks/README.md says how to read it.
"""

import csv
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from measuring.float_scoring import plan_float_scoring
from measuring.installations import temporary_folder
from measuring.rounds import measure_in_turn

from pro_app.instruments.find import load_instrument
from pro_app.instruments.instrument import Instrument
from pro_app.scoring.scores import ItemValue, plan_scoring

ROWS = 20_000
FILE_ROUNDS = 7
SCORING_ROUNDS = 15
SCORED_ROWS = 2_000
MISSING_SHARE = 0.05
COPY_COMMAND = """
import csv, sys
with open(sys.argv[1], newline="", encoding="utf-8") as read, \\
     open(sys.argv[2], "w", newline="", encoding="utf-8") as written:
    csv.writer(written).writerows(csv.reader(read))
"""


def main() -> None:
    """Measure files first, then single rows, for both questionnaires."""
    for code, version in (("qlq-c30", "3.0"), ("qlq-ginet21", "1.0")):
        instrument = load_instrument(code, version)
        responses = draw_responses(instrument, ROWS)
        with temporary_folder() as folder:
            print(measure_file(instrument, responses, folder))
        print(measure_rows(instrument, responses[:SCORED_ROWS]))


def measure_file(instrument: Instrument, responses: Sequence[Mapping[int, ItemValue]], folder: Path) -> str:
    """Measure the whole command, from start to end, against reading and writing the same file."""
    items, out = folder / "items.csv", folder / "out.csv"
    numbers = [item.number for item in instrument.items]
    with items.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *(f"q{number}" for number in numbers)])
        writer.writerows([n, *map(response.get, numbers)] for n, response in enumerate(responses, start=1))
    command: list[str | Path] = [
        Path(sys.executable).with_name("pro-app"),
        "score",
        items,
        "--instrument",
        instrument.code,
    ]

    def score() -> None:
        subprocess.run([*command, "--out", out], check=True, capture_output=True)

    def copy() -> None:
        subprocess.run([sys.executable, "-c", COPY_COMMAND, items, out], check=True)

    measured = measure_in_turn(score, copy, rounds=FILE_ROUNDS, units=len(responses))
    name = f"pro-app score, {instrument.code}, {len(responses):,} rows"
    return measured.write_line(name, ours="row scored", floor="row copied")


def measure_rows(instrument: Instrument, responses: Sequence[Mapping[int, ItemValue]]) -> str:
    """Measure scoring alone, exact and with all counts, against the same formulas in floats."""
    definition = instrument.scoring()

    def score_exactly() -> None:
        scorer = plan_scoring(definition)
        for response in responses:
            scorer(response)

    def score_in_floats() -> None:
        scorer = plan_float_scoring(definition)
        for response in responses:
            scorer(response)

    measured = measure_in_turn(score_exactly, score_in_floats, rounds=SCORING_ROUNDS, units=len(responses))
    name = f"exact scoring, {instrument.code}, {len(responses):,} rows in memory"
    return measured.write_line(name, ours="exact", floor="floats")


def draw_responses(instrument: Instrument, number: int) -> list[dict[int, ItemValue]]:
    """Draw responses at random, the same ones at every run, some items of them missing."""
    random = Random(instrument.code)  # noqa: S311 -- made-up answers
    offered = {item.number: instrument.response_values(item.number) for item in instrument.items}
    return [
        {
            item: None if random.random() < MISSING_SHARE else random.choice(values)
            for item, values in offered.items()
        }
        for _ in range(number)
    ]


if __name__ == "__main__":
    main()
