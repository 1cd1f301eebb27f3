from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from lxml import etree
from odmlib.schema_manager import get_schema_path
from release_world import empty_release, list_small_batches, small_release

from pro_app.exports.frames import Tables
from pro_app.exports.odm.file import OdmFile
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

SITES = ("15", "16")
ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
SCHEMA = etree.XMLSchema(etree.parse(get_schema_path("odm", "1.3.2")))


def write(
    path: Path, release: Release, *batches: Tables, sites: tuple[str, ...] = SITES
) -> tuple[etree._Element, list[Remark]]:
    """Write a file and give its root and the remarks, after checking it against CDISC's schema."""
    odm = OdmFile(path, release, sites=sites)
    for batch in batches:
        odm.add(batch)
    remarks = odm.finish()
    document = etree.parse(path)
    SCHEMA.assertValid(document)
    return document.getroot(), remarks


def changed(tables: Tables, name: str, **columns: pl.Expr) -> Tables:
    """Give the tables with other values in some columns of one of them."""
    return {**tables, name: tables[name].with_columns(**columns)}


def state_of(item: etree._Element) -> str:
    """Say what a reader of the file learns about an item without a number."""
    if item.get("Value") == "NOT_APPLICABLE":
        return "not_applicable"
    return item.findtext(f"{ODM}Annotation/{ODM}Flag/{ODM}FlagValue") or "answered"


def list_answers(root: etree._Element) -> Iterator[tuple[str, str, str, str | None, str, str | None]]:
    """Give person, visit, item OID, value, state and moment of every answer to an instrument."""
    for subject in root.iter(f"{ODM}SubjectData"):
        for event in subject.iter(f"{ODM}StudyEventData"):
            for item in event.iter(f"{ODM}ItemData"):
                oid, value = item.attrib["ItemOID"], item.get("Value")
                if oid.startswith("IT.qlq"):
                    yield (
                        subject.attrib["SubjectKey"],
                        event.get("StudyEventRepeatKey") or event.attrib["StudyEventOID"].removeprefix("SE."),
                        oid,
                        value if value and value.isdigit() else None,
                        state_of(item),
                        item.findtext(f"{ODM}AuditRecord/{ODM}DateTimeStamp"),
                    )


def test_every_answer_comes_back_with_its_value_its_state_and_its_moment(tmp_path: Path) -> None:
    release, batches = list_small_batches()
    root, remarks = write(tmp_path / "odm.xml", release, *batches)
    opened = pl.concat(batch["items"] for batch in batches).filter(
        ~pl.col("state").is_in(["form_missing", "not_expected"])
    )
    visit = pl.when(pl.col("visit_code") == "UNSCHEDULED").then(pl.col("ordinal").cast(pl.String))
    expected = opened.select(
        "participant_code",
        visit.otherwise(pl.col("visit_code")),
        pl.format(
            "IT.{}.{}.{}", "instrument", "instrument_version", pl.col("item").cast(pl.String).str.zfill(2)
        ),
        pl.col("value").cast(pl.String),
        "state",
        pl.col("answered_at").dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ"),
    )
    assert Counter(list_answers(root)) == Counter(expected.iter_rows())
    assert {"answered", "declined", "left_blank", "not_applicable", "not_reached"} <= set(opened["state"])
    assert remarks == []


def test_whatever_the_file_refers_to_is_defined_in_it(tmp_path: Path) -> None:
    release, tables = small_release()
    root, _ = write(tmp_path / "odm.xml", release, tables)
    defined = {element.attrib["OID"] for element in root.iter() if "OID" in element.attrib}
    referred = {
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if str(name).endswith("OID") and name not in {"OID", "FileOID"}
    }
    assert referred <= defined
    assert len(referred) > 100


def test_every_coded_value_is_in_the_code_list_of_its_item(tmp_path: Path) -> None:
    release, tables = small_release()
    root, _ = write(tmp_path / "odm.xml", release, tables)
    lists = {
        code_list.attrib["OID"]: {item.attrib["CodedValue"] for item in code_list}
        for code_list in root.iter(f"{ODM}CodeList")
    }
    coded = {
        item.attrib["OID"]: lists[str(reference.get("CodeListOID"))]
        for item in root.iter(f"{ODM}ItemDef")
        if (reference := item.find(f"{ODM}CodeListRef")) is not None
    }
    checked = [(i.attrib["ItemOID"], i.get("Value")) for i in root.iter(f"{ODM}ItemData") if i.get("Value")]
    strangers = {pair for pair in checked if pair[0] in coded and pair[1] not in coded[pair[0]]}
    flags = {(f.attrib["CodeListOID"], f.text) for f in root.iter(f"{ODM}FlagValue")}
    assert strangers == set()
    assert flags
    assert all(value in lists[str(oid)] for oid, value in flags)


def test_a_correction_updates_what_it_changes_and_says_why(tmp_path: Path) -> None:
    release, tables = small_release()
    root, _ = write(tmp_path / "odm.xml", release, tables)
    updated = [i for i in root.iter(f"{ODM}ItemData") if i.get("TransactionType") == "Update"]
    kept = [i for i in root.iter(f"{ODM}ItemData") if i.get("TransactionType") == "Context"]
    assert [item.attrib["ItemOID"] for item in updated] == ["IT.qlq-c30.3.0.01", "IT.qlq-c30.3.0.02"]
    assert all(item.findtext(f"{ODM}AuditRecord/{ODM}ReasonForChange") for item in updated)
    assert len(updated) + len(kept) == 51
    assert not any(item.findtext(f"{ODM}AuditRecord/{ODM}ReasonForChange") for item in kept)


