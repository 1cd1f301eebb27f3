from datetime import timedelta
from uuid import uuid4

from conftest import NOW, TEST_SECRET
from participant_world import PIN, World

from pro_app.services.answers import Operation, save_operations
from pro_app.services.participant_sign_in import activate_card
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.credentials import Device


def remember_device(world: World) -> int:
    """Activate the card and give the key of the remembered device."""
    with world.database.writing() as session:
        activate_card(
            session,
            token_or_code=world.card.token,
            pin=PIN,
            device_label="iPhone",
            secret_key=TEST_SECRET,
            now=NOW,
        )
        return session.query(Device).one().id


def tap(
    world: World,
    value: int,
    *,
    counter: int = 0,
    device_id: int | None = None,
    after: timedelta = timedelta(),
    sent_after: timedelta | None = None,
) -> None:
    """Answer the first item, `after` a while."""
    sent_at = None if sent_after is None else NOW + sent_after
    operation = Operation(str(uuid4()), "qlq-c30", 1, "answered", value, counter=counter, given_at=sent_at)
    with world.database.writing() as session:
        save_operations(
            session,
            assessment_id=world.assessment().assessment_id,
            operations=[operation],
            actor=world.actor(device_id=device_id),
            now=NOW + after,
        )


def standing(world: World) -> list[Answer]:
    with world.database.reading() as session:
        return list(session.query(Answer).where(Answer.superseded_at.is_(None)))


def test_a_tap_overtaken_on_the_way_by_a_later_one_of_the_same_phone_does_not_come_into_force(
    world: World,
) -> None:
    device_id = remember_device(world)
    tap(world, 4, counter=8, device_id=device_id)
    tap(world, 2, counter=7, device_id=device_id, after=timedelta(seconds=90))
    assert [answer.value for answer in standing(world)] == [4]


def test_an_answer_changed_days_later_stands_also_where_the_phone_counts_anew(world: World) -> None:
    device_id = remember_device(world)
    tap(world, 1, counter=60, device_id=device_id)
    tap(world, 4, counter=3, device_id=device_id, after=timedelta(days=2))
    assert [answer.value for answer in standing(world)] == [4]


def test_counters_of_browsers_that_are_not_remembered_say_nothing_about_each_other(world: World) -> None:
    tap(world, 1, counter=60)
    tap(world, 4, counter=3, after=timedelta(seconds=5))
    assert [answer.value for answer in standing(world)] == [4]


def test_an_answer_that_waited_for_the_pin_gives_way_to_one_given_meanwhile(world: World) -> None:
    tap(world, 4, after=timedelta(minutes=10))
    tap(world, 1, after=timedelta(minutes=20), sent_after=timedelta(minutes=5))
    assert [answer.value for answer in standing(world)] == [4]


def test_an_answer_that_waited_for_the_pin_counts_from_when_it_was_sent(world: World) -> None:
    tap(world, 4)
    tap(world, 1, after=timedelta(minutes=20), sent_after=timedelta(minutes=5))
    (answer,) = standing(world)
    assert (answer.value, answer.answered_at, answer.received_at) == (
        1,
        NOW + timedelta(minutes=5),
        NOW + timedelta(minutes=20),
    )
