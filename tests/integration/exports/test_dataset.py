import hashlib
import json
import re
from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from conftest import TEST_SECRET
from export_world import (
    CANARY_EMAIL,
    CANARY_TELEPHONE,
    EXPORTED_AT,
    OpenedDataset,
    answer_form,
    export,
    give_answers,
    golden_answers,
    golden_row,
    open_dataset,
    send,
    statistician,
)

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import InputRejected, NotFound
from pro_app.exports.tables.catalogue import TABLES
from pro_app.services.cards import print_card
from pro_app.services.dataset import (
    build_dataset,
    describe_dataset,
    list_downloads,
    open_snapshot,
    record_download,
)
from pro_app.services.events import Correction, correct_event
from pro_app.services.visits import NotDone, record_not_done

CONSENT, RANDOMISATION = date(2026, 1, 5), date(2026, 1, 12)
WEEK_8 = date(2026, 3, 9)
ALLOWED_COLUMNS = {
    "participants": "study site participant_code language protocol_version consented_on arm randomised_on "
    "infusions last_infusion_on treatment_ended_on progressed_on new_treatment_on "
    "questionnaires_stopped_on lost_on left_on died_on data_objection_on",
    "events": "study site participant_code event kind occurred_on arm until_on resumes in_force replaces "
    "retracts recorded_at",
    "visits": "study site participant_code visit_code revision is_current phase anchor opens_on target_on "
    "closes_on zone provisional expected plan_reason protocol_version planned_at replaced_at",
    "assessments": "study site participant_code visit_code ordinal opens_on target_on closes_on provisional "
    "window_closed expected received valid in_window late incomplete after_randomisation state plan_reason "
    "missing_reason missing_said_by observed_on started_at submitted_at mode respondent received_late "
    "set_aside conflicts listened source_on double_entered",
    "items": "study site participant_code visit_code ordinal instrument instrument_version response_version "
    "is_current incomplete item state value mode entered_by answered_at received_at received_late "
    "device_at device_zone clock_off operation_id counter wording_sha256 remark",
    "scores": "study site participant_code visit_code ordinal instrument instrument_version response_version "
    "is_current incomplete scoring_name scale value raw answered not_applicable missing needed reason "
    "instrument_sha256 app_version scored_at observed_on submitted_at is_baseline baseline change "
    "minimal_difference change_category importance_threshold important",
    "deterioration": "study site participant_code arm instrument scale definition minimal_difference event "
    "time_days time_months outcome starts_on ends_on reference value visit_code",
    "completion": "study visit_code randomised expected received valid in_window late incomplete missed "
    "completed available completion_rate available_data_rate",
    "audit_trail": "study site participant_code chain sequence at actor role action subject field before "
    "after reason app_version digest",
    "remarks": "study site participant_code visit_code code table remark_fr remark_en",
}


def golden_pair(line: int) -> dict[str, dict[int, str]]:
    return {"qlq-c30": golden_answers("c30", line), "qlq-ginet21": golden_answers("ginet21", line)}


def items_of(opened: OpenedDataset, visit_code: str) -> list[dict[str, str]]:
    """Give the items of one visit."""
    return [item for item in opened.table("items") if item["visit_code"] == visit_code]


def answered_baseline(
    clinic: Clinic, code: str = "15-001", *, line: int = 0, respondent: str = "self"
) -> int:
    """Enrol, answer and send the baseline, randomise; gives the participant's key."""
    participant_id = clinic.enrol(
        CONSENT, participant_code=code, email=CANARY_EMAIL, telephone=CANARY_TELEPHONE
    )
    answer_form(clinic, participant_id, "BASELINE", on=CONSENT, line=line, respondent=respondent)
    clinic.record(participant_id, "randomised", RANDOMISATION, arm="LUTATHERA")
    return participant_id


def test_an_empty_trial_gives_tables_with_headers_only(clinic: Clinic) -> None:
    dataset = export(clinic)

    opened = open_dataset(dataset)
    full = {"audit_trail", "remarks"}
    assert {name for name, rows in dataset.rows.items() if rows} == full
    assert {name: opened.files[f"{name}.csv"].decode() for name in dataset.rows.keys() - full} == {
        name: ",".join(columns.split()) + "\r\n"
        for name, columns in ALLOWED_COLUMNS.items()
        if name not in full
    }
    assert [row["code"] for row in opened.table("remarks")] == [
        "test_mode",
        "placeholder_wording",
        "empty_trial",
    ]


