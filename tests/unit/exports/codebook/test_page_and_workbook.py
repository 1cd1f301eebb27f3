import zipfile
from pathlib import Path

from lxml import etree
from release_world import small_release

from pro_app.exports.codebook.codes import list_codes
from pro_app.exports.codebook.page import render_codebook
from pro_app.exports.codebook.scales import list_scales
from pro_app.exports.codebook.workbook import write_workbook
from pro_app.exports.manifest import build_manifest
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.catalogue import TABLES

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REMARK = Remark("x", "=SOMME(A1)", "@cmd, https://example.org", table="items", participant_code="15-001")


def write(folder: Path) -> Path:
    release, _ = small_release()
    path = folder / "codebook.xlsx"
    write_workbook(
        path,
        release,
        codes=list_codes(release.protocol, release.instruments, ["W08"]),
        scales=list_scales(release.protocol, release.instruments),
        remarks=[REMARK],
    )
    return path


def read_sheets(path: Path) -> dict[str, list[list[str]]]:
    """Give the cells of each sheet as text, row by row."""
    with zipfile.ZipFile(path) as archive:
        names = [
            sheet.get("name")
            for sheet in etree.fromstring(archive.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        return {
            str(name): [
                ["".join(cell.itertext()) for cell in row.iter(f"{MAIN}c")]
                for row in etree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml")).iter(
                    f"{MAIN}row"
                )
            ]
            for number, name in enumerate(names, 1)
        }


def test_the_workbook_has_a_sheet_for_each_part_with_all_its_rows(tmp_path: Path) -> None:
    release, _ = small_release()
    sheets = read_sheets(write(tmp_path))

    assert list(sheets) == ["Lisez-moi README", "Tables", "Columns", "Codes", "Scales", "Remarks"]
    assert [row[0] for row in sheets["Tables"][1:]] == [table.name for table in TABLES]
    assert len(sheets["Columns"]) == 1 + sum(len(table.columns) for table in TABLES)
    assert len(sheets["Codes"]) == 1 + len(list_codes(release.protocol, release.instruments, ["W08"]))
    assert [row[3] for row in sheets["Scales"][1:4]] == ["PF2", "RF2", "EF"]


def test_what_must_be_known_first_stands_on_top(tmp_path: Path) -> None:
    readme = read_sheets(write(tmp_path))["Lisez-moi README"]

    assert [row[0] for row in readme[1:3]] == ["À savoir · Note"] * 2
    assert "mode test" in readme[1][1]
    assert "Textes provisoires" in readme[2][1]
    assert "Placeholder wording" in readme[2][2]
    assert readme[4] == ["Gel · Release", "1", "1"]


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    path = write(tmp_path)

    assert read_sheets(path)["Remarks"][1][-2:] == [REMARK.fr, REMARK.en]
    with zipfile.ZipFile(path) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist() if "worksheets/" in name)
    assert b"<f>" not in content
    assert b"<hyperlink" not in content
    assert content.count(b'state="frozen"') == 6


def test_the_same_release_gives_the_same_bytes_at_its_own_time(tmp_path: Path) -> None:
    first = write(tmp_path).read_bytes()
    path = write(tmp_path)

    assert path.read_bytes() == first
    with zipfile.ZipFile(path) as archive:
        assert b"2026-10-01T10:00:00Z" in archive.read("docProps/core.xml")
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_the_page_says_everything_in_both_languages_and_needs_nothing_from_elsewhere() -> None:
    release, _ = small_release()
    codes = list_codes(release.protocol, release.instruments, ["W08"])
    scales = list_scales(release.protocol, release.instruments)

    page = render_codebook(build_manifest(release.provenance), codes, scales=scales)

    assert page.index("Textes provisoires") < page.index("<h2")
    for table in TABLES:
        assert f'<h2 id="table-{table.name}">{table.name}</h2>' in page
    assert "préfère ne pas répondre" in page
    assert "prefers not to answer" in page
    assert "-6 et .f" in page
    assert "EOR0132" in page
    assert "<script" not in page
    assert "http" not in page
