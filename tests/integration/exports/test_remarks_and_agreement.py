import shutil
from datetime import date, timedelta
from pathlib import Path

from amendment_world import apply as apply_amendment
from amendment_world import load_version
from clinic_world import Clinic, noon
from export_world import (
    EXPORTED_AT,
    answer_form,
    export,
    give_answers,
    golden_answers,
    open_dataset,
    tidy_tables,
)
from sqlalchemy import update

from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.services.events import Correction, correct_event
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.scores import Score

CONSENT, RANDOMISATION, WEEK_8 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 3, 9)
BOTH = {"qlq-c30": golden_answers("c30", 0), "qlq-ginet21": golden_answers("ginet21", 0)}


def enrol(clinic: Clinic, code: str, *, arm: str | None = "SURVEILLANCE") -> int:
    participant_id = clinic.enrol(CONSENT, participant_code=code, email=None, telephone=None)
    if arm:
        clinic.record(participant_id, "randomised", RANDOMISATION, arm=arm)
    return participant_id


def test_what_has_to_be_known_about_people_is_remarked(clinic: Clinic) -> None:
    nobody = enrol(clinic, "15-001")
    gone = clinic.enrol(CONSENT, participant_code="15-002", email=None, telephone=None)
    clinic.record(gone, "left", CONSENT)
    dead = clinic.enrol(CONSENT, participant_code="15-003", email=None, telephone=None)
    clinic.record(dead, "died", date(2026, 1, 8))
    proxy = clinic.enrol(CONSENT, participant_code="15-004", email=None, telephone=None)
    answer_form(clinic, proxy, "BASELINE", on=CONSENT, respondent="proxy")
    clinic.record(proxy, "randomised", RANDOMISATION, arm="LUTATHERA")
    late = clinic.enrol(CONSENT, participant_code="15-005", email=None, telephone=None)
    answer_form(clinic, late, "BASELINE", on=RANDOMISATION + timedelta(days=1))
    clinic.record(late, "randomised", RANDOMISATION, at=WEEK_8, arm="SURVEILLANCE")
    clinic.record(nobody, "data_objection", date(2026, 2, 1))
    fine = clinic.enrol(CONSENT, participant_code="15-006", email=None, telephone=None)
    answer_form(clinic, fine, "BASELINE", on=CONSENT)
    clinic.record(fine, "randomised", RANDOMISATION, arm="LUTATHERA")

    tables = tidy_tables(clinic)

    assert tables.said == {
        ("data_objection", "15-001", None),
        ("no_answer", "15-001", None),
        ("no_baseline", "15-001", None),
        ("left_on_enrolment", "15-002", None),
        ("no_answer", "15-002", None),
        ("died_before_first_visit", "15-003", None),
        ("no_answer", "15-003", None),
        ("no_baseline", "15-004", None),
        ("not_scored", "15-004", "BASELINE"),
        ("no_baseline", "15-005", None),
        ("late_baseline", "15-005", "BASELINE"),
    }
    assert {r.code for r in tables.remarks if not r.participant_code} == {
        "test_mode",
        "placeholder_wording",
        "provisional_dates",
    }
    assert all(remark.fr and remark.en and "{" not in remark.fr + remark.en for remark in tables.remarks)
    written = open_dataset(export(clinic)).table("remarks")
    assert [row["code"] for row in written] == [remark.code for remark in tables.remarks]


def test_two_forms_before_randomisation_and_answers_outside_the_calendar_are_remarked(
    clinic: Clinic,
) -> None:
    participant_id = clinic.enrol(CONSENT)
    answer_form(clinic, participant_id, "BASELINE", on=CONSENT)
    randomised = clinic.record(participant_id, "randomised", RANDOMISATION, arm="SURVEILLANCE")
    answer_form(clinic, participant_id, "M03", on=date(2026, 10, 12), line=7)
    with clinic.writing() as session:
        correction = Correction("misread", date(2026, 11, 1), {"arm": "SURVEILLANCE"})
        correct_event(session, randomised, correction, actor=clinic.nurse, now=noon(date(2026, 11, 2)))

    tables = tidy_tables(clinic, now=noon(date(2026, 11, 3)))

    assert tables.said >= {("two_baselines", "15-001", None), ("unscheduled", "15-001", "UNSCHEDULED")}
    baselines = {row["visit_code"] for row in tables.rows("scores", is_baseline=True, scale="PF2")}
    assert baselines == {"UNSCHEDULED"}


