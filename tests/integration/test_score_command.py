"""`pro-app score` on real files: what it writes, what it refuses, and what it leaves behind."""

import csv
import hashlib
import io
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro_app.cli import translation
from pro_app.cli.score import score

GOLDEN = Path(__file__).parents[1] / "golden" / "scores"
C30_HEADER = ["id", *(f"q{number}" for number in range(1, 31))]
FUNCTIONS = ["PF2", "RF2", "EF", "CF", "SF", "QL2"]
C30_SCALES = [*FUNCTIONS, "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI", "FI", "SUMMARY"]
BEST = ["1"] * 28 + ["7", "7"]


@pytest.fixture(autouse=True)
def english_messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PRO_APP_LANGUAGE", "en")
    translation._catalogue.cache_clear()  # noqa: SLF001 - a process reads its language once
    yield
    translation._catalogue.cache_clear()  # noqa: SLF001 - as above


def run(*arguments: object) -> Result:
    return CliRunner().invoke(score, [str(argument) for argument in arguments], catch_exceptions=False)


def score_c30(items: Path, *arguments: object) -> Result:
    return run(items, "--instrument", "qlq-c30", *arguments)


def write_items(folder: Path, rows: Iterable[Sequence[str]] = (("1", *BEST),)) -> Path:
    path = folder / "items.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([C30_HEADER, *rows])
    return path


def read_table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("arguments", "files", "renamed"),
    [
        (["--instrument", "qlq-c30"], "c30", {"SUMMARY": "SUMMARY_PROscorer"}),
        (["--instrument", "qlq-ginet21"], "ginet21", {}),
        (
            ["--instrument", "qlq-ginet21", "--definition", "yadegarfar-2013"],
            "ginet21",
            {"TR": "TR_2013", "WG": "WG_2013"},
        ),
    ],
)
def test_the_reference_files_come_out_scored_row_by_row(
    tmp_path: Path, *, arguments: list[str], files: str, renamed: dict[str, str]
) -> None:
    out = tmp_path / "scores.csv"

    result = run(GOLDEN / f"{files}_items.csv", *arguments, "--out", out)

    assert (result.exit_code, result.stdout) == (0, "")
    expected = read_table((GOLDEN / f"{files}_scores.csv").read_text(encoding="utf-8"))
    rows = read_table(out.read_text(encoding="utf-8"))
    assert len(rows) == len(expected)
    for row, reference in zip(rows, expected, strict=True):
        for name, text in row.items():
            wanted = reference[renamed.get(name, name)]
            if name in {"id", "case"} or not wanted:
                assert text == wanted
            else:
                assert float(text) == pytest.approx(float(wanted), rel=0, abs=1e-9)


def test_other_columns_keep_their_place_and_their_text(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    note = 'a "quoted", note\r\nover\rlines; é'
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["note", *C30_HEADER, " visit"], [note, "1", *BEST, "=M03"]])

    result = score_c30(path)

    header, row = csv.reader(io.StringIO(result.stdout_bytes.decode(), newline=""))
    assert header == ["note", "id", " visit", *C30_SCALES]
    assert row == [note, "1", "=M03", *["100.0"] * 6, *["0.0"] * 9, "100.0"]


def test_scores_have_full_precision(tmp_path: Path) -> None:
    path = write_items(tmp_path, [["1", "2", "1", "1", *BEST[3:]]])

    assert read_table(score_c30(path).stdout)[0]["PF2"] == repr(100 - 100 / 15)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + ",".join(C30_HEADER).encode() + b"\r\n1," + ",".join(BEST).encode() + b"\r\n"
    )

    result = score_c30(path)

    assert result.exit_code == 0
    assert read_table(result.stdout)[0]["id"] == "1"


def test_a_table_without_rows_gives_a_table_without_rows(tmp_path: Path) -> None:
    result = score_c30(write_items(tmp_path, []))

    assert result.exit_code == 0
    assert result.stdout == ",".join(["id", *C30_SCALES]) + "\n"


