"""A correction in data releases: both versions, the trail that explains it, and older ones as they were."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from clarification_world import Correction, add_investigator, wants
from making_world import CUT_OFF, LATER, MakingWorld

from pro_app.services.answer_readings import open_reading
from pro_app.services.clarifications.rules import WantedItem
from pro_app.services.releases.rebuild import RebuildReport, rebuild_release

EQUAL = RebuildReport(same_version=True, is_intact=True, same_bytes=True, files=(), traces=())
CORRECTED_AT = CUT_OFF + timedelta(days=2)
FREE_TEXT = ("Ticked by mistake, said Mrs Canary", "Binder canary, tab 4")


def correct(world: MakingWorld, participant_id: int) -> dict[int, tuple[int | None, int | None]]:
    """Let the patient's request be accepted; gives what the item said and what it says, by item."""
    investigator = add_investigator(world.clinic, world.clinic.site_id, 4)
    form = world.clinic.assessments(participant_id)["BASELINE"]
    correction = Correction(world.clinic, participant_id, form.assessment_id, investigator, investigator)
    before = correction.answers(correction.responses()[0])[1].value
    after = 1 if before != 1 else 2
    wanted = wants(
        WantedItem("qlq-c30", 1, "answered", after),
        asked_on=date(2026, 4, 2),
        request=FREE_TEXT[0],
        evidence_ref=FREE_TEXT[1],
    )
    key = correction.request(wanted, at=CORRECTED_AT)
    correction.decide(key, reason="Signed and dated.", at=CORRECTED_AT)
    return {1: (before, after)}


def read_table(world: MakingWorld, name: str, number: int) -> list[dict[str, str]]:
    text = world.read(f"tables/csv/{name}.csv", number).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_release_after_a_correction_has_both_versions_and_one_is_current(
    sqlite_world: MakingWorld, tmp_path: Path
) -> None:
    participant_id = sqlite_world.answer_baseline()
    first = sqlite_world.make()
    ((before, after),) = correct(sqlite_world, participant_id).values()
    sqlite_world.request(now=LATER)
    second = sqlite_world.make_next(now=LATER)

    items = [
        row
        for row in read_table(sqlite_world, "items", 2)
        if (row["instrument"], row["item"]) == ("qlq-c30", "1")
    ]
    said = [(row["response_version"], row["is_current"], row["value"]) for row in items if row["value"]]
    assert said == [("1", "0", str(before)), ("2", "1", str(after))]
    assert [row["entered_by"] for row in items if row["value"]] == ["participant", "staff"]
    scores = read_table(sqlite_world, "scores", 2)
    versions = {(row["instrument"], row["response_version"], row["is_current"]) for row in scores}
    assert {("qlq-c30", "1", "0"), ("qlq-c30", "2", "1"), ("qlq-ginet21", "1", "1")} <= versions
    days = {row["observed_on"] for row in scores if row["visit_code"] == "BASELINE"}
    assert days == {"2026-01-05"}

    responses = [
        json.loads(line)
        for line in sqlite_world.read("fhir/questionnaire-responses.ndjson", 2).decode().splitlines()
    ]
    assert sorted(r["status"] for r in responses if r["status"] in {"amended", "completed"}) == [
        "amended",
        "completed",
    ]

    with sqlite_world.database.reading() as session:
        for number, release in enumerate((first, second)):
            place = tmp_path / f"rebuilt-{number}.zip"
            assert rebuild_release(session, release, place, folder=sqlite_world.folder) == EQUAL


def test_the_trail_of_a_release_tells_the_correction_without_what_was_written_about_the_person(
    sqlite_world: MakingWorld,
) -> None:
    participant_id = sqlite_world.answer_baseline()
    ((before, after),) = correct(sqlite_world, participant_id).values()
    sqlite_world.request(now=LATER)
    sqlite_world.make_next(now=LATER)

    rows = read_table(sqlite_world, "audit_trail", 1)
    accepted = {
        row["field"]: (row["before"], row["after"]) for row in rows if row["action"] == "clarification.accept"
    }
    assert accepted["qlq-c30:1"] == (str(before), str(after))
    asked = {row["field"]: row["after"] for row in rows if row["action"] == "clarification.request"}
    assert (asked["qlq-c30:1"], asked["asked_on"]) == (str(after), "2026-04-02")
    assert {asked["request"], asked["evidence_ref"]} == {""}
    for name in ("tables/csv/audit_trail.csv", "tables/csv/remarks.csv"):
        content = sqlite_world.read(name, 1).decode()
        assert not any(text in content for text in FREE_TEXT)


def test_why_answers_were_read_stays_in_the_app_and_the_reading_itself_is_told(
    sqlite_world: MakingWorld,
) -> None:
    participant_id = sqlite_world.answer_baseline()
    investigator = add_investigator(sqlite_world.clinic, sqlite_world.clinic.site_id, 4)
    with sqlite_world.database.writing() as session:
        open_reading(session, participant_id, reason=FREE_TEXT[0], actor=investigator, now=CORRECTED_AT)
    sqlite_world.request(now=LATER)
    sqlite_world.make_next(now=LATER)

    (read,) = [row for row in read_table(sqlite_world, "audit_trail", 1) if row["action"] == "answers.read"]
    assert (read["reason"], read["field"], read["after"]) == ("", "reading", "")
    assert read["actor"] == f"account:{investigator.account_id}"
    with zipfile.ZipFile(sqlite_world.archive()) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert [name for name, content in files.items() if FREE_TEXT[0].encode() in content] == []


def test_a_release_still_leads_back_to_answers_that_were_filed_under_the_wrong_person(
    sqlite_world: MakingWorld, tmp_path: Path
) -> None:
    participant_id = sqlite_world.answer_baseline()
    first = sqlite_world.make()
    clinic = sqlite_world.clinic
    form = clinic.assessments(participant_id)["BASELINE"]
    clinic.enrol(date(2026, 1, 5), participant_code="15-099", email="", telephone="")
    investigator = add_investigator(clinic, clinic.site_id, 4)
    correction = Correction(clinic, participant_id, form.assessment_id, investigator, investigator)
    wanted = wants(kind="participant", asked_on=date(2026, 4, 2), to="15-099")
    key = correction.request(replace(wanted, items=()), at=CORRECTED_AT)
    correction.decide(key, at=CORRECTED_AT)
    sqlite_world.request(now=LATER)
    second = sqlite_world.make_next(now=LATER)

    received = {row["participant_code"] for row in read_table(sqlite_world, "items", 2) if row["value"]}
    assert "15-099" in received
    assert form.participant_code not in received
    with sqlite_world.database.reading() as session:
        for number, release in enumerate((first, second)):
            place = tmp_path / f"rebuilt-{number}.zip"
            assert rebuild_release(session, release, place, folder=sqlite_world.folder) == EQUAL