def test_a_new_version_of_an_instrument_is_remarked_and_each_form_keeps_its_own(
    clinic: Clinic, tmp_path: Path
) -> None:
    first = clinic.enrol(CONSENT)
    answer_form(clinic, first, "BASELINE", on=CONSENT)
    _load_next_protocol(clinic, tmp_path)
    second = clinic.enrol(CONSENT, participant_code="15-002", email=None, telephone=None)
    answer_form(clinic, second, "BASELINE", on=CONSENT)

    tables = tidy_tables(clinic)

    versions = {
        (row["participant_code"], row["instrument_version"])
        for row in tables.rows("items", instrument="qlq-c30")
    }
    assert versions == {("15-001", "3.0"), ("15-002", "3.1")}
    assert tables.differences == []
    [remark] = [r for r in tables.remarks if r.code == "instrument_versions"]
    assert "3.0 (1), 3.1 (1)" in remark.en
    assert [(w.instrument.code, w.instrument.version) for w in tables.release.instruments] == [
        ("qlq-c30", "3.1"),
        ("qlq-ginet21", "1.0"),
        ("qlq-c30", "3.0"),
    ]
    assert len(tables.rows("scores", scale="PF2")) == 2
    opened = open_dataset(export(clinic))
    assert {row["instrument_version"] for row in opened.table("items")} == {"3.0", "3.1", "1.0"}


def _load_next_protocol(clinic: Clinic, folder: Path) -> None:
    """Apply an amendment that asks a next version of one instrument."""
    root = folder / "questionnaires"
    shutil.copytree(QUESTIONNAIRES, root)
    instrument = root / "instruments" / "qlq-c30"
    shutil.copytree(instrument / "3.0", instrument / "3.1")
    protocol = root / "protocols" / "reluth"
    shutil.copytree(protocol / "1.0", protocol / "1.1")
    for path in (*(instrument / "3.1").rglob("*.yaml"), protocol / "1.1" / "protocol.yaml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('"3.0"', '"3.1"').replace('\nversion: "1.0"', '\nversion: "1.1"', 1)
        path.write_text(text, encoding="utf-8")
    load_version(clinic, protocol / "1.1" / "protocol.yaml", at=noon(CONSENT))
    apply_amendment(clinic, "1.1", at=CONSENT)


def test_a_stored_score_that_was_tampered_with_is_named_and_leads_the_remarks(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    answer_form(clinic, participant_id, "BASELINE", on=CONSENT)
    sound = tidy_tables(clinic)
    assert sound.differences == []
    other = sound.release.protocol.sha256
    with clinic.writing() as session:
        session.execute(update(Score).where(Score.scale_code == "QL2").values(value=12.5))
        session.execute(update(Score).where(Score.scale_code == "PF2").values(instrument_sha256=other))

    found = tidy_tables(clinic).differences

    assert {(d.scale, d.detail, d.stored) for d in found} == {
        ("QL2", "value", 12.5),
        ("PF2", "instrument_sha256", other),
    }
    assert found[0].key == ("reluth", "15", "15-001", "BASELINE", 0, "qlq-c30", "3.0", 1)
    assert open_dataset(export(clinic)).table("remarks")[0]["code"] == "score_differences"


def test_an_impossible_answer_of_an_unsent_form_is_named_and_stops_nothing(clinic: Clinic) -> None:
    participant_id = enrol(clinic, "15-001")
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1", 2: "1", 3: "1"}})
    with clinic.writing() as session:
        session.execute(update(Answer).where(Answer.item_number == 1).values(value=7))

    tables = tidy_tables(clinic)

    assert {(d.scale, d.detail, d.stored) for d in tables.differences} >= {("q1", "item", 7)}
    assert tables.rows("scores") == []


def test_scores_of_an_answer_by_somebody_else_would_be_named(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    assessment_id = answer_form(clinic, participant_id, "BASELINE", on=CONSENT)
    with clinic.writing() as session:
        session.execute(update(Assessment).where(Assessment.id == assessment_id).values(respondent="proxy"))

    assert {d.detail for d in tidy_tables(clinic).differences} >= {"value"}


def test_an_empty_trial_has_empty_tables(clinic: Clinic) -> None:
    tables = tidy_tables(clinic, now=EXPORTED_AT)

    assert {frame.height for name, frame in tables.frames.items() if name != "audit_trail"} == {0}
    assert [remark.code for remark in tables.remarks] == ["test_mode", "placeholder_wording", "empty_trial"]