def test_no_other_column_leaves_the_house() -> None:
    assert {table.name: [column.name for column in table.columns] for table in TABLES} == {
        name: columns.split() for name, columns in ALLOWED_COLUMNS.items()
    }


def test_every_column_is_documented() -> None:
    text = (QUESTIONNAIRES.parent / "docs" / "datasets.md").read_text(encoding="utf-8")
    documented = {
        section.split("`")[0]: re.findall(r"`(\w+)`", section.split(":", 1)[1].split("\n\n")[0])
        for section in text.split("\n\n`")[1:]
        if section.split("`")[0].endswith(".csv")
    }

    assert {f"{name}.csv": columns.split() for name, columns in ALLOWED_COLUMNS.items()} == {
        name: columns for name, columns in documented.items() if name != "codebook.csv"
    }


@pytest.mark.parametrize("line", [0, 7, 100])
def test_scores_are_those_of_the_reference(clinic: Clinic, line: int) -> None:
    answered_baseline(clinic, line=line)
    wanted = golden_row("c30_scores.csv", line) | golden_row("ginet21_scores.csv", line)
    wanted["SUMMARY"] = wanted["SUMMARY_PROscorer"]

    scores = open_dataset(export(clinic)).table("scores")

    assert len(scores) == 16 + 9
    for score in scores:
        expected = wanted[score["scale"]]
        assert (score["value"] == "") == (expected == ""), score["scale"]
        assert float(score["value"] or 0) == pytest.approx(float(expected or 0), abs=1e-9)
        assert (score["value"] == "") == (score["reason"] != "")


def test_items_are_the_answers_given_with_one_row_each(clinic: Clinic) -> None:
    answered_baseline(clinic)

    items = items_of(open_dataset(export(clinic)), "BASELINE")

    given = golden_pair(0)["qlq-c30"] | golden_pair(0)["qlq-ginet21"]
    assert [int(item["item"]) for item in items] == list(range(1, 52))
    assert {int(item["item"]): item["value"] for item in items} == given
    assert {item["entered_by"] for item in items if item["value"]} == {"participant"}
    assert {item["state"] for item in items if not item["value"]} <= {"not_reached", "left_blank"}


def test_a_form_that_was_never_sent_is_scored_and_marked_once_its_window_is_over(clinic: Clinic) -> None:
    participant_id = answered_baseline(clinic)
    answers = {"qlq-c30": {1: "1", 2: "2", 3: "1", 29: "7"}}
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers=answers)
    still_open, over = noon(WEEK_8), noon(WEEK_8 + timedelta(days=8))

    before = open_dataset(export(clinic, now=still_open))
    after = open_dataset(export(clinic, now=over))

    assert {item["visit_code"] for item in before.table("items")} == {"BASELINE"}
    assert {score["visit_code"] for score in before.table("scores")} == {"BASELINE"}
    items = items_of(after, "W08")
    assert len(items) == 51
    assert {item["incomplete"] for item in items} == {"1"}
    assert [int(item["item"]) for item in items if item["state"] == "answered"] == [1, 2, 3, 29]
    assert {item["state"] for item in items if not item["value"]} == {"not_reached"}
    # The second questionnaire was never opened: its items are there, but nothing is kept of it.
    assert {item["response_version"] for item in items if item["instrument"] == "qlq-ginet21"} == {""}
    scores = {s["scale"]: s for s in after.table("scores") if s["visit_code"] == "W08"}
    assert len(scores) == 16
    assert float(scores["PF2"]["value"]) == pytest.approx((1 - (4 / 3 - 1) / 3) * 100)
    assert (scores["QL2"]["value"], scores["QL2"]["missing"], scores["QL2"]["incomplete"]) == (
        "100.0",
        "1",
        "1",
    )
    assert (scores["EF"]["value"], scores["EF"]["reason"]) == ("", "too_few_answers")
    week_8 = next(row for row in after.table("assessments") if row["visit_code"] == "W08")
    assert (week_8["incomplete"], week_8["received"], week_8["valid"], week_8["state"]) == (
        "1",
        "0",
        "0",
        "incomplete",
    )


def test_answers_by_a_relative_in_the_persons_place_are_exported_and_not_scored(clinic: Clinic) -> None:
    answered_baseline(clinic, respondent="proxy")

    opened = open_dataset(export(clinic))

    baseline = next(row for row in opened.table("assessments") if row["visit_code"] == "BASELINE")
    assert (baseline["respondent"], baseline["received"], baseline["valid"]) == ("proxy", "1", "0")
    assert len(items_of(opened, "BASELINE")) == 51
    assert opened.table("scores") == []