def test_one_bad_value_rejects_its_row_and_no_other(tmp_path: Path) -> None:
    rejects, out = tmp_path / "rejects.csv", tmp_path / "scores.csv"
    rows = [
        ["1", *BEST],
        ["2", "9", *BEST[1:]],
        ["3", *BEST[:-1]],
        ["4", *BEST, "1"],
        ["5", *BEST[:-1], "NA"],
    ]
    path = write_items(tmp_path, [*rows, ["6", "N", "x", *BEST[2:]], ["", *BEST], ["8", *BEST]])

    result = score_c30(path, "--out", out, "--rejects", rejects)

    assert result.exit_code == 3
    assert [row["id"] for row in read_table(out.read_text())] == ["1", "8"]
    rejected = read_table(rejects.read_text())
    assert [(r["line"], r["id"], r["column"], r["value"]) for r in rejected] == [
        ("3", "2", "q1", "9"),
        ("4", "3", "", ""),
        ("5", "4", "", ""),
        ("6", "5", "q30", "NA"),
        ("7", "6", "q1", "N"),
        ("7", "6", "q2", "x"),
        ("8", "", "id", ""),
    ]
    assert all(r["reason"].endswith(".") for r in rejected)
    assert "2" in result.stderr
    assert "6" in result.stderr


def test_rejects_are_listed_on_standard_error_without_a_file_for_them(tmp_path: Path) -> None:
    result = score_c30(write_items(tmp_path, [["1", *BEST], ["2", "9", *BEST[1:]]]))

    assert result.exit_code == 3
    assert [row["id"] for row in read_table(result.stdout)] == ["1"]
    assert result.stderr.splitlines()[:2] == [
        "line,id,column,value,reason",
        "3,2,q1,9," + result.stderr.splitlines()[1].split(",", 4)[4],
    ]


def test_the_rejects_file_is_there_even_when_nothing_was_rejected(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"

    assert score_c30(write_items(tmp_path), "--rejects", rejects).exit_code == 0
    assert rejects.read_text() == "line,id,column,value,reason\n"


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [["note", *C30_HEADER], ["two\nlines", "1", *BEST], ["", "2", "9", *BEST[1:]]]
        csv.writer(file, lineterminator="\n").writerows(rows)

    assert read_table(score_c30(path).stderr)[0]["line"] == "4"


HEADER = ",".join(C30_HEADER).encode()
ROW = b"1," + ",".join(BEST).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        (b"PK\x03\x04rest of a workbook", "workbook"),
        ((HEADER + b"\n" + ROW).decode().encode("utf-16"), "UTF-16"),
        (HEADER + b"\n" + ROW + b"\n\xe9" + ROW, "Line 3: The file is not UTF-8: byte 1"),
        (HEADER + b",note\n" + ROW + b",\xc3\xa9t\xe9", "Line 2: The file is not UTF-8: byte 66"),
        (HEADER.replace(b",", b";") + b"\n", "semicolons"),
        (HEADER.replace(b",", b"\t") + b"\n", "tabs"),
        (HEADER.replace(b"id,", b"patient,"), "Missing columns: id."),
        (HEADER.replace(b",q7,", b","), "Missing columns: q7."),
        (HEADER + b",q7", "occur twice: q7"),
        (HEADER + b",SUMMARY", "SUMMARY"),
        (b"%PDF-1.7\nnothing of a table", "Missing columns"),
        (b'"' + HEADER, "column names"),
    ],
)
def test_an_unusable_file_is_refused_in_words_and_leaves_nothing(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path, out = tmp_path / "items.csv", tmp_path / "scores.csv"
    path.write_bytes(content)

    result = score_c30(path, "--out", out, "--rejects", tmp_path / "rejects.csv")

    assert result.exit_code == 2
    assert words in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["items.csv"]


def test_an_unusable_end_of_a_file_leaves_the_scores_of_before(tmp_path: Path) -> None:
    path, out = tmp_path / "items.csv", tmp_path / "scores.csv"
    path.write_bytes(HEADER + b"\n" + (ROW + b"\n") * 20_000 + b"\xff")
    out.write_text("scores of before")

    assert score_c30(path, "--out", out).exit_code == 2
    assert out.read_text() == "scores of before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["items.csv", "scores.csv"]


def test_paths_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    items = write_items(tmp_path)
    for arguments, named, words in (
        ([tmp_path / "none.csv"], "none.csv", "no such file"),
        ([tmp_path], tmp_path.name, "folder"),
        ([items, "--out", tmp_path / "none" / "scores.csv"], "scores.csv", "no such file or folder"),
        ([items, "--rejects", tmp_path / "none" / "rejects.csv"], "rejects.csv", "no such file or folder"),
        ([items, "--out", tmp_path], tmp_path.name, "folder"),
    ):
        result = score_c30(*arguments)

        assert result.exit_code == 2
        assert named in result.stderr
        assert words in result.stderr
        assert ".part" not in result.stderr


def test_the_answers_are_never_written_over(tmp_path: Path) -> None:
    items = write_items(tmp_path)
    before = items.read_bytes()

    for arguments in (
        ["--out", items],
        ["--rejects", items],
        ["--out", tmp_path / "x", "--rejects", tmp_path / "x"],
    ):
        result = score_c30(items, *arguments)

        assert result.exit_code == 2
        assert "three different files" in result.stderr
    assert items.read_bytes() == before


def test_a_full_disk_is_named_and_nothing_is_called_done(tmp_path: Path) -> None:
    result = score_c30(write_items(tmp_path), "--out", "/dev/full")

    assert result.exit_code == 2
    assert "disk is full" in result.stderr
    assert "Rows scored" not in result.stderr


def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path) -> None:
    result = score_c30(write_items(tmp_path), "--out", "/dev/null", "--rejects", "/dev/null")

    assert result.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    items = write_items(tmp_path)

    unknown = run(items, "--instrument", "qlq-c31")
    without = score_c30(items, "--definition", "yadegarfar-2013")

    assert (unknown.exit_code, without.exit_code) == (2, 2)
    assert "qlq-c30, qlq-ginet21" in unknown.stderr
    assert "manual" in without.stderr
    assert run(items).exit_code == 2


