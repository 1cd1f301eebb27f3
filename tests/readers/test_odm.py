from pathlib import Path

from odmlib.loader import ODMLoader
from odmlib.odm_loader import XMLODMLoader
from odmlib.odm_parser import ODMSchemaValidator
from release_world import list_small_batches

from pro_app.exports.odm.file import OdmFile


def write_small_file(path: Path) -> int:
    """Write the file of the small release; gives the number of people in it."""
    release, batches = list_small_batches()
    odm = OdmFile(path, release, sites=("15", "16"))
    for batch in batches:
        odm.add(batch)
    odm.finish()
    return sum(batch["participants"].height for batch in batches)


def test_odmlib_finds_the_file_valid(tmp_path: Path) -> None:
    write_small_file(tmp_path / "odm.xml")
    ODMSchemaValidator(standard="odm", version="1.3.2").validate_file(str(tmp_path / "odm.xml"))


def test_odmlib_reads_metadata_people_and_audit_records(tmp_path: Path) -> None:
    people = write_small_file(tmp_path / "odm.xml")
    loader = ODMLoader(XMLODMLoader(model_package="odm_1_3_2"))
    loader.open_odm_document(str(tmp_path / "odm.xml"))
    odm = loader.root()
    [study], [clinical] = odm.Study, odm.ClinicalData
    [metadata] = study.MetaDataVersion
    assert sum(item.OID.startswith("IT.qlq") for item in metadata.ItemDef) == 51
    assert len(clinical.SubjectData) == people
    first = clinical.SubjectData[0]
    baseline = next(event for event in first.StudyEventData if event.StudyEventOID == "SE.BASELINE")
    form = next(form for form in baseline.FormData if form.FormOID == "F.qlq-c30.3.0")
    item = form.ItemGroupData[0].ItemData[0]
    assert (item.ItemOID, item.Value) == ("IT.qlq-c30.3.0.01", "2")
    assert item.AuditRecord.UserRef.UserOID == "USER.participant"
    assert str(item.AuditRecord.DateTimeStamp.to_xml().text).startswith("2026-01-06T11:29:01")
