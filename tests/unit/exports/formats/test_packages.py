"""SPSS and Stata files; other readers than the library's own open them in tests/readers."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_world import small_release

from pro_app.exports.formats.dta import write_dta
from pro_app.exports.formats.sav import write_sav
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.row_limit import MOST_ROWS
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import Column, TableDefinition
from pro_app.exports.tables.items import ITEMS
from pro_app.exports.tables.visits import VISITS

KIND_NAMES = ("text", "long_text", "whole", "huge", "number", "flag", "day", "moment")
KIND_LABELS = {
    "text": "Texte",
    "long_text": "Texte long : « été »",
    "whole": "Entier",
    "huge": "Grand entier",
    "number": "Nombre",
    "flag": "1 : oui",
    "day": "Jour",
    "moment": "Moment (UTC)",
}


@dataclass(frozen=True)
class Package:
    """SPSS or Stata: where its file stands, how it is written and read."""

    name: str
    path: Path
    release: Release

    def write(
        self, table: TableDefinition, frames: Iterable[pl.DataFrame], release: Release | None = None
    ) -> list[Remark]:
        """Write a table."""
        writer = write_sav if self.name == "SPSS" else write_dta
        return writer(self.path, table, frames, release=release or self.release)

    def read(self) -> tuple[pl.DataFrame, pyreadstat.metadata_container]:
        """Read it back with the library."""
        reader = pyreadstat.read_sav if self.name == "SPSS" else pyreadstat.read_dta
        frame, metadata = reader(self.path, output_format="polars", user_missing=True)
        return frame, metadata


@pytest.fixture
def spss(tmp_path: Path, release: Release) -> Package:
    return Package("SPSS", tmp_path / "t.sav", release)


@pytest.fixture
def stata(tmp_path: Path, release: Release) -> Package:
    return Package("Stata", tmp_path / "t.dta", release)


@pytest.fixture(params=["spss", "stata"])
def package(request: pytest.FixtureRequest) -> Package:
    chosen: Package = request.getfixturevalue(request.param)
    return chosen


def without_zone(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("moment").dt.replace_time_zone(None))


def test_an_spss_file_is_byte_for_byte_what_the_library_alone_would_write(
    spss: Package, kinds_table: TableDefinition, every_kind: pl.DataFrame
) -> None:
    theirs = spss.path.with_name("theirs.sav")
    spss.write(kinds_table, [every_kind.head(1), every_kind.slice(1)])
    pyreadstat.write_sav(
        without_zone(every_kind),
        theirs,
        file_label="reluth, gel 1 : kinds",
        column_labels=[KIND_LABELS[name] for name in KIND_NAMES],
        variable_value_labels={"flag": {0: "Non", 1: "Oui"}},
        variable_format={
            "whole": "F8.0",
            "huge": "F8.0",
            "number": "F8.2",
            "flag": "F1.0",
            "day": "SDATE10",
            "moment": "DATETIME23.3",
        },
        variable_measure={
            name: "scale" if name in {"number", "day", "moment"} else "nominal" for name in KIND_NAMES
        },
    )

    expected = theirs.read_bytes()
    assert spss.path.read_bytes() == expected[:92] + b"01 Oct 2610:00:00" + expected[109:]


def test_a_stata_file_is_byte_for_byte_what_the_library_alone_would_write(
    stata: Package, kinds_table: TableDefinition, every_kind: pl.DataFrame
) -> None:
    theirs = stata.path.with_name("theirs.dta")
    stata.write(kinds_table, [every_kind.head(1), every_kind.slice(1)])
    pyreadstat.write_dta(
        # The library makes doubles of 64-bit integers; ours are long where they fit.
        without_zone(every_kind).with_columns(pl.col("whole").cast(pl.Int32)),
        theirs,
        version=14,
        file_label="reluth, gel 1 : kinds",
        column_labels=[KIND_LABELS[name] for name in KIND_NAMES],
        variable_value_labels={"flag": {0: "Non", 1: "Oui"}},
        variable_format={
            "whole": "%12.0g",
            "huge": "%12.0g",
            "number": "%10.2f",
            "flag": "%8.0g",
            "day": "%td",
            "moment": "%tc",
        },
    )

    expected = theirs.read_bytes()
    place = expected.index(b"<timestamp>") + len(b"<timestamp>") + 1
    assert stata.path.read_bytes() == expected[:place] + b"01 Oct 2026 10:00" + expected[place + 17 :]


def test_every_table_reads_back_with_every_value(package: Package, tables: Tables) -> None:
    for table in TABLES:
        assert package.write(table, [tables[table.name]]) == []
        frame, _ = package.read()
        assert frame.columns == list(table.column_names)
        for column in table.columns:
            if (table.name, column.name) != ("items", "value"):
                assert read_cells(frame[column.name]) == cells(tables[table.name][column.name]), column.name


def cells(series: pl.Series) -> list[object]:
    return ["" if value is None and series.dtype == pl.String else value for value in series]


def read_cells(series: pl.Series) -> list[object]:
    if isinstance(series.dtype, pl.Datetime):
        return series.dt.replace_time_zone("UTC").to_list()
    return ["" if value is None and series.dtype == pl.String else value for value in series]


def test_the_reason_of_a_missing_value_stands_in_its_cell(package: Package, tables: Tables) -> None:
    package.write(ITEMS, [tables["items"]])
    frame, metadata = package.read()

    states = ("declined", "left_blank", "not_applicable", "not_reached", "form_missing", "not_expected")
    codes = "abcdef" if package.name == "Stata" else range(-1, -7, -1)
    code_of = dict(zip(states, codes, strict=True))
    expected = [
        value if state == "answered" else code_of[state]
        for state, value in zip(tables["items"]["state"], tables["items"]["value"], strict=True)
    ]
    assert set(tables["items"]["state"]) == {"answered", *states}
    assert frame["value"].to_list() == expected
    assert metadata.variable_value_labels["value"][code_of["left_blank"]] == "laissé vide"
    assert len(metadata.variable_value_labels["value"]) == 6
    if package.name == "SPSS":
        assert metadata.missing_ranges["value"] == [{"lo": -6.0, "hi": -1.0}]
    else:
        assert metadata.missing_user_values["value"] == list("abcdef")


def test_labels_say_what_columns_and_codes_mean(package: Package, tables: Tables) -> None:
    package.write(ASSESSMENTS, [tables["assessments"]])
    _, metadata = package.read()

    w08 = package.release.protocol.visit_label("W08")
    labels = metadata.column_names_to_labels
    assert metadata.file_label == "reluth, gel 1 : assessments"
    assert metadata.creation_time == datetime(2026, 10, 1, 10, 0)  # noqa: DTZ001 -- these files know no zone
    assert labels["late"] == "1 : reçu, donné après la période"
    assert labels["submitted_at"] == "Réception (UTC)"
    assert metadata.variable_value_labels["late"] == {0: "Non", 1: "Oui"}
    if package.name == "SPSS":
        assert metadata.variable_value_labels["mode"]["paper"] == "papier, saisi par le centre"
        assert metadata.variable_value_labels["visit_code"]["W08"] == w08


def test_the_same_table_gives_the_same_bytes_at_any_time_and_in_any_batches(
    package: Package, tables: Tables
) -> None:
    package.write(ITEMS, [tables["items"]])
    first = package.path.read_bytes()
    time.sleep(1.1)
    package.write(ITEMS, tables["items"].iter_slices(17))

    assert package.path.read_bytes() == first
    assert list(package.path.parent.iterdir()) == [package.path]


def test_an_empty_table_is_a_file_without_rows(package: Package) -> None:

    assert package.write(VISITS, []) == []
    frame, metadata = package.read()
    assert (frame.height, frame.columns) == (0, list(VISITS.column_names))
    assert metadata.column_names_to_labels["zone"] == "Fuseau horaire des dates"


def test_what_is_too_long_is_cut_visibly_and_remarked(package: Package) -> None:
    label = "é" * 300
    table = TableDefinition("long", "", "", (Column("x", "text", label, ""), Column("y", "text", "", "")))
    text = "à" * 40_000
    remarks = package.write(table, [make_frame(table, [{"x": text, "y": "whole"}])])
    frame, metadata = package.read()

    longest, kept = (32_000, 126) if package.name == "SPSS" else (2_044, 79)
    assert [(r.code, r.table, r.en) for r in remarks] == [
        ("label_cut", "long", f"{package.name}: label shortened (x). The codebook has it whole."),
        (
            "text_cut",
            "long",
            f"{package.name}: texts shortened to {longest} bytes (x). CSV and Parquet have them whole.",
        ),
    ]
    assert metadata.column_names_to_labels["x"] == "é" * kept + "…"
    assert frame["x"][0] == "à" * ((longest - 3) // 2) + "…"
    assert frame["y"][0] == "whole"


def test_a_table_beyond_the_stated_limit_has_no_file_but_a_remark(package: Package) -> None:
    table = TableDefinition("many", "", "", (Column("n", "integer", "", ""),))
    rows = make_frame(table, [{"n": 1}] * 1000)
    frames = (rows for _ in range(MOST_ROWS // 1000 + 1))

    [remark] = package.write(table, frames)

    assert (remark.code, remark.table) == ("too_many_rows", "many")
    assert "2001000 rows, more than 2000000" in remark.en
    assert list(package.path.parent.iterdir()) == []


def test_a_code_with_two_meanings_has_no_label(package: Package, tables: Tables) -> None:
    first = package.release.instruments[0]
    pack = first.wordings["fr"]
    other = replace(first, wordings={"fr": replace(pack, items={**pack.items, 2: "autre chose"})})

    package.write(ITEMS, [tables["items"]], replace(package.release, instruments=(first, other)))

    _, metadata = package.read()
    labels = metadata.variable_value_labels["item"]
    assert 2 not in labels
    assert labels[1] == pack.items[1]


def test_a_frame_of_other_columns_is_refused(package: Package) -> None:
    wrong = make_frame(VISITS).with_columns(email=pl.lit("x"))

    with pytest.raises(ValueError, match=r"visits: .*email"):
        package.write(VISITS, [wrong])


def test_a_moment_in_spss_is_the_nearest_number_to_its_seconds(tmp_path: Path, release: Release) -> None:
    table = TableDefinition("moments", "", "", (Column("at", "datetime", "X", ""),))
    first = datetime(2026, 3, 2, 9, tzinfo=UTC)
    moments = [first + timedelta(milliseconds=n) for n in range(2000)]
    write_sav(tmp_path / "t.sav", table, [make_frame(table, [{"at": at} for at in moments])], release=release)
    found, _ = pyreadstat.read_sav(
        tmp_path / "t.sav", disable_datetime_conversion=True, output_format="polars"
    )
    zero = datetime(1582, 10, 14, tzinfo=UTC)
    exact = [Fraction((at - zero) // timedelta(milliseconds=1), 1000) for at in moments]
    assert found["at"].to_list() == [float(seconds) for seconds in exact]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


@settings(deadline=None, max_examples=40)
@given(texts=st.lists(st.none() | TEXT, min_size=1, max_size=5))
def test_any_text_is_packed_as_the_library_packs_it(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str | None]
) -> None:
    folder, release = tmp_path_factory.mktemp("texts"), small_release()[0]
    table = TableDefinition("texts", "", "", (Column("x", "text", "X", ""),))
    frame = make_frame(table, [{"x": text} for text in texts])
    write_sav(folder / "ours.sav", table, [frame], release=release)
    write_dta(folder / "ours.dta", table, [frame], release=release)
    label = "reluth, gel 1 : texts"
    pyreadstat.write_sav(
        frame, folder / "theirs.sav", file_label=label, column_labels=["X"], variable_measure={"x": "nominal"}
    )
    pyreadstat.write_dta(frame, folder / "theirs.dta", file_label=label, column_labels=["X"], version=14)

    sav, dta = (folder / "theirs.sav").read_bytes(), (folder / "theirs.dta").read_bytes()
    place = dta.index(b"<timestamp>") + len(b"<timestamp>") + 1
    assert (folder / "ours.sav").read_bytes() == sav[:92] + b"01 Oct 2610:00:00" + sav[109:]
    assert (folder / "ours.dta").read_bytes() == dta[:place] + b"01 Oct 2026 10:00" + dta[place + 17 :]
