from pathlib import Path

import pytest

from pro_app.definitions.files import read_definition
from pro_app.errors import NotFound
from pro_app.instruments.find import (
    find_worded_instrument_path,
    instrument_path,
    list_instrument_codes,
    list_instrument_paths,
    list_wording_paths,
    load_instrument,
    load_wording,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder of definitions with three versions of one instrument and one of another."""
    for place in ("wide/10.0", "wide/2.0", "wide/2.0-2", "narrow/1.0"):
        folder = tmp_path / "instruments" / place
        (folder / "wording").mkdir(parents=True)
        (folder / "instrument.yaml").touch()
        (folder / "wording" / "b.yaml").touch()
        (folder / "wording" / "a.yaml").touch()
    return tmp_path


def test_instruments_are_listed_by_code_and_by_rising_version(root: Path) -> None:
    places = [
        path.parent.relative_to(root / "instruments").as_posix() for path in list_instrument_paths(root)
    ]
    assert places == ["narrow/1.0", "wide/2.0", "wide/2.0-2", "wide/10.0"]
    assert list_instrument_codes(root) == ["narrow", "wide"]


def test_without_a_version_the_highest_one_is_meant(root: Path) -> None:
    assert instrument_path("wide", root=root).parent.name == "10.0"
    assert instrument_path("wide", "2.0", root).parent.name == "2.0"


@pytest.mark.parametrize(
    ("code", "version"), [("none", None), ("wide", "3.0"), ("../wide", None), ("", None)]
)
def test_an_instrument_that_is_not_there_is_not_found(root: Path, code: str, version: str | None) -> None:
    with pytest.raises(NotFound):
        instrument_path(code, version, root)


def test_the_packs_of_an_instrument_are_listed_by_name(root: Path) -> None:
    assert [path.name for path in list_wording_paths("wide", "2.0", root)] == ["a.yaml", "b.yaml"]


def test_a_pack_is_loaded_by_its_name_with_its_text_unchanged() -> None:
    instrument = load_instrument("qlq-ginet21", "1.0")
    pack = load_wording(instrument, "placeholder-fr")
    assert (pack.instrument_code, pack.instrument_version, pack.language) == ("qlq-ginet21", "1.0", "fr")
    assert sorted(pack.items) == list(range(31, 52))
    assert sorted(pack.options["four_point"]) == [1, 2, 3, 4]
    assert pack.blocks["past_four_weeks"].recall_line == "[Texte provisoire] Période\u00a0: 28\u00a0jours"
    assert pack.not_applicable_label
    with pytest.raises(NotFound):
        load_wording(instrument, "placeholder-de")


def test_a_hash_is_that_of_the_file_so_that_records_can_name_what_they_were_made_under() -> None:
    path = instrument_path("qlq-c30", "3.0")
    assert load_instrument("qlq-c30").sha256 == read_definition(path).sha256


def test_a_pack_finds_its_instrument_beside_it_or_by_name(tmp_path: Path) -> None:
    path = list_wording_paths("qlq-c30")[0]
    assert find_worded_instrument_path(read_definition(path)) == instrument_path("qlq-c30")
    elsewhere = tmp_path / "pack.yaml"
    elsewhere.write_bytes(path.read_bytes())
    assert find_worded_instrument_path(read_definition(elsewhere)) == instrument_path("qlq-c30")
    elsewhere.write_text("instrument: qlq-c30\n", encoding="utf-8")
    assert find_worded_instrument_path(read_definition(elsewhere)) is None
