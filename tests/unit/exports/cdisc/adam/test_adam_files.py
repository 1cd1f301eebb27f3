import json
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from lxml import etree
from odmlib.odm_parser import ODMSchemaValidator
from release_world import empty_release

from pro_app.exports.cdisc.adam.catalogue import list_adam_datasets
from pro_app.exports.cdisc.adam.codelists import list_adam_codelists
from pro_app.exports.cdisc.products import CdiscProduct
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark


def write(release: Release, tables: Tables, folder: Path) -> list[Remark]:
    """Write the analysis datasets into a folder."""
    workplace = folder / "rows"
    workplace.mkdir()
    product = CdiscProduct(
        list_adam_datasets(), codelists=list_adam_codelists(release), release=release, workplace=workplace
    )
    product.add(tables)
    return product.finish(folder)


@pytest.fixture(scope="module")
def files(analysed: tuple[Release, Tables], tmp_path_factory: pytest.TempPathFactory) -> Path:
    release, tables = analysed
    folder = tmp_path_factory.mktemp("adam")
    assert write(release, tables, folder) == []
    return folder


@pytest.mark.parametrize("dataset", list_adam_datasets(), ids=lambda dataset: dataset.name)
def test_the_transport_file_holds_what_was_derived(
    dataset: object, files: Path, analysed: tuple[Release, Tables]
) -> None:
    release, tables = analysed
    [known] = [own for own in list_adam_datasets() if own is dataset]
    frame, meta = pyreadstat.read_xport(files / f"{known.name.lower()}.xpt", output_format="polars")
    derived = known.derive(tables, release)
    assert meta.column_names_to_labels == {v.name: v.label for v in known.variables}
    assert meta.file_label == known.label
    for variable in known.variables:
        column, expected = frame[variable.name], derived[variable.name]
        if variable.is_text:
            assert column.fill_null("").to_list() == expected.fill_null("").to_list()
        elif variable.display_format:
            assert column.cast(pl.Date).to_list() == expected.to_list()
        else:
            pairs = zip(column.to_list(), expected.to_list(), strict=True)
            assert all((a is None) == (b is None) and (a is None or abs(a - b) < 1e-12) for a, b in pairs)


def test_dataset_json_has_every_row(files: Path) -> None:
    for dataset in list_adam_datasets():
        content = json.loads((files / f"{dataset.name.lower()}.json").read_text(encoding="utf-8"))
        assert content["records"] == len(content["rows"]) > 0
        assert [column["name"] for column in content["columns"]] == list(dataset.variables_by_name)


def test_define_is_valid_and_says_how_each_value_is_derived(files: Path) -> None:
    path = str(files / "define.xml")
    ODMSchemaValidator(standard="define", version="2.1").validate_file(path)
    root = etree.parse(path).getroot()
    groups = [group.get("Name") for group in root.iterfind(".//{*}ItemGroupDef")]
    assert groups == ["ADSL", "ADQS", "ADTTE"]
    methods = ["".join(method.itertext()) for method in root.iterfind(".//{*}MethodDef")]
    assert any("ADT - RANDDT" in text for text in methods)
    assert any("100 * (1 - (RS - 1) / 3)" in text for text in methods)
    assert any("Time zero" in text for text in methods)


def test_an_empty_trial_has_its_files_without_rows(tmp_path: Path) -> None:
    release, tables = empty_release()
    assert write(release, tables, tmp_path) == []
    frame, _ = pyreadstat.read_xport(tmp_path / "adqs.xpt", output_format="polars")
    assert frame.height == 0
    ODMSchemaValidator(standard="define", version="2.1").validate_file(str(tmp_path / "define.xml"))


def test_the_same_rows_give_the_same_bytes(
    files: Path, analysed: tuple[Release, Tables], tmp_path: Path
) -> None:
    release, tables = analysed
    write(release, tables, tmp_path)
    for path in sorted(files.glob("*.*")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
