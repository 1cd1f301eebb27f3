from datetime import UTC, date, datetime

import polars as pl
import pytest
from clinic_world import Clinic, noon
from export_world import (
    answer_form,
    give_answers,
    golden_answers,
    person,
    send,
    statistician,
    tidy_tables,
)
from polars.testing import assert_frame_equal

from pro_app.exports.tidy.batch import PEOPLES_TABLES
from pro_app.figures.estimates.completion import estimate_completion
from pro_app.services.answers import Operation, save_operations
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.services.events import Correction, correct_event
from pro_app.services.releases.request import request_release
from pro_app.services.visits import reopen_visit

CONSENT, RANDOMISATION, WEEK_8 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 3, 9)
BOTH = {"qlq-c30": golden_answers("c30", 0), "qlq-ginet21": golden_answers("ginet21", 0)}


def enrol(clinic: Clinic, code: str, *, arm: str | None = "SURVEILLANCE") -> int:
    participant_id = clinic.enrol(CONSENT, participant_code=code, email=None, telephone=None)
    if arm:
        clinic.record(participant_id, "randomised", RANDOMISATION, arm=arm)
    return participant_id


def test_every_item_of_every_final_form_has_a_row_that_says_what_became_of_it(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    answer_form(clinic, participant_id, "BASELINE", on=CONSENT)
    clinic.record(participant_id, "randomised", RANDOMISATION, arm="SURVEILLANCE")
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1", 2: ""}})
    clinic.record(participant_id, "left", date(2026, 6, 1))

    tables = tidy_tables(clinic, now=noon(date(2026, 5, 20)))

    states = {
        code: {row["state"] for row in tables.rows("items", visit_code=code)}
        for code in ("BASELINE", "W08", "W16", "W24", "M03")
    }
    assert states["BASELINE"] >= {"answered"}
    assert states["W08"] == {"answered", "not_reached"}
    assert states["W16"] == {"form_missing"}
    # The person left before these windows closed; those visits are no longer due, in whatever year.
    assert states["W24"] == states["M03"] == {"not_expected"}
    assert all(len(tables.rows("items", visit_code=code)) == 51 for code in states)
    assert all(row["response_version"] is None for row in tables.rows("items", visit_code="W16"))
    assert tables.rows("scores", visit_code="W16") == []
    # What was never sent is scored now, by both implementations alike.
    assert len(tables.rows("scores", visit_code="W08", incomplete=True)) == 16
    assert tables.differences == []


def test_a_form_that_is_still_open_has_no_items(clinic: Clinic) -> None:
    participant_id = enrol(clinic, "15-001")
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers=BOTH)

    tables = tidy_tables(clinic, now=noon(WEEK_8))

    assert tables.rows("items", visit_code="W08") == []
    [row] = tables.rows("assessments", visit_code="W08")
    assert (row["state"], row["observed_on"]) == ("started", None)


def test_the_tables_do_not_depend_on_the_size_of_the_batches(clinic: Clinic) -> None:
    for code in ("15-002", "15-001", "15-003"):
        participant_id = clinic.enrol(CONSENT, participant_code=code, email=None, telephone=None)
        answer_form(clinic, participant_id, "BASELINE", on=CONSENT)
        clinic.record(participant_id, "randomised", RANDOMISATION, arm="LUTATHERA")

    together, alone = tidy_tables(clinic), tidy_tables(clinic, people_per_batch=1)

    for table in PEOPLES_TABLES:
        assert_frame_equal(together.frames[table.name], alone.frames[table.name])
    assert_frame_equal(together.frames["completion"], alone.frames["completion"])
    assert together.remarks == alone.remarks
    assert together.frames["participants"]["participant_code"].to_list() == ["15-001", "15-002", "15-003"]


