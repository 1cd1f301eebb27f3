"""A release of the trial's size in all formats, and one of a million forms in bounded memory.

Run it as `.venv/bin/python benchmarks/release.py [--forms 1000000]`; benchmarks/README.md says more.
"""

import argparse
import io
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from measuring.installations import temporary_folder
from measuring.many_forms import ManyForms, make_many_forms
from measuring.rounds import measure_in_turn

from pro_app.exports.fhir.files import FhirFiles
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.formats.parquet import write_parquet
from pro_app.exports.making.frozen_tables import FOLDER, FrozenTables
from pro_app.exports.making.make_archive import make_archive
from pro_app.exports.making.release_file import write_release_file
from pro_app.exports.odm.file import OdmFile
from pro_app.exports.row_limit import MOST_ROWS
from pro_app.exports.spool import Spool
from pro_app.exports.tables.catalogue import TABLES

TRIAL = 3_504
"""The forms that 146 people are expected to give."""
MILLION = 1_000_000
ROUNDS = 3
GIB = 1 << 30


def main() -> None:
    """Measure the trial's size, then the large one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, default=MILLION, help="the forms of the large trial")
    forms = parser.parse_args().forms
    with temporary_folder() as folder:  # first, so that its memory is its own
        measure_large(folder, make_many_forms(forms))
    with temporary_folder() as folder:
        measure_trial(folder, make_many_forms(TRIAL))


def measure_trial(folder: Path, trial: ManyForms) -> None:
    """Print the ratio of freezing and all formats to the same tables written by polars alone."""
    whole = {
        table.name: pl.concat(frames) for table in TABLES for frames in [_list_frames(trial, table.name)]
    }
    steps: dict[str, float] = {}

    def release() -> None:
        source = folder / "source"
        freeze(trial, source)
        steps.clear()
        with (folder / "release.zip").open("wb") as stream, timing(steps) as progress:
            make_archive(source, stream, release=trial.release, remarks_of_data=0, progress=progress)
        shutil.rmtree(source)

    def polars() -> None:
        for name, frame in whole.items():
            frame.write_csv(folder / f"{name}.csv")
            frame.write_parquet(folder / f"{name}.parquet")

    measured = measure_in_turn(release, polars, rounds=ROUNDS, units=1)
    print(measured.write_line(f"release of {trial.forms:,} forms", ours="all formats", floor="polars alone"))
    print("  " + ", ".join(f"{step} {seconds:.2f} s" for step, seconds in steps.items()))


def measure_large(folder: Path, trial: ManyForms) -> None:
    """Print time and memory of the formats that have no limit, with the floor beside them."""
    warm_up(folder / "warm", make_many_forms(240))
    idle = peak_memory()
    source = folder / "source"
    started = time.perf_counter()
    freeze(trial, source)
    say("Parquet, frozen", trial, started=started, idle=idle)
    tables = FrozenTables(source)
    floor = write_floor(folder, tables)
    total = 0.0
    for name, write in list_writers(folder, trial, tables).items():
        started = time.perf_counter()
        write()
        total += time.perf_counter() - started
        say(name, trial, started=started, idle=idle)
    print(
        f"CSV, ODM and NDJSON: ratio {total / floor:.1f} to polars alone ({floor:.1f} s for CSV and Parquet)"
    )
    print(f"beyond {MOST_ROWS:,} rows a table has no SAV, DTA or XPT file, and a remark says so")
    if peak_memory() - idle > GIB:
        raise SystemExit("more than 1 GiB above idle")


def freeze(trial: ManyForms, source: Path) -> None:
    """Write the frozen source batch by batch, as the services do."""
    spooled = source / "spool"
    spooled.mkdir(parents=True)
    (source / FOLDER).mkdir(parents=True)
    spool = Spool(spooled)
    others = trial.others()
    for batch in trial.batches():
        for table in TABLES:
            if table.name in batch:
                spool.add(table, batch[table.name])
    for table in TABLES:
        if table.name in others:
            spool.add(table, others[table.name])
        path = source / FOLDER / f"{table.name}.parquet"
        write_parquet(path, table, spool.frames(table.name), release=trial.release)
    shutil.rmtree(spooled)
    write_release_file(source, trial.release, definitions=[], remarks_of_data=0)


def list_writers(folder: Path, trial: ManyForms, tables: FrozenTables) -> dict[str, Callable[[], None]]:
    """Give what writes each format that streams; a file is removed once it is there."""

    def csv() -> None:
        for table in TABLES:
            path = folder / f"{table.name}.csv"
            write_csv(path, table, tables.frames(table.name), release=trial.release)
            path.unlink()

    def odm() -> None:
        path = folder / "odm.xml"
        file = OdmFile(path, trial.release, sites=["15", "16"])
        for batch in tables.batches():
            file.add(batch)
        file.finish()
        path.unlink()

    def ndjson() -> None:
        lines = folder / "fhir"
        lines.mkdir()
        files = FhirFiles(lines, trial.release, bundle=False)
        for batch in tables.batches():
            files.add(batch)
        files.finish()
        shutil.rmtree(lines)

    return {"CSV": csv, "ODM": odm, "NDJSON (FHIR)": ndjson}


def write_floor(folder: Path, tables: FrozenTables) -> float:
    """Give the seconds that polars alone takes to write the same tables, streaming."""
    started = time.perf_counter()
    for table in TABLES:
        for suffix in ("csv", "parquet"):
            path = folder / f"floor.{suffix}"
            rows = tables.scan(table.name)
            if suffix == "csv":
                rows.sink_csv(path)
            else:
                rows.sink_parquet(path)
            path.unlink()
    return time.perf_counter() - started


def warm_up(folder: Path, trial: ManyForms) -> None:
    """Do everything once on a few people, so that what the libraries need for themselves counts as idle."""
    freeze(trial, folder)
    make_archive(folder, io.BytesIO(), release=trial.release, remarks_of_data=0)


def say(name: str, trial: ManyForms, *, started: float, idle: int) -> None:
    """Print how long a format took and how far memory has gone since it was idle."""
    seconds = time.perf_counter() - started
    above = (peak_memory() - idle) / (1 << 20)
    print(
        f"{trial.forms:,} forms, {name}: {seconds:.1f} s ({trial.forms / seconds:,.0f} forms/s), "
        f"peak memory {above:,.0f} MiB above idle"
    )


def peak_memory() -> int:
    """Give the largest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def timing(steps: dict[str, float]) -> Iterator[Callable[[str, int, int], None]]:
    """Note in `steps` how long each step takes that the progress tells of."""
    began: list[tuple[str, float]] = []

    def progress(step: str, _done: int, _total: int) -> None:
        end(time.perf_counter())
        began.append((step, time.perf_counter()))

    def end(now: float) -> None:
        if began:
            name, started = began[-1]
            steps[name] = now - started

    yield progress
    end(time.perf_counter())


def _list_frames(trial: ManyForms, name: str) -> list[pl.DataFrame]:
    others = trial.others()
    return [others[name]] if name in others else [batch[name] for batch in trial.batches()]


if __name__ == "__main__":
    main()
