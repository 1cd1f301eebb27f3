"""The dataset says of which forms a question was read aloud."""

from datetime import date
from uuid import uuid4

from clinic_world import Clinic, noon
from export_world import export, open_dataset, person, tidy_tables

from pro_app.services.answers import Operation, save_operations

DAY = date(2026, 1, 20)


def answer(clinic: Clinic, participant_id: int, visit_code: str, *, listened: bool) -> None:
    """Answer one item on the day on which both forms can be answered."""
    said = Operation(str(uuid4()), "qlq-c30", 1, "answered", 2, listened=listened)
    assessment_id = clinic.assessments(participant_id)[visit_code].assessment_id
    actor = person(clinic, participant_id)
    with clinic.writing() as session:
        save_operations(session, assessment_id=assessment_id, operations=[said], actor=actor, now=noon(DAY))


def test_a_form_that_was_listened_to_is_marked_in_the_tables_and_explained(clinic: Clinic) -> None:
    people = [clinic.enrol(DAY, participant_code=f"15-00{n}", email=None, telephone=None) for n in (1, 2)]
    for participant_id, listened in zip(people, (True, False), strict=True):
        answer(clinic, participant_id, "BASELINE", listened=listened)

    rows = tidy_tables(clinic, now=noon(date(2026, 7, 1))).rows("assessments", visit_code="BASELINE")
    assert [(row["participant_code"], row["listened"]) for row in rows] == [
        ("15-001", True),
        ("15-002", False),
    ]
    files = open_dataset(export(clinic, now=noon(date(2026, 7, 1))))
    assert [row["listened"] for row in files.table("assessments") if row["visit_code"] == "BASELINE"] == [
        "1",
        "0",
    ]
    codebook = [text for name, text in files.files.items() if "codebook" in name]
    assert any("lue à voix haute".encode() in text for text in codebook)