def test_completion_is_what_the_clinic_counts(clinic: Clinic) -> None:
    first, second, third = (enrol(clinic, code) for code in ("15-001", "15-002", "15-003"))
    answer_form(clinic, first, "W08", on=WEEK_8)
    answer_form(clinic, second, "W08", on=WEEK_8, respondent="proxy")
    give_answers(clinic, third, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1"}})
    clinic.record(third, "died", date(2026, 4, 1))
    now = noon(date(2026, 7, 1))

    counted = tidy_tables(clinic, now=now).frames["completion"]

    scope = ClinicScope(clinic.study_id, None, ())
    with clinic.database.reading() as session:
        wanted = count_completion(session, scope, language="fr", now=now)
    assert [row["visit_code"] for row in counted.iter_rows(named=True)] == [row.code for row in wanted.rows]
    assert counted.height > 2
    for row, known in zip(counted.iter_rows(named=True), wanted.rows, strict=True):
        names = ("expected", "received", "valid", "in_window", "late", "incomplete", "missed")
        names = (*names, "completed", "available")
        assert {name: row[name] for name in names} == {name: getattr(known.tally, name) for name in names}
        assert row["randomised"] == known.randomised
        assert row["completion_rate"] == known.tally.completion_rate
        assert row["available_data_rate"] == known.available_data_rate


def test_a_begun_form_that_is_open_again_counts_as_neither_incomplete_nor_missed_anywhere(
    clinic: Clinic,
) -> None:
    participant_id = enrol(clinic, "15-001")
    give_answers(clinic, participant_id, "W08", on=WEEK_8, answers={"qlq-c30": {1: "1"}})
    assessment_id = clinic.assessments(participant_id)["W08"].assessment_id
    with clinic.writing() as session:
        reopen_visit(
            session, assessment_id, reason="was away", actor=clinic.nurse, now=noon(date(2026, 3, 17))
        )
    scope = ClinicScope(clinic.study_id, None, ())
    counts = []
    # While it is open again, and when that is over.
    for on in (date(2026, 4, 1), date(2026, 5, 20)):
        tables = tidy_tables(clinic, now=noon(on))
        with clinic.database.reading() as session:
            table = count_completion(session, scope, language="fr", now=noon(on))
        [known] = [row.tally for row in table.rows if row.code == "W08"]
        [frozen] = tables.rows("completion", visit_code="W08")
        [figure] = (
            estimate_completion(tables.frames, tables.release.protocol)
            .filter(pl.col("visit_code") == "W08")
            .rows(named=True)
        )
        for row in (frozen, figure):
            assert (row["incomplete"], row["missed"]) == (known.incomplete, known.missed)
        counts.append((known.expected, known.received, known.incomplete, known.missed))
    assert counts == [(1, 0, 0, 0), (1, 0, 1, 0)]


def test_changes_are_counted_from_the_last_form_before_randomisation(clinic: Clinic) -> None:
    participant_id = clinic.enrol(CONSENT)
    answer_form(clinic, participant_id, "BASELINE", on=CONSENT, line=0)
    clinic.record(participant_id, "randomised", RANDOMISATION, arm="LUTATHERA")
    answer_form(clinic, participant_id, "W08", on=WEEK_8, line=7)

    tables = tidy_tables(clinic)

    before = {row["scale"]: row for row in tables.rows("scores", visit_code="BASELINE")}
    after = {row["scale"]: row for row in tables.rows("scores", visit_code="W08")}
    scored = [code for code, row in before.items() if row["value"] is not None]
    assert [code for code, row in before.items() if row["is_baseline"]] == scored
    assert not any(row["is_baseline"] for row in after.values())
    compared = [code for code in scored if after[code]["value"] is not None]
    assert len(compared) > 10
    for code in compared:
        change = after[code]["value"] - before[code]["value"]  # type: ignore[operator]  # both are numbers
        assert after[code]["change"] == pytest.approx(change, abs=1e-9)
        assert after[code]["baseline"] == before[code]["value"]
        assert after[code]["change_category"] in {"improved", "stable", "worsened"}
    assert {row["definition"] for row in tables.rows("deterioration")} == {
        definition.code for definition in tables.release.protocol.analysis.deterioration
    }


def test_the_day_of_a_form_is_that_of_its_last_answer_where_the_person_lives(clinic: Clinic) -> None:
    participant_id = enrol(clinic, "15-001")
    assessment_id = clinic.assessments(participant_id)["W08"].assessment_id
    # In Paris it is one hour later, and the next day.
    late_evening = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    with clinic.writing() as session:
        save_operations(
            session,
            assessment_id=assessment_id,
            operations=[Operation("midnight", "qlq-c30", 1, "answered", 1)],
            actor=person(clinic, participant_id),
            now=late_evening,
        )
    send(clinic, participant_id, assessment_id, on=date(2026, 3, 12))

    tables = tidy_tables(clinic)

    [row] = tables.rows("assessments", visit_code="W08")
    assert row["observed_on"] == date(2026, 3, 10)
    assert {row["observed_on"] for row in tables.rows("scores")} == {date(2026, 3, 10)}
    assert {row["submitted_at"] for row in tables.rows("scores")} == {row["submitted_at"]}
    [item] = tables.rows("items", visit_code="W08", state="answered")
    assert item["answered_at"] == item["received_at"] == late_evening
    assert (item["entered_by"], item["operation_id"]) == ("participant", "midnight")


def test_an_event_and_its_correction_are_both_there(clinic: Clinic) -> None:
    participant_id = enrol(clinic, "15-001")
    ended = clinic.record(participant_id, "treatment_ended", date(2026, 3, 1), at=date(2026, 3, 2))
    for number, day in enumerate((date(2026, 3, 2), None)):
        with clinic.writing() as session:
            correction = Correction("misread", day, {})
            ended = correct_event(
                session, ended, correction, actor=clinic.nurse, now=noon(date(2026, 3, 10 + number))
            ).id

    tables = tidy_tables(clinic)

    rows = [
        (r["event"], r["kind"], r["occurred_on"], r["in_force"], r["replaces"], r["retracts"])
        for r in tables.rows("events")
    ]
    assert rows == [
        (1, "enrolled", CONSENT, True, None, False),
        (2, "randomised", RANDOMISATION, True, None, False),
        (3, "treatment_ended", date(2026, 3, 1), False, None, False),
        (4, "treatment_ended", date(2026, 3, 2), False, 3, False),
        (5, "treatment_ended", date(2026, 3, 2), False, 4, True),
    ]
    assert [row["arm"] for row in tables.rows("events")] == [None, "SURVEILLANCE", None, None, None]
    assert tables.rows("participants")[0]["treatment_ended_on"] is None
    revisions = [(r["visit_code"], r["revision"], r["is_current"]) for r in tables.rows("visits")]
    assert [part for part in revisions if part[0] == "BASELINE"] == [
        ("BASELINE", 1, False),
        ("BASELINE", 2, True),
    ]


def test_the_audit_trail_says_who_changed_what_and_why_and_hides_what_stays_in_the_house(
    clinic: Clinic,
) -> None:
    participant_id = enrol(clinic, "15-001")
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 3, 1), at=date(2026, 3, 2))
    with clinic.writing() as session:
        correction = Correction("misread", date(2026, 3, 2), {})
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(date(2026, 3, 10)))
    answer_form(clinic, participant_id, "W08", on=WEEK_8)

    tables = tidy_tables(clinic)

    corrected = tables.rows("audit_trail", action="event.correct", field="treatment_ended")
    assert [(r["participant_code"], r["site"], r["reason"], r["role"]) for r in corrected] == [
        ("15-001", "15", "misread", "nurse")
    ]
    assert corrected[0]["before"] == '{"occurred_on": "2026-03-01"}'
    assert corrected[0]["at"] == noon(date(2026, 3, 10))
    saved = tables.rows("audit_trail", action="answers.save")
    assert {row["participant_code"] for row in saved} == {"15-001"}
    assert {row["subject"].partition(":")[0] for row in saved} == {"assessment"}  # type: ignore[attr-defined]  # a text
    sites = tables.rows("audit_trail", action="site.create")
    assert {row["field"] for row in sites} >= {"telephone", "name"}
    assert {(row["before"], row["after"]) for row in sites} == {(None, None)}
    assert not [r for r in tables.rows("audit_trail") if str(r["subject"]).startswith("account:")]
    order = [(row["site"], row["chain"], row["sequence"]) for row in tables.rows("audit_trail")]
    assert order == sorted(order, key=lambda key: (key[0] is None, *map(str, key[:2]), key[2]))


def test_the_studys_own_entries_come_last_with_its_releases_and_nobody_elses(clinic: Clinic) -> None:
    with clinic.writing() as session:
        request_release(
            session,
            study_id=clinic.study_id,
            reason="A first look",
            purpose="data_check",
            demographics={},
            actor=statistician(clinic),
            now=noon(CONSENT),
        )

    rows = tidy_tables(clinic).rows("audit_trail", chain="central")

    assert [row["action"] for row in rows if row["field"] in {"number", "protocol_version"}] == [
        "study.load",
        "release.request",
    ]
    assert {(row["site"], row["participant_code"]) for row in rows} == {(None, None)}
    assert {str(row["subject"]).partition(":")[0] for row in rows} == {"study", "release"}
