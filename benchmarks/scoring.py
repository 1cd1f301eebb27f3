"""Scoring many responses, files of them, and one of them, each against a floor in the same run.

Run it as `.venv/bin/python benchmarks/scoring.py`; benchmarks/README.md says how to read it.
"""

import subprocess
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
from measuring.float_scoring import plan_float_scoring
from measuring.installations import temporary_folder
from measuring.numpy_scoring import score_in_numpy
from measuring.rounds import measure_in_turn

from pro_app.cli.score import score as score_command
from pro_app.instruments.find import load_instrument
from pro_app.instruments.instrument import Instrument
from pro_app.scoring.scores import ItemValue, plan_scoring
from pro_app.scoring.vectorised.answer_codes import read_codes
from pro_app.scoring.vectorised.frames import score_frame
from pro_app.scoring.vectorised.scorers import plan_vectorised_scoring

ROWS = 200_000
THOUSANDS = ROWS // 1_000
MANY_ROWS = 1_000_000
ROUNDS = 9
FILE_ROUNDS = 7
SINGLE_ROUNDS = 15
SINGLE_ROWS = 2_000
MISSING_SHARE = 0.05
COPY_COMMAND = """
import sys
import polars as pl
pl.read_csv(sys.argv[1]).write_csv(sys.argv[2])
"""
SCORE_COMMAND = """
import re, sys
from pathlib import Path
from pro_app.cli.score import score
score.main(sys.argv[1:], standalone_mode=False)
# What getrusage says begins with the memory of the process that started this one.
print(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1])
"""


def main() -> None:
    """Measure many responses first, then files, then single responses."""
    c30 = load_instrument("qlq-c30", "3.0")
    answers = draw_answers(c30, ROWS)
    print(measure_arrays(c30, answers))
    print(measure_frames(c30, answers))
    with temporary_folder() as folder:
        answers.write_csv(folder / "items.csv")
        print(measure_files(c30, folder))
        print(measure_commands(c30, folder))
        print(measure_memory(c30, folder))
    for code, version in (("qlq-c30", "3.0"), ("qlq-ginet21", "1.0")):
        print(measure_single(load_instrument(code, version)))


def measure_arrays(instrument: Instrument, answers: pl.DataFrame) -> str:
    """Measure scoring of arrays, each in the form that it likes best."""
    definition = instrument.scoring()
    scorer = plan_vectorised_scoring(instrument, definition)
    codes = read_codes(answers, answers.columns[1:])
    floats = np.where(codes > 0, codes, np.nan)
    rows = {item.number: row for row, item in enumerate(instrument.items)}

    def score_with_details() -> None:
        scorer.score(codes)

    def score_plainly() -> None:
        score_in_numpy(definition, floats, rows)

    measured = measure_in_turn(score_with_details, score_plainly, rounds=ROUNDS, units=THOUSANDS)
    name = f"scoring arrays, {instrument.code}, {answers.height:,} rows, summary and all details"
    return measured.write_line(name, ours="1,000 rows with details", floor="1,000 rows in plain numpy")


def measure_frames(instrument: Instrument, answers: pl.DataFrame) -> str:
    """Measure scoring from a frame of answers to a frame of scores."""
    definition = instrument.scoring()
    rows = {item.number: row for row, item in enumerate(instrument.items)}

    def score_with_details() -> None:
        score_frame(instrument, definition, answers)

    def score_plainly() -> None:
        items = answers.drop("id").cast(pl.Float64).fill_null(float("nan")).to_numpy().T
        answers.select("id").hstack(pl.DataFrame(score_in_numpy(definition, items, rows)))

    measured = measure_in_turn(score_with_details, score_plainly, rounds=ROUNDS, units=THOUSANDS)
    name = f"scoring frames, {instrument.code}, {answers.height:,} rows, summary and all details"
    return measured.write_line(name, ours="1,000 rows with details", floor="1,000 rows in plain numpy")


