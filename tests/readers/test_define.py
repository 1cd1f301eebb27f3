"""define.xml against the schema of Define-XML 2.1, and as odmlib reads it."""

from pathlib import Path

import pytest
from lxml import etree
from odmlib import define_loader, loader, schema_manager
from odmlib.define_2_1 import model as define
from readers.cdisc_files import (
    ADAM,
    SDTM,
    WrittenRelease,
    rows_that_should_be_there,
    write_cdisc_files,
)

NAMES = {"o": "http://www.cdisc.org/ns/odm/v1.3", "d": "http://www.cdisc.org/ns/def/v2.1"}
OWN = "{http://www.cdisc.org/ns/def/v2.1}"
STANDARDS = {"SDTM": SDTM, "ADaM": ADAM}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenRelease:
    """Give the files of the small release."""
    return write_cdisc_files(tmp_path_factory.mktemp("cdisc"))


def load(path: Path) -> define.MetaDataVersion:
    """Read the metadata with odmlib."""
    reader = loader.ODMLoader(define_loader.XMLDefineLoader(model_package="define_2_1"))
    reader.open_odm_document(str(path))
    return reader.MetaDataVersion()


@pytest.mark.parametrize("standard", STANDARDS)
def test_it_is_valid_by_the_schema_of_define_xml(written: WrittenRelease, standard: str) -> None:
    schema = etree.XMLSchema(etree.parse(schema_manager.get_schema_path("define", "2.1")))
    schema.validate(etree.parse(written.define_of(standard)))
    assert list(schema.error_log) == []


@pytest.mark.parametrize("standard", STANDARDS)
def test_odmlib_reads_every_dataset_and_variable(written: WrittenRelease, standard: str) -> None:
    metadata = load(written.define_of(standard))
    items = {item.OID: item for item in metadata.ItemDef}
    groups = {group.Name: group for group in metadata.ItemGroupDef}
    assert list(groups) == [dataset.name for dataset in STANDARDS[standard]]
    for dataset in STANDARDS[standard]:
        group = groups[dataset.name]
        assert group.Description.TranslatedText[0]._content == dataset.label  # noqa: SLF001 -- odmlib's name of an element's text
        told = [(items[ref.ItemOID].Name, items[ref.ItemOID].DataType) for ref in group.ItemRef]
        assert told == [(variable.name, variable.data_type) for variable in dataset.variables]
        keys = sorted((r.KeySequence, items[r.ItemOID].Name) for r in group.ItemRef if r.KeySequence)
        assert [name for _, name in keys] == list(dataset.keys)
        assert group.leaf.href == f"{dataset.name.lower()}.xpt"


@pytest.mark.parametrize("standard", STANDARDS)
def test_every_reference_leads_somewhere_and_nothing_stands_unused(
    written: WrittenRelease, standard: str
) -> None:
    root = etree.parse(written.define_of(standard)).getroot()
    referred = {
        ("ItemDef", "ItemOID"): "o",
        ("CodeList", "CodeListOID"): "o",
        ("MethodDef", "MethodOID"): "o",
        ("CommentDef", f"{OWN}CommentOID"): "d",
        ("ValueListDef", "ValueListOID"): "d",
        ("WhereClauseDef", "WhereClauseOID"): "d",
        ("Standard", f"{OWN}StandardOID"): "d",
    }
    for (element, attribute), prefix in referred.items():
        defined = [found.get("OID") for found in root.iterfind(f".//{prefix}:{element}", NAMES)]
        assert len(defined) == len(set(defined)), element
        used = {found.get(attribute) for found in root.iter() if found.get(attribute)}
        assert used == set(defined), element


