"""What a device kept without a network is taken once, by when it was given, in the form or beside it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from conftest import NOW
from participant_world import World

from pro_app.errors import AnswerRejected, NotFound, OperationConflict
from pro_app.protocol.state import AssessmentState
from pro_app.services.answers import Operation
from pro_app.services.submission import Receipt
from pro_app.services.synchronisation import Batch, Submission, TakenBatch, take_batch
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.credentials import Device
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

YEARS = timedelta(days=3 * 365)


def tap(
    value: int = 2,
    *,
    item: int = 1,
    counter: int = 0,
    at: datetime = NOW,
    counted_by: str | None = None,
) -> Operation:
    """Make one tap, by the clock of its device."""
    name = str(uuid4())
    operation = Operation(name, "qlq-c30", item, "answered", value, counter=counter, device_at=at)
    return replace(operation, counted_by=counted_by)


def send(
    world: World,
    *operations: Operation,
    at: datetime = NOW,
    device_now: datetime | None = None,
    device_id: int | None = None,
    submission: Submission | None = None,
) -> TakenBatch:
    """Send a batch that reaches us at `at`, from a device with the right time unless it is told."""
    batch = Batch(
        world.assessment().assessment_id,
        operations,
        device_now=device_now or at,
        submission=submission,
    )
    with world.database.writing() as session:
        return take_batch(session, batch, actor=world.actor(device_id=device_id), now=at)


def outcomes(taken: TakenBatch) -> list[str]:
    return [operation.outcome for operation in taken.operations]


def tell(taken: TakenBatch) -> list[tuple[object, ...]]:
    """Say all that a device is told about its operations."""
    return [
        (one.operation_id, one.outcome, one.reason, one.elsewhere and one.elsewhere.id)
        for one in taken.operations
    ]


def stored(world: World) -> list[Answer]:
    with world.database.reading() as session:
        return list(session.query(Answer).order_by(Answer.id))


def find_closing(world: World) -> datetime:
    """Randomise the person, and give when the first questionnaire closes."""
    world.randomise()
    closes_at = world.assessment().window.closes_at
    assert closes_at is not None
    return closes_at


def remember_device(world: World) -> int:
    """Remember a phone and give its key."""
    world.remember_phone()
    with world.database.reading() as session:
        return session.query(Device).one().id


def test_an_answer_given_in_the_window_and_received_after_it_is_part_of_the_form(world: World) -> None:
    closes_at = find_closing(world)
    given_at = closes_at - timedelta(minutes=5)
    arrived_at = closes_at + timedelta(days=3)
    assert outcomes(send(world, tap(3, at=given_at), at=arrived_at)) == ["kept"]
    (answer,) = stored(world)
    assert (answer.answered_at, answer.received_at, answer.device_at) == (given_at, arrived_at, given_at)


def test_a_form_finished_in_the_window_and_received_after_it_is_in_time(world: World) -> None:
    closes_at = find_closing(world)
    finished_at, arrived_at = closes_at - timedelta(minutes=1), closes_at + timedelta(days=40)
    taken = send(
        world, tap(at=finished_at), at=arrived_at, submission=Submission("self", device_at=finished_at)
    )
    record = world.assessment()
    assert (record.completed_at, record.submitted_at) == (finished_at, arrived_at)
    assert record.state(arrived_at) is AssessmentState.SUBMITTED
    assert taken.receipt == Receipt(record.receipt_code or "", arrived_at)


def test_an_answer_given_after_the_window_is_set_aside_and_the_form_is_not_sent(world: World) -> None:
    closes_at = find_closing(world)
    late = closes_at + timedelta(minutes=1)
    taken = send(world, tap(at=late), at=late, submission=Submission("self", device_at=late))
    assert [(each.outcome, each.reason) for each in taken.operations] == [("set_aside", "window_closed")]
    assert taken.receipt is None
    assert stored(world) == []
    with world.database.reading() as session:
        (aside,) = session.query(SetAsideAnswer)
    assert (aside.answered_at, aside.reason) == (late, "window_closed")


@pytest.mark.parametrize("skew", [-YEARS, YEARS, timedelta(hours=-9), timedelta(0)])
def test_a_device_clock_that_is_off_is_off_by_as_much_when_it_sends(world: World, skew: timedelta) -> None:
    given_at, arrived_at = NOW + timedelta(hours=1), NOW + timedelta(days=2)
    send(world, tap(at=given_at + skew), at=arrived_at, device_now=arrived_at + skew)
    (answer,) = stored(world)
    assert (answer.answered_at, answer.device_at) == (given_at, given_at + skew)


@pytest.mark.parametrize("said", [datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)])
def test_a_clock_that_was_set_between_tap_and_sending_says_nothing(world: World, said: datetime) -> None:
    send(world, tap(at=said))
    (answer,) = stored(world)
    assert answer.answered_at == NOW


def test_an_answer_that_waited_on_one_device_gives_way_to_a_later_one_on_another(world: World) -> None:
    device_id = remember_device(world)
    later = NOW + timedelta(hours=2)
    send(world, tap(4, at=later), at=later)
    old = tap(1, counter=5, at=NOW + timedelta(hours=1))
    taken = send(world, old, at=later + timedelta(hours=1), device_id=device_id)
    (told,) = taken.operations
    assert told.outcome == "overtaken"
    assert told.elsewhere is not None
    assert (told.elsewhere.value, told.elsewhere.answered_at) == (4, later)
    assert [answer.value for answer in stored(world) if answer.superseded_at is None] == [4]
    assert len(stored(world)) == 2
    again = send(world, old, at=later + timedelta(days=1), device_id=device_id)
    assert tell(again) == tell(taken)  # also where the first reply was lost


def test_an_answer_that_replaces_another_devices_says_so(world: World) -> None:
    send(world, tap(4))
    (told,) = send(world, tap(2), at=NOW + timedelta(hours=1), device_id=remember_device(world)).operations
    assert (told.outcome, told.elsewhere is not None) == ("kept", True)
    (told,) = send(world, tap(2), at=NOW + timedelta(hours=2)).operations
    assert (told.outcome, told.elsewhere) == ("kept", None)


def test_answers_of_one_device_stand_in_the_order_in_which_it_counted_them(world: World) -> None:
    second = tap(4, counter=9, at=NOW + timedelta(hours=1), counted_by="this phone")
    first = tap(1, counter=8, at=NOW + timedelta(hours=3), counted_by="this phone")
    for operation in (second, first):
        send(world, operation, at=NOW + timedelta(days=1))
    assert [answer.value for answer in stored(world) if answer.superseded_at is None] == [4]


def test_a_correction_stands_where_the_tap_that_it_corrects_was_long_on_its_way(world: World) -> None:
    """The time on the way makes the first tap look later than it was; no phone has to be remembered."""
    first, second = (
        tap(1, counter=1, at=NOW, counted_by="a lent computer"),
        tap(4, counter=2, at=NOW + timedelta(seconds=1), counted_by="a lent computer"),
    )
    send(world, first, at=NOW + timedelta(seconds=5), device_now=NOW)
    send(world, second, at=NOW + timedelta(seconds=5.5), device_now=NOW + timedelta(seconds=5.2))
    assert [answer.value for answer in stored(world) if answer.superseded_at is None] == [4]


def test_a_clock_that_was_days_ahead_does_not_outweigh_later_answers_after_signing_out(world: World) -> None:
    device_id = remember_device(world)
    ahead = NOW + timedelta(days=2)
    send(world, tap(1, counter=int(ahead.timestamp()), at=ahead, counted_by="before"), device_now=ahead)
    later = NOW + timedelta(days=1)
    corrected = tap(4, counter=int(later.timestamp()), at=later, counted_by="after")
    assert outcomes(send(world, corrected, at=later, device_id=device_id)) == ["kept"]
    assert [answer.value for answer in stored(world) if answer.superseded_at is None] == [4]


def test_two_browsers_that_are_not_remembered_are_told_of_each_other(world: World) -> None:
    send(world, tap(4, counter=1, counted_by="a friend's computer"))
    other = tap(1, counter=1, at=NOW + timedelta(hours=1), counted_by="the hospital's computer")
    (told,) = send(world, other, at=NOW + timedelta(hours=1)).operations
    assert told.elsewhere is not None
    assert told.elsewhere.value == 4


def test_a_batch_sent_again_is_answered_as_the_first_time(world: World) -> None:
    send(world, tap(4, counter=1, counted_by="a tablet"))
    at = NOW + timedelta(hours=1)
    taps = [tap(value, counter=value, at=at, counted_by="this phone") for value in (1, 2, 3)]
    taps.append(tap(2, item=2, counter=4, at=at, counted_by="this phone"))
    first = send(world, *taps, at=at)
    assert outcomes(first) == ["kept", "kept", "kept", "kept"]
    send(world, tap(1, counter=9, at=at, counted_by="a tablet"), at=at + timedelta(hours=1))
    assert tell(send(world, *taps, at=at + timedelta(hours=2))) == tell(first)


def test_a_form_that_was_answered_without_a_network_was_begun_before_it_was_finished(world: World) -> None:
    done = Submission("self", device_at=NOW + timedelta(minutes=7))
    send(world, tap(), at=NOW + timedelta(days=2), submission=done)
    assessment = world.assessment()
    assert assessment.started_at == NOW
    assert assessment.completed_at == NOW + timedelta(minutes=7)


def test_a_batch_that_sends_the_form_has_the_same_receipt_however_often_it_comes(world: World) -> None:
    operations = [tap(item=1), tap(3, item=2)]
    submission = Submission("self", device_at=NOW)
    receipts = {send(world, *operations, submission=submission).receipt for _ in range(3)}
    later = send(world, at=NOW + timedelta(days=1), submission=Submission("proxy", device_at=NOW))
    assert receipts == {later.receipt}
    assert later.receipt is not None
    assert world.assessment().respondent == "self"
    assert sum(answer.state == "answered" for answer in stored(world)) == 2


def test_what_was_set_aside_is_known_again_and_its_identifier_is_not_for_other_content(world: World) -> None:
    send(world, submission=Submission("self", device_at=NOW))
    late = tap(2)
    for _ in range(2):
        assert outcomes(send(world, late)) == ["set_aside"]
    with pytest.raises(OperationConflict):
        send(world, replace(late, value=3))
    with world.database.reading() as session:
        assert session.query(SetAsideAnswer).count() == 1


def test_a_forged_operation_refuses_the_whole_batch_and_nothing_is_sent(world: World) -> None:
    with pytest.raises(AnswerRejected):
        send(world, tap(2), tap(2, item=99), submission=Submission("self", device_at=NOW))
    assert stored(world) == []
    assert world.assessment().submitted_at is None


def test_a_batch_for_somebody_else_is_for_nobody(world: World) -> None:
    other = world.enrol_another()
    batch = Batch(other.assessment().assessment_id, [tap()], device_now=NOW)
    with pytest.raises(NotFound), world.database.writing() as session:
        take_batch(session, batch, actor=world.actor(), now=NOW)
    assert stored(world) == []


@pytest.mark.parametrize("blank_comes_first", [True, False])
def test_a_blank_left_without_knowing_of_an_answer_never_stands_in_its_place(
    world: World, *, blank_comes_first: bool
) -> None:
    answer = tap(3, at=NOW, counted_by="this phone", counter=1)
    left = tap(3, at=NOW + timedelta(hours=1), counted_by="another phone", counter=1)
    blank = replace(left, state="left_blank", value=None)
    for operation in (blank, answer) if blank_comes_first else (answer, blank):
        send(world, operation, at=NOW + timedelta(hours=2))
    standing = [each for each in stored(world) if each.superseded_at is None]
    assert [(each.state, each.value) for each in standing] == [("answered", 3)]