def test_hostile_bytes_never_end_in_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    for junk in (b'"', b"\0", b"\r", b'""', b'"\n"', b"," * 100, "\ufeffé\u2028".encode(), b"'" * 9):
        path.write_bytes(HEADER + b"\n" + ROW + b"\n" + junk + b"\n" + ROW + b"\n")

        result = score_c30(path)

        assert result.exit_code in {0, 3}
        assert len(read_table(result.stdout)) == 2


def test_the_installed_command_scores_and_ends_quietly_when_nobody_reads_on(tmp_path: Path) -> None:
    items = write_items(tmp_path, [[str(number), *BEST] for number in range(5_000)])
    command = [str(Path(sys.executable).with_name("pro-app")), "score", str(items), "--instrument", "qlq-c30"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        header, first = process.stdout.readline(), process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert header.startswith("id,PF2,")
    assert first.startswith("0,100.0,")
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint


MEASURED_RUN = """
import re, sys
from pathlib import Path
from pro_app.cli.score import score
score.main(sys.argv[1:], standalone_mode=False)
# What getrusage says begins with the memory of the process that started this one.
print("peak", re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def measure_peak(path: Path, rows: int) -> int:
    """Score `rows` rows in a process of its own and give its peak memory in KiB."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(C30_HEADER) + "\n")
        # A hash stands in for chance: many patterns, the same ones on every run.
        codes = (hashlib.sha256(str(number).encode()).digest()[:30] for number in range(rows))
        lines = (",".join(str(1 + code % 4) for code in row) for row in codes)
        file.writelines(f"{number},{line}\n" for number, line in enumerate(lines))
    out = path.with_name("scores.csv")
    command = [sys.executable, "-c", MEASURED_RUN, str(path), "--instrument", "qlq-c30", "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    with out.open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == rows + 1
    return int(result.stderr.rsplit("peak ", 1)[1])


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small = measure_peak(tmp_path / "small.csv", 1_000)

    large = measure_peak(tmp_path / "large.csv", 100_000)

    assert large - small < 12 * 1024