def test_a_form_that_was_never_opened_says_why(tmp_path: Path) -> None:
    release, tables = small_release()
    root, _ = write(tmp_path / "odm.xml", release, tables)
    missing = tables["items"].filter(pl.col("state").is_in(["form_missing", "not_expected"]))
    forms = missing.select("participant_code", "visit_code", "ordinal", "instrument", "state").unique()
    said = Counter(
        form.findtext(f"{ODM}Annotation/{ODM}Flag/{ODM}FlagValue")
        for form in root.iter(f"{ODM}FormData")
        if form.attrib["FormOID"].startswith("F.qlq") and form.find(f"{ODM}ItemGroupData") is None
    )
    assert said == Counter(forms["state"])
    assert set(said) == {"form_missing", "not_expected"}


def test_the_words_are_those_of_the_packs_in_both_languages(tmp_path: Path) -> None:
    release, tables = small_release()
    root, _ = write(tmp_path / "odm.xml", release, tables)
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    worded = release.instruments[0]
    for number in (1, 30):
        item = root.find(f".//{ODM}ItemDef[@OID='IT.qlq-c30.3.0.{number:02}']")
        assert item is not None
        texts = {t.get(lang): t.text for t in item.iterfind(f"{ODM}Question/{ODM}TranslatedText")}
        assert texts == {language: pack.items[number] for language, pack in worded.wordings.items()}


def test_the_same_release_gives_the_same_bytes_however_it_is_cut_into_batches(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path / "whole.xml", release, tables)
    write(tmp_path / "cut.xml", release, *list_small_batches()[1])
    assert (tmp_path / "whole.xml").read_bytes() == (tmp_path / "cut.xml").read_bytes()


def test_an_empty_trial_has_its_metadata(tmp_path: Path) -> None:
    release, tables = empty_release()
    root, remarks = write(tmp_path / "odm.xml", release, tables, sites=())
    assert root.find(f"{ODM}ClinicalData/{ODM}SubjectData") is None
    assert len(root.findall(f".//{ODM}FormDef")) == 5
    assert remarks == []


@pytest.mark.parametrize("text", ['a<b>&"c"', "line\none\r\ttab", "]]>", "été d’hôpital 🙂"])
def test_any_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    release, tables = small_release()
    tables = changed(tables, "items", operation_id=pl.lit(text))
    tables = changed(tables, "assessments", plan_reason=pl.lit(text))
    root, remarks = write(tmp_path / "odm.xml", release, tables)
    assert {source.text for source in root.iter(f"{ODM}SourceID")} == {text}
    reasons = root.iterfind(f".//{ODM}ItemData[@ItemOID='IT.ASSESSMENT.plan_reason']")
    assert {item.get("Value") for item in reasons} == {text}
    assert remarks == []


def test_characters_that_xml_cannot_hold_are_replaced_and_remarked(tmp_path: Path) -> None:
    release, tables = small_release()
    tables = changed(tables, "assessments", plan_reason=pl.lit("bell\x07"))
    root, remarks = write(tmp_path / "odm.xml", replace(release, reason="a\x00b"), tables)
    reasons = root.iterfind(f".//{ODM}ItemData[@ItemOID='IT.ASSESSMENT.plan_reason']")
    assert {item.get("Value") for item in reasons} == {"bell\ufffd"}
    assert root.get("Description") == "a\ufffdb"
    assert [remark.code for remark in remarks] == ["odm_characters"]
    assert str(tables["assessments"].height) in remarks[0].en


def test_items_without_a_definition_are_left_out_and_remarked(tmp_path: Path) -> None:
    release, tables = small_release()
    tables = changed(tables, "items", instrument_version=pl.lit("9.9"))
    root, remarks = write(tmp_path / "odm.xml", release, tables)
    assert list(list_answers(root)) == []
    assert [remark.code for remark in remarks] == ["odm_unknown_item"]
    assert str(tables["items"].height) in remarks[0].en


def test_a_visit_that_the_protocol_no_longer_knows_keeps_its_code(tmp_path: Path) -> None:
    release, tables = small_release()
    for name in ("assessments", "items"):
        tables = changed(tables, name, visit_code=pl.col("visit_code").replace("M03", "D&90"))
    root, _ = write(tmp_path / "odm.xml", release, tables)
    events = root.findall(f".//{ODM}StudyEventData[@StudyEventOID='SE.OTHER']")
    assert {event.get("StudyEventRepeatKey") for event in events} == {"D&90"}


def test_an_instrument_without_any_wording_has_codes_for_words(tmp_path: Path) -> None:
    release, tables = small_release()
    bare = tuple(replace(worded, wordings={}) for worded in release.instruments)
    root, _ = write(tmp_path / "odm.xml", replace(release, instruments=bare), tables)
    assert root.find(f".//{ODM}ItemDef[@OID='IT.qlq-c30.3.0.01']") is not None


def test_a_site_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    release, tables = small_release()
    odm = OdmFile(tmp_path / "odm.xml", release, sites=("15",))
    with pytest.raises(ValueError, match="16"):
        odm.add(tables)
    odm.finish()
