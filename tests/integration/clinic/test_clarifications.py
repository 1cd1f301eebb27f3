"""An answer changes only on the patient's own dated request, decided by the investigator of the site."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from clarification_world import (
    INSTRUMENT,
    LATER,
    SENT,
    Correction,
    build_correction,
    wants,
)
from clinic_world import Clinic
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pro_app.errors import InputRejected, NotPermitted
from pro_app.services.answers import Operation
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.requests import withdraw_clarification
from pro_app.services.clarifications.rules import WantedItem
from pro_app.services.clarifications.views import load_clarification
from pro_app.services.participant_history import list_sent
from pro_app.services.score_verification import verify_scores
from pro_app.services.synchronisation import Batch, take_batch
from pro_app.storage.queries.assessments import load_assessment
from pro_app.storage.queries.completion import list_valid_assessment_ids
from pro_app.storage.queries.plans import list_current_plan
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.scores import Score


@pytest.fixture
def correction(clinic: Clinic) -> Correction:
    """Give a form that was sent, and the investigators of both sites."""
    return build_correction(clinic)


def say(correction: Correction, version: int) -> dict[int, tuple[str, int | None]]:
    answers = correction.answers(correction.responses()[version - 1])
    return {number: (answer.state, answer.value) for number, answer in answers.items()}


def list_scores(correction: Correction, version: int) -> dict[str, float | None]:
    response = correction.responses()[version - 1]
    with correction.clinic.database.reading() as session:
        rows = session.scalars(
            select(Score).where(Score.response_id == response.id, Score.superseded_at.is_(None))
        )
        return {row.scale_code: row.value for row in rows}


def list_valid(correction: Correction) -> bool:
    with correction.clinic.database.reading() as session:
        ids = list_valid_assessment_ids(session, study_id=correction.clinic.study_id)
    return correction.assessment_id in ids


def list_entries(correction: Correction, action: str) -> list[tuple[AuditEntry, list[dict[str, object]]]]:
    with correction.clinic.database.reading() as session:
        statement = select(AuditEntry, AuditPayload).join(
            AuditPayload, AuditPayload.entry_id == AuditEntry.id
        )
        rows = session.execute(statement.where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(entry, payload.items) for entry, payload in rows]


def test_an_accepted_request_makes_the_next_version_and_leaves_the_first_as_it_was(
    correction: Correction,
) -> None:
    before, form = say(correction, 1), correction.assessment()
    scores = list_scores(correction, 1)

    correction.decide(correction.request())

    assert say(correction, 1) == before
    assert say(correction, 2) == before | {5: ("answered", 4)}
    assert list_scores(correction, 1) == scores
    assert list_scores(correction, 2) != scores
    assert list_scores(correction, 2).keys() == scores.keys()
    after = correction.assessment()
    kept = (
        "receipt_code",
        "submitted_at",
        "completed_at",
        "mode",
        "entered_by_id",
        "respondent",
        "source_on",
    )
    assert all(getattr(after, name) == getattr(form, name) for name in kept)
    assert [response.version for response in correction.responses("qlq-ginet21")] == [1]


def test_the_copies_say_how_each_answer_was_given_and_the_correction_who_made_it(
    correction: Correction,
) -> None:
    correction.decide(correction.request())
    first, second = (correction.answers(response) for response in correction.responses())
    copied = ("mode", "entered_by", "answered_at", "received_at", "device_id", "counter", "remark")
    for number, answer in second.items():
        assert answer.operation_id != first[number].operation_id
        if number != 5:
            assert all(getattr(answer, name) == getattr(first[number], name) for name in copied)
    assert second[5].mode == first[5].mode
    assert second[5].entered_by == f"account:{correction.investigator.account_id}"
    assert second[5].answered_at.date() == date(2026, 1, 8)
    assert second[5].received_at == LATER


def test_the_newest_version_decides_whether_a_form_can_be_used(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    assert list_valid(correction)
    gone = [WantedItem(INSTRUMENT, number, "declined") for number in range(1, 29)]

    correction.decide(correction.request(wants(*gone)))

    assert not any(value is not None for value in list_scores(correction, 2).values())
    assert not list_valid(correction)


def test_every_version_has_the_scores_of_its_own_answers(correction: Correction) -> None:
    correction.decide(correction.request())
    with correction.clinic.database.reading() as session:
        found = list(verify_scores(session, correction.clinic.study_id))
    assert [batch.differences for batch in found] == [[]]
    assert found[0].scores == sum(
        len(list_scores(correction, version)) for version in (1, 2)
    ) + _count_scores_of_the_other(correction)


def _count_scores_of_the_other(correction: Correction) -> int:
    (other,) = correction.responses("qlq-ginet21")
    with correction.clinic.database.reading() as session:
        return len(session.scalars(select(Score).where(Score.response_id == other.id)).all())


def test_a_refused_request_changes_nothing_but_says_why(correction: Correction) -> None:
    key = correction.request()
    correction.decide(key, accept=False, reason="The letter is not dated.")
    row = correction.row(key)
    assert (row.decision, row.decision_reason) == ("refused", "The letter is not dated.")
    assert row.decided_by_id == correction.investigator.account_id
    assert len(correction.responses()) == 1


def test_a_request_is_withdrawn_by_whoever_asked_while_nobody_decided(correction: Correction) -> None:
    key = correction.request()
    with pytest.raises(NotPermitted), correction.clinic.writing() as session:
        withdraw_clarification(session, key, actor=correction.investigator, now=LATER)
    for _ in range(2):
        with correction.clinic.writing() as session:
            withdraw_clarification(session, key, actor=correction.nurse, now=LATER)
    assert correction.row(key).withdrawn_at == LATER
    with pytest.raises(InputRejected, match="withdrawn"):
        correction.decide(key)
    assert len(list_entries(correction, "clarification.withdraw")) == 1


def test_what_was_corrected_still_shows_what_stood_before(correction: Correction) -> None:
    first = correction.request()
    correction.decide(first)
    second = correction.request(wants(WantedItem(INSTRUMENT, 5, "answered", 1)))
    correction.decide(second)
    with correction.clinic.database.reading() as session:
        views = [
            load_clarification(session, key, actor=correction.investigator, language="fr")
            for key in (first, second)
        ]
    assert [(v.changes[0].present[0], v.changes[0].wanted[0]) for v in views] == [("2", "4"), ("4", "1")]


def test_what_stood_before_is_what_the_investigator_saw_also_of_an_instrument_that_said_so_already(
    correction: Correction,
) -> None:
    other = WantedItem("qlq-ginet21", 31, "answered", 3)
    correction.decide(correction.request(wants(other)), at=LATER)
    both = correction.request(wants(WantedItem(INSTRUMENT, 5, "answered", 4), other))
    correction.decide(both, at=LATER + timedelta(minutes=1))
    again = correction.request(wants(replace(other, value=1)))
    correction.decide(again, at=LATER + timedelta(minutes=2))
    with correction.clinic.database.reading() as session:
        view = load_clarification(session, both, actor=correction.investigator, language="fr")
    assert [(change.present[0], change.wanted[0]) for change in view.changes] == [("2", "4"), ("3", "3")]


def test_a_request_must_have_everything_that_makes_it_one(correction: Correction) -> None:
    poor = wants(
        WantedItem(INSTRUMENT, 5, "answered", 7),
        WantedItem(INSTRUMENT, 99, "declined"),
        WantedItem(INSTRUMENT, 6, "not_applicable"),
        asked_on=date(2026, 1, 5),
        evidence="hearsay",
        evidence_ref=" ",
        request="",
    )
    with pytest.raises(InputRejected) as rejected:
        correction.request(poor)
    places = {problem.place for problem in rejected.value.problems}
    assert places == {
        "request",
        "evidence",
        "evidence_ref",
        "asked_on",
        f"{INSTRUMENT}:5",
        f"{INSTRUMENT}:99",
        f"{INSTRUMENT}:6",
    }
    with pytest.raises(InputRejected) as rejected:
        correction.request(replace(wants(), items=(), asked_on=date(2026, 1, 10)))
    assert {problem.place for problem in rejected.value.problems} == {"items", "asked_on"}
    with pytest.raises(InputRejected) as rejected:
        correction.request(wants(request="x" * 501, evidence_ref="x" * 201))
    assert {problem.place for problem in rejected.value.problems} == {"request", "evidence_ref"}


def test_what_was_not_sent_cannot_be_corrected(correction: Correction) -> None:
    correction.clinic.record(correction.participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    other = next(
        record
        for record in correction.clinic.assessments(correction.participant_id).values()
        if record.submitted_at is None
    )
    with pytest.raises(InputRejected, match="cannot be corrected"):
        replace_form(correction, other.assessment_id).request()


def replace_form(correction: Correction, assessment_id: int) -> Correction:
    return replace(correction, assessment_id=assessment_id)


def test_the_request_tells_nobody_whether_the_answer_was_that_already(correction: Correction) -> None:
    same = correction.request(wants(WantedItem(INSTRUMENT, 5, "answered", 2)))
    with pytest.raises(InputRejected, match="nothing would change"):
        correction.decide(same)
    correction.decide(same, accept=False, reason="It says so already.")


def test_a_form_that_is_sent_twice_is_one_request_and_one_decision(correction: Correction) -> None:
    keys = {correction.request() for _ in range(2)}
    (key,) = keys
    for _ in range(2):
        correction.decide(key)
    assert len(correction.responses()) == 2
    assert len(list_entries(correction, "clarification.request")) == 1
    assert len(list_entries(correction, "clarification.accept")) == 1


def test_two_requests_about_the_same_question_do_not_wait_side_by_side(correction: Correction) -> None:
    correction.request()
    with pytest.raises(InputRejected) as rejected:
        correction.request(wants(WantedItem(INSTRUMENT, 5, "answered", 1)))
    assert [problem.place for problem in rejected.value.problems] == [f"{INSTRUMENT}:5"]
    correction.request(wants(WantedItem(INSTRUMENT, 6, "answered", 1)))


def test_a_decision_rests_on_what_was_looked_at(correction: Correction) -> None:
    first = correction.request()
    second = correction.request(wants(WantedItem(INSTRUMENT, 6, "answered", 1)))
    with correction.clinic.database.reading() as session:
        seen = read_basis(session, load_assessment(session, correction.assessment_id))
    correction.decide(first, basis=seen)
    with pytest.raises(InputRejected, match="changed since"):
        correction.decide(second, basis=seen)
    assert correction.row(second).decision is None


@pytest.mark.parametrize("accept", [True, False])
def test_of_two_decisions_at_once_one_counts_and_the_other_is_told(
    correction: Correction, *, accept: bool
) -> None:
    key = correction.request()

    def decide(said: str) -> str:
        try:
            correction.decide(key, accept=accept if said == "first" else not accept, reason=said)
        except InputRejected as rejected:
            return rejected.problems[0].message
        return "done"

    with ThreadPoolExecutor(2) as people:
        outcomes = sorted(people.map(decide, ("first", "second")))
    assert "done" in outcomes
    assert len({outcome for outcome in outcomes if outcome != "done"}) == 1
    assert len(correction.responses()) == (2 if correction.row(key).decision == "accepted" else 1)


def test_a_decision_needs_a_reason(correction: Correction) -> None:
    key = correction.request()
    with pytest.raises(InputRejected) as rejected:
        correction.decide(key, reason="  ")
    assert [problem.place for problem in rejected.value.problems] == ["reason"]
    assert correction.row(key).decision is None


def test_a_phone_that_sends_its_answers_again_changes_neither_version(correction: Correction) -> None:
    correction.decide(correction.request())
    before = [say(correction, version) for version in (1, 2)]
    again = [
        Operation(f"form-{correction.assessment_id}-5", INSTRUMENT, 5, "answered", 2),
        Operation("late-tap", INSTRUMENT, 6, "answered", 1),
    ]
    with correction.clinic.writing() as session:
        person = correction.clinic.person(correction.participant_id)
        batch = Batch(correction.assessment_id, again)
        take_batch(session, batch, actor=person, now=LATER + timedelta(hours=1))
    assert [say(correction, version) for version in (1, 2)] == before


def test_the_trail_says_who_asked_what_who_decided_and_why(correction: Correction) -> None:
    correction.decide(correction.request(), reason="Signed and dated.")
    ((asked, request),) = list_entries(correction, "clarification.request")
    ((decided, changes),) = list_entries(correction, "clarification.accept")
    assert asked.actor == f"account:{correction.nurse.account_id}"
    assert (decided.actor, decided.role) == (f"account:{correction.investigator.account_id}", "investigator")
    assert decided.reason == "Signed and dated."
    assert {"field": f"{INSTRUMENT}:5", "after": 4} in request
    assert {"field": f"{INSTRUMENT}:5", "before": 2, "after": 4} in changes
    assert {"field": f"{INSTRUMENT}:version", "before": 1, "after": 2} in changes


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clarifications SET decision_reason = 'another'",
        "UPDATE clarifications SET request = 'another'",
        "DELETE FROM clarifications",
        "UPDATE clarification_items SET value = 1",
        "DELETE FROM clarification_items",
    ],
)
def test_the_database_itself_keeps_what_was_asked_and_decided(correction: Correction, statement: str) -> None:
    correction.decide(correction.request())
    with pytest.raises(DBAPIError), correction.clinic.writing() as session:
        session.execute(text(statement))


def test_the_participant_is_told_that_a_questionnaire_was_corrected(correction: Correction) -> None:
    person = correction.clinic.person(correction.participant_id)

    def corrected_at() -> list[datetime | None]:
        with correction.clinic.database.reading() as session:
            return [sent.corrected_at for sent in list_sent(session, actor=person)]

    correction.decide(correction.request(wants(WantedItem(INSTRUMENT, 6, "answered", 1))), accept=False)
    key = correction.request()
    assert corrected_at() == [None]
    correction.decide(key)
    assert corrected_at() == [LATER]


def test_a_correction_does_not_move_the_day_on_which_the_form_was_answered(correction: Correction) -> None:
    def answered_at() -> dict[int, datetime | None]:
        with correction.clinic.database.reading() as session:
            plan = list_current_plan(session, correction.participant_id, lock=False)
        return {visit.assessment.id: visit.answered_at for visit in plan}

    before = answered_at()
    correction.decide(correction.request())
    assert answered_at() == before
    assert (before[correction.assessment_id] or LATER).date() == SENT.date()
