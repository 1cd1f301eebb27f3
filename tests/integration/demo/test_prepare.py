from pathlib import Path

from pro_app.demo.run import DemoPlace, load_access, prepare, save_access


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
