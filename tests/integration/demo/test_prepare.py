from pathlib import Path

import pytest

from pro_app.demo.folder import check_folder, forget
from pro_app.demo.run import DemoPlace, load_access, prepare, save_access
from pro_app.errors import InputRejected


def test_a_second_start_keeps_what_the_first_one_made(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    first = prepare(place)

    assert prepare(place) == first


def test_lives_led_under_other_rules_begin_anew(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    first = prepare(place)
    save_access(place.folder, first | {"protocol_sha256": "0" * 64})

    again = prepare(place)
    assert again["staff"][0]["password"] != first["staff"][0]["password"]
    assert load_access(place.folder) == again


def test_only_what_a_demo_made_is_ever_forgotten(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo", 8000)
    prepare(place)
    (place.folder / "thesis.txt").write_text("ten years of work", encoding="utf-8")

    with pytest.raises(InputRejected):
        check_folder(place.folder)
    forget(place.folder)
    assert [path.name for path in place.folder.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_and_one_that_is_not_there_yet_will_do(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(InputRejected):
        check_folder(tmp_path / "file")
