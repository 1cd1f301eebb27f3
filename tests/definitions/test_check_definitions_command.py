import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pro_app.definitions.files import QUESTIONNAIRES

HERE = Path(__file__).parent
C30 = QUESTIONNAIRES / "instruments" / "qlq-c30" / "3.0"


def run_command(
    *paths: Path | str, language: str = "en", folder: Path | None = None
) -> tuple[int, list[str]]:
    """Run the command without any setting; gives its exit status and what it printed but the remarks."""
    status, lines = run_whole(*paths, language=language, folder=folder)
    return status, [line for line in lines if ": remark: " not in line]


def run_whole(*paths: Path | str, language: str, folder: Path | None) -> tuple[int, list[str]]:
    """Run the command; gives its exit status and every line it printed."""
    done = subprocess.run(
        [Path(sys.executable).parent / "pro-app", "check-definitions", *paths],
        env={"PRO_APP_LANGUAGE": language},
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Give a folder with a sound instrument and a sound wording pack, where they belong."""
    folder = tmp_path / "instruments" / "tiny" / "1.0"
    (folder / "wording").mkdir(parents=True)
    shutil.copy(HERE / "tiny-instrument.yaml", folder / "instrument.yaml")
    shutil.copy(HERE / "tiny-wording.yaml", folder / "wording" / "tiny-fr.yaml")
    return tmp_path


def replace_in(path: Path, old: str, new: str) -> None:
    """Change one text of a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_everything_in_the_repository_is_well() -> None:
    status, lines = run_command()
    assert (status, len(lines)) == (0, 1), lines
    assert " 0 problems, " in lines[0]


def test_what_is_to_be_confirmed_is_printed_with_its_line_and_fails_nothing() -> None:
    status, lines = run_whole(C30 / "instrument.yaml", language="en", folder=QUESTIONNAIRES)
    assert status == 0
    start = (
        "instruments/qlq-c30/3.0/instrument.yaml:86: remark: To confirm against the licensed French QLQ-C30"
    )
    assert lines[0].startswith(start)
    assert lines[-1] == "1 file checked, 0 problems, 4 remarks"


def test_every_problem_of_every_file_is_printed_at_once_with_file_and_line(tiny: Path) -> None:
    folder = tiny / "instruments" / "tiny" / "1.0"
    replace_in(folder / "instrument.yaml", "default: manual", "default: book")
    replace_in(folder / "wording" / "tiny-fr.yaml", "1: Un", "1: ''")
    (folder / "wording" / "torn.yaml").write_text("pack: [", encoding="utf-8")
    status, lines = run_command(tiny, folder=tiny)
    assert status == 2
    where = "instruments/tiny/1.0"
    not_compared = "The instrument of this pack has problems, so the pack was not compared with it."
    message = "while parsing a flow node expected the node content, but found '<stream end>'"
    assert lines == [
        f"{where}/instrument.yaml:17: scoring.default: There is no scoring definition “book”.",
        f"{where}/wording/tiny-fr.yaml:2: instrument: {not_compared}",
        f"{where}/wording/tiny-fr.yaml:11: items.1: The text is empty.",
        f"{where}/wording/torn.yaml:1: The file is not readable YAML: {message}.",
        "3 files checked, 4 problems, 1 remark",
    ]


def test_a_pack_is_held_against_the_instrument_that_it_stands_with(tiny: Path) -> None:
    pack = tiny / "instruments" / "tiny" / "1.0" / "wording" / "tiny-fr.yaml"
    replace_in(pack, "  4: Quatre\n", "")
    assert run_command(pack, folder=pack.parent) == (
        2, ["tiny-fr.yaml:10: items: Item 4 has no text.", "1 file checked, 1 problem, 0 remarks"],
    )  # fmt: skip


def test_a_pack_that_stands_elsewhere_is_held_against_the_instrument_that_it_names(tmp_path: Path) -> None:
    pack = tmp_path / "mine.yaml"
    shutil.copy(C30 / "wording" / "placeholder-fr.yaml", pack)
    assert run_command(pack)[0] == 0
    replace_in(pack, "  30: ", "  31: ")
    status, lines = run_command(pack, folder=tmp_path)
    assert status == 2
    assert lines[:2] == [
        "mine.yaml:20: items: Item 30 has no text.",
        "mine.yaml:50: items.31: The instrument has no item 31.",
    ]
    replace_in(pack, 'version: "3.0"', 'version: "2.0"')
    assert run_command(pack, folder=tmp_path)[1][0] == (
        "mine.yaml:3: instrument: There is no instrument for this pack."
    )


def test_folder_and_file_names_repeat_what_the_files_say(tiny: Path) -> None:
    folder = tiny / "instruments" / "tiny" / "1.0"
    (folder / "wording" / "tiny-fr.yaml").rename(folder / "wording" / "other.yaml")
    folder.rename(folder.parent / "2.0")
    folder.parent.rename(tiny / "instruments" / "small")
    status, lines = run_command(tiny, folder=tiny / "instruments")
    assert status == 2
    assert lines == [
        "small/2.0/instrument.yaml:1: code: The folder is called “small”, the file says “tiny”.",
        "small/2.0/instrument.yaml:2: version: The folder is called “2.0”, the file says “1.0”.",
        "small/2.0/wording/other.yaml:1: pack: The file is called “other”, the pack says “tiny-fr”.",
        "2 files checked, 3 problems, 1 remark",
    ]


def test_a_protocol_names_instruments_and_scorings_that_are_there(tmp_path: Path) -> None:
    protocol = tmp_path / "protocol.yaml"
    shutil.copy(QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml", protocol)
    assert run_command(protocol)[0] == 0
    replace_in(
        protocol,
        'code: qlq-c30, version: "3.0", scoring: manual',
        'code: qlq-c30, version: "9.9", scoring: manual',
    )
    replace_in(
        protocol,
        'code: qlq-ginet21, version: "1.0", scoring: manual',
        'code: qlq-ginet21, version: "1.0", scoring: book',
    )
    status, lines = run_command(protocol, folder=tmp_path)
    assert status == 2
    assert [line.split(": ", 1)[1] for line in lines[:2]] == [
        "instruments[1]: There is no instrument qlq-c30 in version 9.9.",
        "instruments[2]: The instrument qlq-ginet21 has no scoring definition “book”.",
    ]


def test_a_protocol_names_scales_that_its_instruments_have(tmp_path: Path) -> None:
    protocol = tmp_path / "protocol.yaml"
    shutil.copy(QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml", protocol)
    replace_in(protocol, "      PF2: {below: 83}", "      PF3: {below: 83}")
    status, lines = run_command(protocol, folder=tmp_path)
    assert status == 2
    assert lines[0].split(": ", 1)[1] == (
        "thresholds.clinical_importance.bounds.PF3: No questionnaire of this trial has a scale “PF3”."
    )


def test_a_released_file_that_changed_is_a_problem_wherever_the_check_starts(tiny: Path) -> None:
    path = tiny / "instruments" / "tiny" / "1.0" / "instrument.yaml"
    sums = subprocess.run(
        ["sha256sum", path.relative_to(tiny)], cwd=tiny, capture_output=True, encoding="utf-8", check=True
    )
    (tiny / "released.sha256").write_text(sums.stdout, encoding="utf-8")
    assert run_command(tiny)[0] == 0
    replace_in(path, "title: Tiny", "title: Tinier")
    for start in (tiny, path, tiny / "released.sha256"):
        status, lines = run_command(start, folder=tiny)
        assert status == 2
        assert lines[0] == (
            "released.sha256:1: instruments/tiny/1.0/instrument.yaml was released and has changed: "
            "undo the change and make a new version."
        )


def test_a_path_that_is_not_there_an_empty_folder_and_a_stray_file_are_problems(tmp_path: Path) -> None:
    assert run_command(tmp_path / "nothing")[0] == 2
    (tmp_path / "empty").mkdir()
    status, lines = run_command(tmp_path / "empty", folder=tmp_path)
    assert (status, lines[0]) == (2, "empty:1: There is no definition file here.")
    (tmp_path / "protokol.yaml").write_text("a: 1\n", encoding="utf-8")
    status, lines = run_command(tmp_path / "protokol.yaml", folder=tmp_path)
    assert status == 2
    assert lines[0].startswith("protokol.yaml:1: This is no definition: none of the keys of an instrument")


@pytest.mark.parametrize(
    "path",
    [
        "protocols/reluth/1.0/protocol.yaml",
        "instruments/qlq-c30/3.0/instrument.yaml",
        "instruments/qlq-c30/3.0/wording/placeholder-fr.yaml",
        "scale_names.yaml",
    ],
)
def test_a_file_is_known_by_what_it_holds_whatever_it_is_called(tmp_path: Path, path: str) -> None:
    draft = tmp_path / "draft of 3 March.yaml"
    shutil.copy(QUESTIONNAIRES / path, draft)
    status, lines = run_command(draft)
    assert (status, lines[-1].startswith("1 file checked, 0 problems")) == (0, True)
    draft.write_text(draft.read_text(encoding="utf-8") + "surprise: 1\n", encoding="utf-8")
    status, lines = run_command(draft)
    assert (status, "surprise" in lines[0]) == (2, True)


def test_an_instrument_that_nobody_would_find_under_its_name_is_a_problem(tiny: Path) -> None:
    folder = tiny / "instruments" / "tiny" / "1.0"
    (folder / "instrument.yaml").rename(folder / "instruments.yaml")
    status, lines = run_command(folder / "instruments.yaml", folder=folder)
    assert status == 2
    assert lines[0] == "instruments.yaml:1: Here this file is found only if it is called instrument.yaml."


def test_a_file_given_twice_is_read_once(tiny: Path) -> None:
    path = tiny / "instruments" / "tiny" / "1.0" / "instrument.yaml"
    assert run_command(path, tiny)[1] == ["2 files checked, 0 problems, 1 remark"]