def test_a_baseline_given_after_the_randomisation_is_flagged(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    given_on = RANDOMISATION + timedelta(days=1)
    assessment_id = give_answers(
        clinic, participant_id, "BASELINE", on=given_on, answers={"qlq-c30": {1: "1"}}
    )
    send(clinic, participant_id, assessment_id, on=given_on)
    clinic.record(
        participant_id, "randomised", RANDOMISATION, at=given_on + timedelta(days=1), arm="SURVEILLANCE"
    )

    rows = open_dataset(export(clinic)).table("assessments")

    flagged = {row["visit_code"]: row["after_randomisation"] for row in rows}
    baseline = next(row for row in rows if row["visit_code"] == "BASELINE")
    assert (baseline["late"], baseline["in_window"], baseline["received"]) == ("1", "0", "1")
    assert [code for code, flag in flagged.items() if flag == "1"] == ["BASELINE"]


def test_participants_carry_their_facts_and_a_death_ends_what_is_expected(clinic: Clinic) -> None:
    participant_id = answered_baseline(clinic)
    clinic.record(participant_id, "infusion", date(2026, 1, 20))
    clinic.record(participant_id, "infusion", date(2026, 3, 17))
    clinic.record(participant_id, "died", date(2026, 3, 20))

    opened = open_dataset(export(clinic))

    [person] = opened.table("participants")
    assert {
        name: person[name] for name in ("arm", "infusions", "last_infusion_on", "died_on", "left_on")
    } == {
        "arm": "LUTATHERA",
        "infusions": "2",
        "last_infusion_on": "2026-03-17",
        "died_on": "2026-03-20",
        "left_on": "",
    }
    expected = {row["visit_code"]: (row["expected"], row["state"]) for row in opened.table("assessments")}
    assert expected["W08"] == ("1", "missed")
    assert expected["W16"] == ("0", "not_required")


def test_the_same_data_and_time_give_the_same_bytes_in_whatever_order_they_came(clinic: Clinic) -> None:
    for code in ("15-003", "15-001", "15-002"):
        answered_baseline(clinic, code)

    first, second = export(clinic), export(clinic)

    assert first.content == second.content
    codes = [row["participant_code"] for row in open_dataset(first).table("participants")]
    assert codes == ["15-001", "15-002", "15-003"]
    later = export(clinic, now=EXPORTED_AT + timedelta(hours=1))
    assert open_dataset(later).files["items.csv"] == open_dataset(first).files["items.csv"]


def test_the_manifest_vouches_for_every_file(clinic: Clinic) -> None:
    answered_baseline(clinic)

    dataset = export(clinic)

    files = open_dataset(dataset).files
    manifest = json.loads(files["manifest.json"])
    listed = {file["name"]: file for file in manifest["files"]}
    assert listed.keys() == files.keys() - {"manifest.json"}
    for name, file in listed.items():
        assert file["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert file["size"] == len(files[name])
    assert {name: listed[f"{name}.csv"]["rows"] for name in dataset.rows} == dataset.rows
    # The form of week 8 is missing, and its items say so.
    assert dataset.rows["items"] == 51 + 51
    assert [used["code"] for used in manifest["instruments"]] == ["qlq-c30", "qlq-ginet21"]
    assert {wording["placeholder"] for wording in manifest["wordings"]} == {True}
    assert any("Placeholder wording" in remark["en"] for remark in manifest["remarks"])
    assert (manifest["made_by"], manifest["made_at"], manifest["purpose"]) == (
        "account:1 (statistician)",
        "2026-04-01T11:00:00.000Z",
        "a test",
    )


def test_the_codebook_explains_every_column_and_every_code_in_both_languages(clinic: Clinic) -> None:
    participant_id = answered_baseline(clinic)
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1"}})

    opened = open_dataset(export(clinic))

    codebook = opened.table("codebook")
    columns = {(row["table"], row["name"]) for row in codebook if row["kind"] == "column"}
    assert columns == {(table.name, column.name) for table in TABLES for column in table.columns}
    assert all(row["label_fr"] and row["label_en"] for row in codebook)
    lists: dict[str, set[str]] = {}
    for row in codebook:
        if row["kind"] == "code":
            lists.setdefault(row["codes"], set()).add(row["name"])
    for table in TABLES:
        for column in (column for column in table.columns if column.codes):
            seen = {row[column.name] for row in opened.table(table.name)} - {""}
            assert seen <= lists[column.codes], column.name
    page = opened.files["codebook.html"].decode()
    assert "Textes provisoires" in page
    assert "<script" not in page
    assert "http" not in page


def test_no_contact_code_or_name_is_anywhere_in_the_archive(clinic: Clinic) -> None:
    participant_id = answered_baseline(clinic)
    with clinic.writing() as session:
        card = print_card(
            session,
            participant_id=participant_id,
            secret_key=TEST_SECRET,
            actor=clinic.nurse,
            now=noon(CONSENT),
        )

    files = open_dataset(export(clinic)).files

    canaries = [
        CANARY_EMAIL,
        "canary",
        CANARY_TELEPHONE,
        CANARY_TELEPHONE.replace(" ", ""),
        "+336",
        "Member",
        "member-0",
        card.token,
        card.short_code,
        card.sign_in_code,
        card.sign_in_code.replace("-", ""),
        card.site_telephone,
        card.sender_label,
    ]
    for name, content in files.items():
        text = content.decode("utf-8")
        assert [canary for canary in canaries if canary in text] == [], name


def test_what_is_saved_while_the_dataset_is_made_is_not_in_it(clinic: Clinic) -> None:
    participant_id = answered_baseline(clinic)
    with open_snapshot(clinic.database) as session:
        describe_dataset(session, study_id=clinic.study_id)
        clinic.enrol(CONSENT, participant_code="15-002", email=None, telephone=None)
        give_answers(clinic, participant_id, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1"}})
        dataset = build_dataset(
            session,
            study_id=clinic.study_id,
            purpose="a test",
            actor=statistician(clinic),
            now=EXPORTED_AT,
        )

    assert (dataset.rows["participants"], dataset.rows["items"]) == (1, 51 + 51)


def test_a_download_is_kept_in_the_audit_trail_with_its_purpose_and_sum(clinic: Clinic) -> None:
    answered_baseline(clinic)
    with clinic.database.reading() as session:
        entries_before, _ = verify_audit_trail(session)
    dataset = export(clinic)

    with clinic.writing() as session:
        record_download(session, dataset, actor=statistician(clinic), now=EXPORTED_AT)

    with clinic.database.reading() as session:
        assert verify_audit_trail(session) == (entries_before + 1, [])
        [download] = list_downloads(session, study_id=clinic.study_id)
    assert (download.purpose, download.sha256, download.by) == ("a test", dataset.sha256, "Member 0")


@pytest.mark.parametrize("purpose", ["", "   ", "x" * 501, "two\nlines"])
def test_a_dataset_needs_a_purpose(clinic: Clinic, purpose: str) -> None:
    with pytest.raises(InputRejected), open_snapshot(clinic.database) as session:
        build_dataset(
            session,
            study_id=clinic.study_id,
            purpose=purpose,
            actor=statistician(clinic),
            now=EXPORTED_AT,
        )


def test_the_data_of_another_study_look_like_missing_ones(clinic: Clinic) -> None:
    stranger = Actor(
        kind="staff", role="statistician", request_id="x", study_id=clinic.study_id + 1, site_ids=None
    )
    with pytest.raises(NotFound), open_snapshot(clinic.database) as session:
        build_dataset(session, study_id=clinic.study_id, purpose="a test", actor=stranger, now=EXPORTED_AT)


def test_only_a_form_that_did_not_come_in_time_has_a_reason_for_that(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    assessment_id = clinic.answer(participant_id, "BASELINE", date(2026, 1, 20))
    event_id = clinic.record(participant_id, "randomised", RANDOMISATION, at=WEEK_8, arm="LUTATHERA")
    with clinic.writing() as session:
        not_done = NotDone("FORGOT", "patient", "")
        record_not_done(session, assessment_id, not_done, actor=clinic.nurse, now=noon(WEEK_8))

    def exported() -> tuple[str, str, str]:
        (row,) = (
            row
            for row in open_dataset(export(clinic)).table("assessments")
            if row["visit_code"] == "BASELINE"
        )
        return row["late"], row["missing_reason"], row["missing_said_by"]

    late = exported()
    with clinic.writing() as session:
        correction = Correction("misread", date(2026, 1, 22), {"arm": "LUTATHERA"})
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(WEEK_8))
    assert [late, exported()] == [("1", "FORGOT", "patient"), ("0", "", "")]
