"""What an event or its correction would do is said before it is done, and nothing is written by saying it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from amendment_world import apply, drop_visit, load_version, write_version
from clinic_world import Clinic, noon
from database_copies import read_rows

from pro_app.errors import InputRejected, NotFound
from pro_app.reminders.outbox.claims import ClaimedMessage, claim_next
from pro_app.services.event_offers import load_situation
from pro_app.services.event_undo import find_undo
from pro_app.services.events import (
    Correction,
    NewEvent,
    PreviewOutdated,
    confirm_event,
    correct_event,
    load_event,
)
from pro_app.services.messages import list_messages
from pro_app.services.plan_previews.model import PlanPreview
from pro_app.services.plan_previews.preview import preview_correction, preview_event

START = date(2026, 1, 5)
RANDOMISED = date(2026, 1, 12)
ANSWERED_ON = date(2026, 10, 12)
A_WHOLE_SCALE = 5


def start(clinic: Clinic, arm: str = "SURVEILLANCE", **changes: object) -> int:
    participant_id = clinic.enrol(START, **changes)
    clinic.answer(participant_id, "BASELINE", START, items=A_WHOLE_SCALE)
    clinic.record(participant_id, "randomised", RANDOMISED, arm=arm)
    return participant_id


def preview(
    clinic: Clinic, participant_id: int, new: NewEvent, *, at: date, language: str = "en"
) -> PlanPreview:
    """Preview a new event at noon of a day."""
    with clinic.database.reading() as session:
        situation = load_situation(
            session, participant_id, actor=clinic.nurse, language=language, now=noon(at)
        )
        return preview_event(session, situation, new, now=noon(at))


def preview_again(
    clinic: Clinic, participant_id: int, correction: Correction, *, event_id: int, at: date
) -> PlanPreview:
    """Preview a correction at noon of a day."""
    with clinic.database.reading() as session:
        situation = load_situation(session, participant_id, actor=clinic.nurse, language="en", now=noon(at))
        return preview_correction(session, situation, correction, event_id=event_id, now=noon(at))


def becoming(said: PlanPreview) -> dict[str, str]:
    return {row.visit_code: row.becomes for row in said.calendar}


def warnings(said: PlanPreview) -> list[str]:
    return [warning.code for warning in said.warnings]


def test_an_end_of_treatment_shows_the_calendar_before_and_after(clinic: Clinic) -> None:
    participant_id = start(clinic)
    ended = NewEvent("treatment_ended", date(2026, 5, 4), {})
    said = preview(clinic, participant_id, ended, at=date(2026, 5, 11))
    rows = {row.visit_code: row for row in said.calendar}
    assert becoming(said) == {
        "BASELINE": "kept",
        "W08": "kept",
        "W16": "kept",
        "W24": "cancelled",
        **dict.fromkeys(("M03", "M06", "M09", "M12", "Y2", "Y3", "Y4", "Y5"), "moved"),
    }
    moved = rows["M03"]
    assert moved.before is not None
    assert moved.after is not None
    assert (moved.before.target_on, moved.before.provisional) == (date(2026, 10, 12), True)
    assert (moved.after.target_on, moved.after.provisional) == (date(2026, 8, 4), False)
    assert (rows["BASELINE"].answered, rows["M03"].answered) == ("sent", "no")
    assert (rows["W24"].after, rows["W24"].reason) == (None, "Replaced by a new calendar")
    assert said.counts["moved"] == 8


def test_it_shows_the_messages_withdrawn_moved_and_those_that_go_out_at_once(clinic: Clinic) -> None:
    participant_id = start(clinic)
    ended = NewEvent("treatment_ended", date(2026, 2, 11), {})
    said = preview(clinic, participant_id, ended, at=date(2026, 5, 11))
    withdrawn = {(change.visit_code, change.rule_code) for change in said.withdrawn}
    assert ("W24", "invitation") in withdrawn
    assert {change.reason_code for change in said.withdrawn} >= {"not_required"}
    at_once = [(change.visit_code, change.template_code) for change in said.messages if change.at_once]
    assert at_once == [("M03", "invitation")]
    invitations = {change.visit_code: change for change in said.moved if change.rule_code == "invitation"}
    assert set(invitations) == {"M03", "M06", "M09", "M12", "Y2", "Y3", "Y4", "Y5"}
    for change in invitations.values():
        assert change.before_at is not None
        assert change.after_at is not None
        assert change.after_at < change.before_at


def test_a_death_shows_what_it_does_to_the_rates(clinic: Clinic) -> None:
    participant_id = start(clinic)
    start(clinic, participant_code="15-002")
    at = date(2026, 5, 18)
    said = preview(clinic, participant_id, NewEvent("died", date(2026, 3, 2), {}), at=at)
    rates = said.rates
    assert rates.no_longer_expected[0] == "Week 8"
    assert (rates.expected_before, rates.expected_after) == (12, 1)
    assert (rates.participant_before.numerator, rates.participant_before.denominator) == (1, 3)
    assert (rates.participant_after.numerator, rates.participant_after.denominator) == (1, 1)
    assert (rates.site_before.numerator, rates.site_before.denominator) == (2, 6)
    assert (rates.site_after.numerator, rates.site_after.denominator) == (2, 4)
    assert {change.reason_code for change in said.withdrawn} == {"died"}
    assert said.withdrawn
    assert not said.added


def test_saying_it_writes_nothing(clinic: Clinic) -> None:
    participant_id = start(clinic)
    before = read_rows(clinic.database).tables
    with clinic.writing() as session:
        situation = load_situation(
            session, participant_id, actor=clinic.nurse, language="fr", now=noon(RANDOMISED)
        )
        preview_event(session, situation, NewEvent("died", RANDOMISED, {}), now=noon(RANDOMISED))
        assert not session.new
        assert not session.dirty
    assert read_rows(clinic.database).tables == before


def test_a_pause_shows_the_messages_that_wait(clinic: Clinic) -> None:
    participant_id = start(clinic)
    paused = NewEvent("paused", date(2026, 3, 1), {"until": "2026-03-10"})
    said = preview(clinic, participant_id, paused, at=date(2026, 3, 1))
    assert [(change.visit_code, change.rule_code) for change in said.held][:1] == [("W08", "invitation")]
    assert said.held[0].after_at == datetime(2026, 3, 10, 9, tzinfo=UTC)  # the hour that the person chose
    assert said.withdrawn == said.added == said.moved == ()


def test_a_refused_event_gives_its_problems(clinic: Clinic) -> None:
    participant_id = start(clinic)
    for new in (
        NewEvent("treatment_ended", RANDOMISED - timedelta(days=1), {}),
        NewEvent("randomised", RANDOMISED, {"arm": "LUTATHERA"}),
    ):
        with pytest.raises(InputRejected):
            preview(clinic, participant_id, new, at=date(2026, 5, 11))


def test_it_warns_of_a_baseline_that_was_not_sent(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    said = preview(
        clinic, participant_id, NewEvent("randomised", RANDOMISED, {"arm": "LUTATHERA"}), at=RANDOMISED
    )
    assert warnings(said) == ["unsent"]
    assert said.warnings[0].values == {"visits": "Baseline"}


def test_it_warns_of_an_arm_corrected_after_answers(clinic: Clinic) -> None:
    participant_id = clinic.enrol(START)
    clinic.answer(participant_id, "BASELINE", START)
    event_id = clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    correction = Correction("misread", RANDOMISED, {"arm": "LUTATHERA"})
    said = preview_again(clinic, participant_id, correction, event_id=event_id, at=date(2026, 2, 1))
    assert (said.act, warnings(said)) == ("correct", ["arm_after_answers"])
    assert "M03" in {row.visit_code for row in said.calendar if row.becomes == "moved"}


def test_it_warns_of_an_end_corrected_after_follow_up_was_answered(clinic: Clinic) -> None:
    participant_id = start(clinic)
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 5, 4))
    clinic.answer(participant_id, "M03", date(2026, 8, 4))
    correction = Correction("misread", date(2026, 5, 11), {})
    said = preview_again(clinic, participant_id, correction, event_id=event_id, at=date(2026, 9, 1))
    assert warnings(said) == ["anchor_after_answers"]
    assert becoming(said)["M03"] == "kept"
    assert becoming(said)["M06"] == "moved"


def test_a_visit_that_the_new_version_dropped_is_named_in_words_all_the_same(
    clinic: Clinic, tmp_path: Path
) -> None:
    participant_id = start(clinic)
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 5, 4))
    clinic.answer(participant_id, "M03", date(2026, 8, 4))
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("M03")), at=noon(date(2026, 8, 5)))
    apply(clinic, "1.1", at=date(2026, 8, 6), accepts_answered=True)
    correction = Correction("misread", date(2026, 5, 11), {})

    said = preview_again(clinic, participant_id, correction, event_id=event_id, at=date(2026, 9, 1))

    shown = {warning.code: warning.values.get("visits") for warning in said.warnings}
    m03 = next(row.label for row in said.calendar if row.visit_code == "M03")
    assert shown["anchor_after_answers"] == m03 != "M03"
    with clinic.database.reading() as session:
        messages = list_messages(session, participant_id, actor=clinic.nurse, language="en")
    assert m03 in {message.visit for message in messages}
    assert "M03" not in {message.visit for message in messages}


def test_answers_that_lose_their_visit_and_come_back_are_shown(clinic: Clinic) -> None:
    participant_id = start(clinic)
    clinic.answer(participant_id, "M03", ANSWERED_ON)
    ended = NewEvent("treatment_ended", date(2026, 9, 1), {})
    said = preview(clinic, participant_id, ended, at=date(2026, 10, 20))
    assert "set_aside" in warnings(said)
    m03 = [(row.becomes, row.answered) for row in said.calendar if row.visit_code == "M03"]
    assert sorted(m03) == [("added", "no"), ("unscheduled", "sent")]
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 9, 1), at=date(2026, 10, 20))
    back = preview_again(clinic, participant_id, Correction("wrong"), event_id=event_id, at=date(2026, 11, 3))
    assert back.act == "retract"
    assert [(row.becomes, row.answered) for row in back.calendar if row.visit_code == "M03"] == [
        ("readmitted", "sent")
    ]


def test_visits_that_are_past_when_they_are_recorded_are_warned_of(clinic: Clinic) -> None:
    participant_id = start(clinic)
    ended = NewEvent("treatment_ended", date(2026, 2, 2), {})
    said = preview(clinic, participant_id, ended, at=date(2026, 7, 20))
    assert "late_recording" in warnings(said)
    late = [row.visit_code for row in said.calendar if row.reason_code == "SITE_LATE_RECORDING"]
    assert late == ["M03"]
    # W08, W16 and W24 go, M03 is over and missed: it counts like any other.
    assert said.rates.participant_before.denominator == 4
    assert said.rates.participant_after.denominator == 2


def test_a_message_that_is_going_out_cannot_be_called_back_and_is_said(clinic: Clinic) -> None:
    participant_id = start(clinic)
    due = date(2026, 3, 2)
    with clinic.writing() as session:
        claimed = claim_next(session, claim_token="w", now=noon(due))
    assert isinstance(claimed, ClaimedMessage)
    assert warnings(preview(clinic, participant_id, NewEvent("died", due, {}), at=due)) == ["in_hand"]
    assert warnings(preview(clinic, participant_id, NewEvent("progressed", due, {}), at=due)) == []


def test_what_changed_since_it_was_seen_is_not_done_and_shown_anew(clinic: Clinic) -> None:
    participant_id = start(clinic)
    ended, at = NewEvent("treatment_ended", date(2026, 9, 1), {}), date(2026, 10, 13)
    seen = preview(clinic, participant_id, ended, at=at).fingerprint
    clinic.answer(participant_id, "M03", ANSWERED_ON)
    before = read_rows(clinic.database).tables

    def confirm(fingerprint: str) -> int:
        with clinic.writing() as session:
            return confirm_event(
                session, participant_id, ended, seen=fingerprint, actor=clinic.nurse, now=noon(at)
            ).id

    with pytest.raises(PreviewOutdated) as outdated:
        confirm(seen)
    assert read_rows(clinic.database).tables == before
    assert "set_aside" in warnings(outdated.value.preview)
    event_id = confirm(outdated.value.preview.fingerprint)
    assert confirm(outdated.value.preview.fingerprint) == event_id


def test_an_hour_and_answers_of_others_change_nothing_about_what_was_seen(clinic: Clinic) -> None:
    participant_id = start(clinic)
    other = start(clinic, participant_code="15-002")
    ended, at = NewEvent("treatment_ended", date(2026, 2, 11), {}), date(2026, 5, 11)
    seen = preview(clinic, participant_id, ended, at=at, language="fr").fingerprint
    clinic.record(other, "died", date(2026, 2, 2), at=at)
    with clinic.writing() as session:
        later = noon(at) + timedelta(hours=1)
        assert confirm_event(session, participant_id, ended, seen=seen, actor=clinic.nurse, now=later).id


def test_every_entry_can_be_undone_one_after_the_other(clinic: Clinic) -> None:
    participant_id = start(clinic)
    at = date(2026, 5, 11)
    before = windows(clinic, participant_id)
    event_id = clinic.record(participant_id, "treatment_ended", date(2026, 5, 4), at=at)
    recorded = windows(clinic, participant_id)
    corrected_id = correct(clinic, event_id, Correction("misread", date(2026, 5, 6)), at=at)
    assert windows(clinic, participant_id) != recorded
    undone_id = correct(clinic, corrected_id, undo_of(clinic, participant_id, corrected_id), at=at)
    assert windows(clinic, participant_id) == recorded
    assert undo_of(clinic, participant_id, event_id) == Correction("")
    retracted_id = correct(clinic, undone_id, Correction("another patient"), at=at)
    assert windows(clinic, participant_id) == before
    assert undo_of(clinic, participant_id, retracted_id) == NewEvent("treatment_ended", date(2026, 5, 4), {})


def undo_of(clinic: Clinic, participant_id: int, event_id: int) -> Correction:
    """Give how an entry is undone, with a reason."""
    with clinic.database.reading() as session:
        row = load_event(session, event_id, participant_id=participant_id, actor=clinic.nurse)
        undo = find_undo(session, row)
    if isinstance(undo, Correction) and undo.occurred_on is not None:
        return Correction("undone", undo.occurred_on, undo.details)
    return undo  # type: ignore[return-value]  # compared as it is


def correct(clinic: Clinic, event_id: int, correction: Correction, *, at: date) -> int:
    with clinic.writing() as session:
        return correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(at)).id


def windows(clinic: Clinic, participant_id: int) -> dict[str, tuple[object, ...]]:
    """Give where each visit stands and whether it counts."""
    return {
        code: (record.opens_on, record.closes_on, record.expected)
        for code, record in clinic.assessments(participant_id).items()
        if record.expected
    }


def test_an_event_of_somebody_else_has_no_preview(clinic: Clinic) -> None:
    participant_id = start(clinic)
    other = clinic.enrol(START, participant_code="15-002")
    event_id = clinic.record(other, "randomised", RANDOMISED, arm="LUTATHERA")
    with pytest.raises(NotFound):
        preview_again(clinic, participant_id, Correction("x"), event_id=event_id, at=date(2026, 2, 1))


@pytest.mark.parametrize("first", ["infusion", "treatment_ended"])
def test_an_infusion_after_the_end_of_treatment_is_warned_of(clinic: Clinic, first: str) -> None:
    participant_id = start(clinic, arm="LUTATHERA")
    days = {"infusion": date(2026, 3, 20), "treatment_ended": date(2026, 3, 2)}
    (second,) = days.keys() - {first}
    clinic.record(participant_id, first, days[first], at=date(2026, 4, 1))
    said = preview(clinic, participant_id, NewEvent(second, days[second], {}), at=date(2026, 4, 2))
    (values,) = [warning.values for warning in said.warnings if warning.code == "after_the_end"]
    assert (values["on"], values["date"]) == ("2026-03-20", "2026-03-02")
    in_order = NewEvent(second, date(2026, 3, 2) if second == "infusion" else date(2026, 3, 20), {})
    said = preview(clinic, participant_id, in_order, at=date(2026, 4, 2))
    assert "after_the_end" not in warnings(said)
