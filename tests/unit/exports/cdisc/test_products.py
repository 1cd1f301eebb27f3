from collections import Counter
from pathlib import Path

import pyreadstat
import pytest
from release_world import empty_release, list_small_batches, small_release

from pro_app.exports.cdisc.codelist import Codelist
from pro_app.exports.cdisc.products import CdiscProduct
from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.codelists import list_sdtm_codelists
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

SDTM = list_sdtm_datasets()


def make(folder: Path, release: Release, *batches: Tables, most_rows: int = 1000) -> list[Remark]:
    """Make the SDTM datasets into `folder`/out."""
    workplace, out = folder / "workplace", folder / "out"
    workplace.mkdir(parents=True)
    out.mkdir()
    codelists = list_sdtm_codelists(release)
    product = CdiscProduct(
        SDTM, codelists=codelists, release=release, workplace=workplace, most_rows=most_rows
    )
    for batch in batches:
        product.add(batch)
    return product.finish(out)


def files_of(folder: Path) -> dict[str, bytes]:
    """Read all files by name."""
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


def test_two_makings_give_the_same_bytes(tmp_path: Path) -> None:
    release, batches = list_small_batches()
    make(tmp_path / "one", release, *batches)
    make(tmp_path / "two", release, *batches)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_batches_make_no_difference(tmp_path: Path) -> None:
    release, batches = list_small_batches()
    make(tmp_path / "parts", release, *batches)
    make(tmp_path / "whole", *small_release())
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")


def test_each_dataset_has_two_files_and_the_standard_one_define_xml(tmp_path: Path) -> None:
    make(tmp_path, *small_release(), most_rows=2000)
    names = {f"{dataset.name.lower()}.{suffix}" for dataset in SDTM for suffix in ("xpt", "json")}
    assert set(files_of(tmp_path)) == names | {"define.xml"}


def test_what_is_true_of_every_batch_is_remarked_once(tmp_path: Path) -> None:
    release, batches = list_small_batches()
    codes = Counter(remark.code for remark in make(tmp_path, release, *batches, most_rows=2000))
    assert codes == {"dm_demographics_missing": 5, "ex_no_dose": 1, "xpt_not_ascii": 1}


def test_a_dataset_of_too_many_rows_is_written_line_by_line_with_a_remark(tmp_path: Path) -> None:
    remarks = make(tmp_path, *small_release(), most_rows=1000)
    told = [(remark.code, remark.table) for remark in remarks if remark.code == "xpt_too_many_rows"]
    assert told == [("xpt_too_many_rows", "QS")]
    names = set(files_of(tmp_path))
    assert "qs.ndjson" in names
    assert not {"qs.xpt", "qs.json"} & names
    assert b'href="qs.ndjson"' in files_of(tmp_path)["define.xml"]


def test_an_empty_trial_has_every_file_and_its_design(tmp_path: Path) -> None:
    assert make(tmp_path, *empty_release()) == []
    out = tmp_path / "out"
    rows = {
        path.stem.upper(): pyreadstat.read_xport(path, output_format="polars")[0].height
        for path in out.glob("*.xpt")
    }
    assert rows == dict.fromkeys((d.name for d in SDTM), 0) | {"TA": 6, "TE": 4, "TV": 12}
    assert (out / "define.xml").read_bytes().count(b'HasNoData="Yes"') > 7


def test_a_trial_without_any_batch_has_every_file_too(tmp_path: Path) -> None:
    release, _ = empty_release()
    make(tmp_path, release)
    assert len(files_of(tmp_path)) == 2 * len(SDTM) + 1


def test_a_list_of_values_that_nobody_gives_is_an_error(tmp_path: Path) -> None:
    release, _ = empty_release()
    lists: tuple[Codelist, ...] = ()
    product = CdiscProduct(SDTM, codelists=lists, release=release, workplace=tmp_path)
    with pytest.raises(ValueError, match="no list of values"):
        product.finish(tmp_path)


def test_the_rows_are_counted_by_dataset(tmp_path: Path) -> None:
    release, tables = small_release()
    product = CdiscProduct(SDTM, codelists=list_sdtm_codelists(release), release=release, workplace=tmp_path)
    product.add(tables)
    rows = product.rows()
    assert rows["DM"] == tables["participants"].height
    assert rows["QS"] == 1030