def measure_files(instrument: Instrument, folder: Path) -> str:
    """Measure a file of answers to a file of scores, within this process."""
    items, out = folder / "items.csv", folder / "out.csv"
    arguments = [str(items), "--instrument", instrument.code, "--out", str(out)]

    def score() -> None:
        with redirect_stderr(StringIO()):
            score_command.main(arguments, standalone_mode=False)

    def copy() -> None:
        pl.read_csv(items).write_csv(out)

    measured = measure_in_turn(score, copy, rounds=FILE_ROUNDS, units=THOUSANDS)
    name = f"CSV to CSV, {instrument.code}, {ROWS:,} rows"
    return measured.write_line(name, ours="1,000 rows scored", floor="1,000 rows copied by polars")


def measure_commands(instrument: Instrument, folder: Path) -> str:
    """Measure the whole command, from start to end, against one that reads and writes the same file."""
    items, out = folder / "items.csv", folder / "out.csv"
    command = [Path(sys.executable).with_name("pro-app"), "score", items, "--instrument", instrument.code]

    def score() -> None:
        subprocess.run([*command, "--out", out], check=True, capture_output=True)

    def copy() -> None:
        subprocess.run([sys.executable, "-c", COPY_COMMAND, items, out], check=True)

    measured = measure_in_turn(score, copy, rounds=FILE_ROUNDS, units=THOUSANDS)
    name = f"pro-app score, {instrument.code}, {ROWS:,} rows"
    return measured.write_line(name, ours="1,000 rows scored", floor="1,000 rows copied by polars")


def measure_memory(instrument: Instrument, folder: Path) -> str:
    """Measure the most memory that scoring a large file takes, and that of scoring next to nothing."""
    items, out = folder / "many.csv", folder / "out.csv"
    command = [sys.executable, "-c", SCORE_COMMAND, items, "--instrument", instrument.code, "--out", out]
    peaks = []
    for rows in (1_000, MANY_ROWS):
        draw_answers(instrument, rows).write_csv(items)
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(result.stdout) / 1024)
    return (
        f"pro-app score, {instrument.code}, memory at most: {peaks[1]:.0f} MiB for {MANY_ROWS:,} rows, "
        f"{peaks[0]:.0f} MiB for 1,000"
    )


def measure_single(instrument: Instrument) -> str:
    """Measure scoring one response after the other, exact and with all counts, against floats."""
    definition = instrument.scoring()
    answers = draw_answers(instrument, SINGLE_ROWS).drop("id")
    numbers = [item.number for item in instrument.items]
    responses: list[dict[int, ItemValue]] = [dict(zip(numbers, row, strict=True)) for row in answers.rows()]

    def score_exactly() -> None:
        scorer = plan_scoring(definition)
        for response in responses:
            scorer(response)

    def score_in_floats() -> None:
        scorer = plan_float_scoring(definition)
        for response in responses:
            scorer(response)

    measured = measure_in_turn(score_exactly, score_in_floats, rounds=SINGLE_ROUNDS, units=len(responses))
    name = f"exact scoring, {instrument.code}, {len(responses):,} rows in memory"
    return measured.write_line(name, ours="exact", floor="floats")


def draw_answers(instrument: Instrument, number: int) -> pl.DataFrame:
    """Draw responses at random, the same ones at every run, some items of them missing."""
    generator = np.random.default_rng(number)
    columns: dict[str, pl.Series] = {"id": pl.int_range(1, number + 1, eager=True)}
    for item in instrument.items:
        drawn = pl.Series(generator.choice(instrument.response_values(item.number), number), dtype=pl.Int8)
        given = pl.Series(generator.random(number) >= MISSING_SHARE)
        columns[f"q{item.number}"] = drawn.zip_with(given, pl.Series([None], dtype=pl.Int8))
    return pl.DataFrame(columns)


if __name__ == "__main__":
    main()
