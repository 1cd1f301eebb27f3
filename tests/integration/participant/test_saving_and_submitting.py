from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from conftest import NOW
from participant_world import World

from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import (
    AlreadySubmitted,
    AnswerRejected,
    InputRejected,
    NotFound,
    OperationConflict,
    ProAppError,
    WindowClosed,
)
from pro_app.services.answers import Operation, save_operations
from pro_app.services.submission import Receipt, submit_assessment
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.scores import Score

PARALLEL = 8


def tap(number: int, value: int | None = 2, **changes: object) -> Operation:
    """Give an answer to an item of the first instrument."""
    facts: dict[str, object] = {
        "operation_id": str(uuid4()),
        "instrument_code": "qlq-c30" if number <= 30 else "qlq-ginet21",
        "item_number": number,
        "state": "answered" if value else "declined",
        "value": value,
    }
    return Operation(**(facts | changes))  # type: ignore[arg-type]  # a test's own keywords


def save(
    world: World, *operations: Operation, visit: str = "BASELINE", after: timedelta = timedelta()
) -> None:
    """Save operations as the participant, in a transaction of its own."""
    assessment_id = world.assessment(visit).assessment_id
    with world.database.writing() as session:
        save_operations(
            session, assessment_id=assessment_id, operations=operations, actor=world.actor(), now=NOW + after
        )


def submit(world: World, respondent: str = "self") -> Receipt:
    """Submit the baseline as the participant."""
    assessment_id = world.assessment().assessment_id
    with world.database.writing() as session:
        return submit_assessment(
            session, assessment_id=assessment_id, respondent=respondent, actor=world.actor(), now=NOW
        )


def states(world: World) -> dict[int, str]:
    with world.database.reading() as session:
        rows = session.query(Answer).filter(Answer.superseded_at.is_(None))
        return {row.item_number: row.state for row in rows}


def test_the_first_answer_begins_the_assessment_and_its_response(world: World) -> None:
    save(world, tap(1))
    save(world, tap(2), after=timedelta(minutes=1))
    assert world.assessment().started_at == NOW
    with world.database.reading() as session:
        response = session.query(Response).one()
    assert (response.instrument_code, response.version) == ("qlq-c30", 1)
    assert len(response.wording_sha256) == len(response.instrument_sha256) == 64


def test_a_bad_operation_leaves_nothing_of_its_batch(world: World) -> None:
    with pytest.raises(AnswerRejected) as refused:
        save(world, tap(1), tap(2, 9))
    assert (refused.value.instrument_code, refused.value.item_number) == ("qlq-c30", 2)
    assert states(world) == {}
    assert world.assessment().started_at is None


def test_one_request_is_one_audit_entry_with_what_stood_before(world: World) -> None:
    save(world, tap(1, 2), tap(2, 3))
    save(world, tap(1, 4), tap(2, None))
    with world.database.reading() as session:
        entries = session.query(AuditEntry).filter_by(action="answers.save").order_by(AuditEntry.id).all()
        items = session.get_one(AuditPayload, entries[-1].id).items
        assert verify_audit_trail(session)[1] == []
    assert len(entries) == 2
    assert [(i["field"], i["before"], i["after"]) for i in items] == [
        ("qlq-c30:1", 2, 4),
        ("qlq-c30:2", 3, "declined"),
    ]


def test_the_same_operation_at_the_same_moment_is_kept_once(world: World) -> None:
    operation = tap(5)
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda _: save(world, operation), range(PARALLEL)))
    with world.database.reading() as session:
        assert session.query(Answer).count() == 1


def test_answers_to_one_item_at_the_same_moment_leave_one_in_force(world: World) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda number: save(world, tap(5, 1 + number % 4)), range(PARALLEL)))
    with world.database.reading() as session:
        assert session.query(Answer).count() == PARALLEL
        assert session.query(Answer).filter(Answer.superseded_at.is_(None)).count() == 1


def test_an_operation_identifier_is_never_used_for_something_else(world: World) -> None:
    operation = tap(5)
    save(world, operation)
    for other in (
        tap(5, 3, operation_id=operation.operation_id),
        tap(6, operation_id=operation.operation_id),
        tap(5, None, operation_id=operation.operation_id),
    ):
        with pytest.raises(OperationConflict):
            save(world, other)


def test_nothing_is_saved_before_the_window_or_after_it(world: World) -> None:
    world.randomise()
    opens_on = world.assessment("W08").opens_on
    with pytest.raises(WindowClosed) as early:
        save(world, tap(1), visit="W08")
    assert (early.value.not_yet, early.value.opens_on) == (True, opens_on)
    with pytest.raises(WindowClosed) as late:
        save(world, tap(1), after=timedelta(days=1))
    assert not late.value.not_yet
    assert states(world) == {}


