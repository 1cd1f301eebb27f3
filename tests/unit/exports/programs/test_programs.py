"""What the programs say; tests/readers runs the one for R."""

import re
from pathlib import Path

from release_world import small_release

from pro_app.exports.programs.render import PROGRAMS, render_programs, write_programs
from pro_app.exports.tables.catalogue import TABLES


def test_both_programs_name_the_release_and_read_every_table_with_every_column() -> None:
    release, _ = small_release()

    programs = render_programs(release)

    assert list(programs) == ["read_release.R", "read_release.sas"]
    for text in programs.values():
        assert "reluth, release 1, 2026-10-01T10:00:00.000Z" in text
        for table in TABLES:
            for column in table.columns:
                assert re.search(rf"\b{column.name}\b", text), (table.name, column.name)
    for table in TABLES:
        assert f'"&root./tables/csv/{table.name}.csv"' in programs["read_release.sas"]
        assert f"  {table.name} = c(" in programs["read_release.R"]


def test_a_sas_table_reads_its_columns_in_their_order_each_by_its_type() -> None:
    release, _ = small_release()
    sas = render_programs(release)["read_release.sas"]

    for table in TABLES:
        step = sas[sas.index(f"data {table.name} (") :].partition("run;")[0]
        listed = step.partition("  input\n")[2].split(";")[0].split()
        assert tuple(listed) == table.column_names
        for column in table.columns:
            numeric = f"    {column.name} 8\n" in step
            assert numeric == (column.type != "text"), column.name
            assert (f"informat {column.name} " in step) == (column.type != "text")


def test_labels_are_quoted_so_that_sas_sees_no_macro_and_no_end() -> None:
    release, _ = small_release()
    sas = render_programs(release)["read_release.sas"]

    for line in sas.splitlines():
        if line.startswith("  label "):
            assert re.fullmatch(r"  label \w+='([^']|'')*';", line), line


def test_the_files_are_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    release, _ = small_release()
    write_programs(tmp_path, release)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PROGRAMS)
    for name, text in render_programs(release).items():
        assert (tmp_path / name).read_bytes() == text.encode("utf-8")
        assert b"\r" not in (tmp_path / name).read_bytes()