def test_codes_of_the_sponsor_are_marked_as_extending_the_list(written: WrittenRelease) -> None:
    lists = {codes.OID: codes for codes in load(written.define_of("SDTM")).CodeList}
    marks = {item.CodedValue: item.ExtendedValue for item in lists["CL.QSTESTCD"].CodeListItem}
    assert marks["EOR0101"] is None
    assert marks["EOR0145"] is None
    assert {marks[code] for code in ("GIN2131", "GIN21ED", "C30SUMM", "QSALL")} == {"Yes"}
    # Names are the sponsor's wording, also those of CDISC's codes.
    assert {item.ExtendedValue for item in lists["CL.QSTEST"].EnumeratedItem} == {"Yes"}
    reasons = {item.CodedValue: item.ExtendedValue for item in lists["CL.NCOMPLT"].EnumeratedItem}
    assert {term for term, mark in reasons.items() if mark} == {"NEW ANTITUMOR TREATMENT"}
    categories = {item.CodedValue: item.ExtendedValue for item in lists["CL.QSCAT"].EnumeratedItem}
    assert categories == {"EORTC QLQ-C30 V3.0": None, "EORTC QLQ-GI.NET21": "Yes"}


@pytest.mark.parametrize("standard", STANDARDS)
def test_the_lists_of_cdisc_are_of_the_package_for_sdtm(written: WrittenRelease, standard: str) -> None:
    metadata = load(written.define_of(standard))
    packages = {known.OID: known.PublishingSet for known in metadata.Standards if known.Type == "CT"}
    used = {codes.StandardOID for codes in metadata.CodeList if codes.StandardOID}
    assert {packages[oid] for oid in used} == {"SDTM"}


def test_every_value_of_a_variable_with_a_list_stands_in_it(written: WrittenRelease) -> None:
    metadata = load(written.define_of("SDTM"))
    lists = {
        codes.OID: {item.CodedValue for item in (*codes.CodeListItem, *codes.EnumeratedItem)}
        for codes in metadata.CodeList
    }
    items = {item.OID: item for item in metadata.ItemDef}
    for dataset in SDTM:
        frame = rows_that_should_be_there(dataset)
        for variable in dataset.variables:
            item = items[f"IT.{dataset.name}.{variable.name}"]
            if item.CodeListRef:
                values = set(frame[variable.name].drop_nulls())
                assert values <= lists[item.CodeListRef.CodeListOID], f"{dataset.name}.{variable.name}"


def test_the_value_level_of_results_covers_every_question(written: WrittenRelease) -> None:
    metadata = load(written.define_of("SDTM"))
    clauses = {
        clause.OID: {value._content for check in clause.RangeCheck for value in check.CheckValue}  # noqa: SLF001 -- as above
        for clause in metadata.WhereClauseDef
    }
    (results,) = [known for known in metadata.ValueListDef if known.OID == "VL.QS.QSSTRESN"]
    covered = [clauses[ref.WhereClauseRef[0].WhereClauseOID] for ref in results.ItemRef]
    (codes,) = [known for known in metadata.CodeList if known.OID == "CL.QSTESTCD"]
    assert set().union(*covered) == {item.CodedValue for item in codes.CodeListItem} - {"QSALL"}
    assert sum(map(len, covered)) == len(set().union(*covered))


def test_text_is_as_long_as_the_longest_value(written: WrittenRelease) -> None:
    items = {item.OID: item for item in load(written.define_of("SDTM")).ItemDef}
    assert items["IT.DM.USUBJID"].Length == len("RELUTH-15-001")
    assert items["IT.DM.DTHDTC"].Length is None


def test_variables_and_datasets_without_values_say_so(written: WrittenRelease) -> None:
    groups = {group.Name: group for group in load(written.define_of("SDTM")).ItemGroupDef}
    empty = {ref.ItemOID for ref in groups["DM"].ItemRef if ref.HasNoData == "Yes"}
    assert empty == {"IT.DM.RACE", "IT.DM.ACTARMUD"}
    assert all(group.HasNoData is None for group in groups.values())


def test_the_document_carries_the_time_of_the_release(written: WrittenRelease) -> None:
    root = etree.parse(written.define_of("SDTM")).getroot()
    assert root.get("CreationDateTime") == "2026-10-01T10:00:00+00:00"
    assert root.get("SourceSystemVersion") == "0.0.1"