@pytest.mark.parametrize("kind", ["left", "died", "questionnaires_stopped", "lost"])
def test_nothing_is_asked_of_someone_who_left_died_stopped_or_was_lost(world: World, kind: str) -> None:
    world.clinic.record(world.participant_id, kind, NOW.date())
    with pytest.raises(WindowClosed):
        save(world, tap(1), after=timedelta(hours=3))


def test_another_persons_or_another_sites_assessment_is_not_found(world: World) -> None:
    assessment_id = world.assessment().assessment_id
    strangers = [
        world.actor(participant_id=world.participant_id + 1),
        world.clinic.other_nurse,
    ]
    for actor in strangers:
        for call in (save_operations, submit_assessment):
            told = {"operations": [tap(1)]} if call is save_operations else {"respondent": "self"}
            with world.database.writing() as session, pytest.raises(NotFound):
                call(session, assessment_id=assessment_id, actor=actor, now=NOW, **told)  # type: ignore[operator]


def test_every_item_has_a_state_after_sending(world: World) -> None:
    save(world, tap(1), tap(3), tap(40, None), tap(39, None, state="not_applicable"))
    submit(world)
    found = states(world)
    assert len(found) == 51
    assert {number: found[number] for number in (1, 3, 39, 40)} == {
        1: "answered", 3: "answered", 39: "not_applicable", 40: "declined",
    }  # fmt: skip
    passed_by = {number for number, state in found.items() if state == "left_blank"}
    assert passed_by == {2, *range(4, 39)}
    assert {number for number, state in found.items() if state == "not_reached"} == set(range(41, 52))


def test_sending_an_empty_form_is_possible_and_reaches_nothing(world: World) -> None:
    submit(world)
    assert set(states(world).values()) == {"not_reached"}
    with world.database.reading() as session:
        assert {score.value for score in session.query(Score)} == {None}
    assert world.assessment().started_at == NOW


def test_the_half_rule_decides_which_scales_are_scored(world: World) -> None:
    save(world, *(tap(number, 4) for number in (1, 2, 3)), tap(24, 1), tap(29, 7), tap(31, 2))
    submit(world)
    with world.database.reading() as session:
        scores = {score.scale_code: score for score in session.query(Score)}
    assert scores["PF2"].value == 0.0
    assert (scores["PF2"].answered, scores["PF2"].missing, scores["PF2"].needed) == (3, 2, 3)
    assert (scores["EF"].value, scores["EF"].reason) == (None, "too_few_answers")
    assert scores["QL2"].value == 100.0
    assert (scores["ED"].value, scores["SUMMARY"].value) == (None, None)
    assert len(scores) == 25


def test_what_someone_else_answered_is_kept_but_not_scored(world: World) -> None:
    save(world, *(tap(number, 1) for number in range(1, 31)))
    submit(world, "proxy")
    with world.database.reading() as session:
        assert session.query(Score).count() == 0
    assert world.assessment().respondent == "proxy"


def test_a_second_submission_gives_the_first_receipt_and_changes_nothing(world: World) -> None:
    save(world, tap(1))
    receipt = submit(world)
    with pytest.raises(AlreadySubmitted) as again:
        submit(world, "proxy")
    assert (again.value.receipt_code, again.value.submitted_at) == (
        receipt.receipt_code,
        receipt.submitted_at,
    )
    with pytest.raises(AlreadySubmitted):
        save(world, tap(1, 4))
    assert world.assessment().respondent == "self"


def test_of_several_submissions_at_the_same_moment_one_counts(world: World) -> None:
    def attempt(_: int) -> str:
        try:
            return submit(world).receipt_code
        except AlreadySubmitted as refused:
            return refused.receipt_code

    with ThreadPoolExecutor(PARALLEL) as pool:
        codes = set(pool.map(attempt, range(PARALLEL)))
    assert len(codes) == 1
    with world.database.reading() as session:
        assert session.query(Answer).count() == 51
        assert session.query(AuditEntry).filter_by(action="assessment.submit").count() == 1


def test_answers_and_sending_at_the_same_moment_lose_nothing_that_was_confirmed(world: World) -> None:
    confirmed: list[int] = []

    def attempt(number: int) -> None:
        try:
            if number == PARALLEL // 2:
                submit(world)
                return
            save(world, tap(number + 1, 3))
            confirmed.append(number + 1)
        except ProAppError:
            return

    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(attempt, range(PARALLEL)))
    found = states(world)
    assert len(found) == 51
    assert {number for number, state in found.items() if state == "answered"} == set(confirmed)


def test_who_answered_must_be_one_of_the_protocols(world: World) -> None:
    for respondent in ("", "me", "SELF"):
        with pytest.raises(InputRejected):
            submit(world, respondent)
    with world.database.reading() as session:
        assert session.query(Assessment).filter(Assessment.submitted_at.isnot(None)).count() == 0
