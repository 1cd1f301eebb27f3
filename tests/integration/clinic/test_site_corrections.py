"""The site asks to have the day or the mode of a form put right; the answers stay as they are."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from clarification_world import Correction, build_correction, wants
from clinic_world import Clinic, noon
from export_world import tidy_tables

from pro_app.errors import InputRejected
from pro_app.protocol.state import AssessmentState
from pro_app.services.clarifications.rules import Wanted, list_kinds, list_modes
from pro_app.storage.tables.assessments import Assessment

SHEET_ON = date(2026, 1, 5)


def wants_day(day: date, **changes: object) -> Wanted:
    usual = {"kind": "date", "evidence": "paper_form", "asked_on": date(2026, 1, 7), "source_on": day}
    return replace(wants(**(usual | changes)), items=())


def wants_mode(mode: str) -> Wanted:
    return replace(wants(kind="mode", evidence="call_note", asked_on=date(2026, 1, 7), mode=mode), items=())


@pytest.fixture
def on_paper(clinic: Clinic) -> Correction:
    """Give a form that the site typed from a sheet."""
    return build_correction(clinic, mode="paper")


def test_the_day_of_a_sheet_is_put_right_and_nothing_else(on_paper: Correction) -> None:
    before = on_paper.assessment()
    answers = on_paper.answers(on_paper.responses()[0])
    on_paper.decide(on_paper.request(wants_day(SHEET_ON)))
    after = on_paper.assessment()
    assert after.source_on == SHEET_ON
    assert after.completed_at == noon(SHEET_ON)
    assert (after.submitted_at, after.receipt_code) == (before.submitted_at, before.receipt_code)
    assert len(on_paper.responses()) == 1
    same = on_paper.answers(on_paper.responses()[0])
    assert {n: (a.value, a.answered_at) for n, a in same.items()} == {
        n: (a.value, a.answered_at) for n, a in answers.items()
    }


def test_a_form_that_was_filled_in_in_time_is_no_longer_late_and_its_reason_goes(
    on_paper: Correction,
) -> None:
    on_paper.clinic.record(on_paper.participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    closed_on = on_paper.assessment().closes_on
    assert closed_on is not None
    finished_at, received_at = noon(closed_on + timedelta(days=3)), noon(closed_on + timedelta(days=5))
    with on_paper.clinic.writing() as session:
        row = session.get_one(Assessment, on_paper.assessment_id)
        row.completed_at, row.submitted_at = finished_at, received_at
        row.not_done_reason, row.not_done_said_by, row.not_done_recorded_at = "forgot", "site", received_at
    assert on_paper.assessment().state(received_at) is AssessmentState.LATE

    wanted = replace(wants_day(closed_on), asked_on=closed_on)
    on_paper.decide(on_paper.request(wanted, at=received_at), at=received_at)

    form = on_paper.assessment()
    assert form.state(received_at) is AssessmentState.SUBMITTED
    assert (form.not_done_reason, form.not_done_said_by, form.not_done_recorded_at) == (None, None, None)


def test_what_a_device_recorded_has_no_other_day(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    assert list_kinds(correction.assessment()) == ("answer", "mode", "visit", "participant")
    with pytest.raises(InputRejected, match="cannot be corrected"):
        correction.request(wants_day(SHEET_ON))


def test_what_a_device_recorded_has_no_other_day_by_way_of_an_interview_either(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    correction.decide(correction.request(wants_mode("interview")))
    assert list_kinds(correction.assessment()) == ("answer", "mode", "visit", "participant")
    assert list_modes(correction.assessment()) == ("own_device", "site_tablet")
    with pytest.raises(InputRejected, match="cannot be corrected"):
        correction.request(wants_day(SHEET_ON))
    with pytest.raises(InputRejected, match="Choose how"):
        correction.request(wants_mode("paper"))
    correction.decide(correction.request(wants_mode("own_device")))
    assert correction.assessment().mode == "own_device"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 1, 7), "was received before"),
        (date(2026, 1, 4), "before the consent"),
        (date(2026, 1, 6), "is recorded"),
    ],
)
def test_a_day_that_cannot_be_is_refused_at_its_field(on_paper: Correction, day: date, words: str) -> None:
    with pytest.raises(InputRejected, match=words) as rejected:
        on_paper.request(wants_day(day))
    assert [problem.place for problem in rejected.value.problems] == ["source_on"]


def test_the_mode_is_put_right(on_paper: Correction) -> None:
    assert list_modes(on_paper.assessment()) == ("interview",)
    on_paper.decide(on_paper.request(wants_mode("interview")))
    assert on_paper.assessment().mode == "interview"
    assert list_kinds(on_paper.assessment()) == ("answer", "date", "mode", "visit", "participant")
    assert list_modes(on_paper.assessment()) == ("paper",)
    with pytest.raises(InputRejected):
        on_paper.request(wants_mode("own_device"))


def test_a_request_that_was_overtaken_is_not_carried_out(on_paper: Correction) -> None:
    key = on_paper.request(wants_day(SHEET_ON))
    with pytest.raises(InputRejected, match="waits for its decision"):
        on_paper.request(wants_day(SHEET_ON, evidence="letter"))
    on_paper.decide(key)
    again = on_paper.request(wants_day(date(2026, 1, 6)))
    on_paper.decide(again)
    assert on_paper.assessment().source_on == date(2026, 1, 6)


def test_a_site_never_asks_for_an_answer_of_its_own(on_paper: Correction) -> None:
    key = on_paper.request()
    assert on_paper.row(key).asked_by == "patient"
    assert on_paper.row(on_paper.request(wants_mode("interview"))).asked_by == "site"


def test_the_trail_holds_the_day_before_and_after(on_paper: Correction) -> None:
    key = on_paper.request(wants_day(SHEET_ON))
    row = on_paper.row(key)
    assert (row.before, row.after) == ({"source_on": "2026-01-06"}, {"source_on": "2026-01-05"})


def test_the_dataset_has_the_day_and_the_mode_as_they_were_corrected(on_paper: Correction) -> None:
    def observed() -> tuple[set[object], object, object]:
        tables = tidy_tables(on_paper.clinic)
        (form,) = tables.rows("assessments", visit_code="BASELINE")
        return {row["observed_on"] for row in tables.rows("scores")}, form["source_on"], form["mode"]

    assert observed() == ({date(2026, 1, 6)}, None, "paper")
    on_paper.decide(on_paper.request(wants_day(SHEET_ON)))
    on_paper.decide(on_paper.request(wants_mode("interview")))
    assert observed() == ({SHEET_ON}, SHEET_ON, "interview")
