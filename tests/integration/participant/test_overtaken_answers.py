from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from conftest import NOW
from participant_world import World

from pro_app.services.answers import Operation, save_operations
from pro_app.storage.tables.answers import Answer


def tap(
    world: World,
    value: int,
    *,
    counter: int = 0,
    counted_by: str | None = None,
    after: timedelta = timedelta(),
    sent_after: timedelta | None = None,
) -> None:
    """Answer the first item, `after` a while."""
    sent_at = None if sent_after is None else NOW + sent_after
    operation = Operation(str(uuid4()), "qlq-c30", 1, "answered", value, counter=counter, given_at=sent_at)
    operation = replace(operation, counted_by=counted_by)
    with world.database.writing() as session:
        save_operations(
            session,
            assessment_id=world.assessment().assessment_id,
            operations=[operation],
            actor=world.actor(),
            now=NOW + after,
        )


def standing(world: World) -> list[Answer]:
    with world.database.reading() as session:
        return list(session.query(Answer).where(Answer.superseded_at.is_(None)))


def test_a_tap_overtaken_on_the_way_by_a_later_one_of_the_same_browser_does_not_come_into_force(
    world: World,
) -> None:
    tap(world, 4, counter=8, counted_by="this phone")
    tap(world, 2, counter=7, counted_by="this phone", after=timedelta(days=2))
    assert [answer.value for answer in standing(world)] == [4]


def test_a_browser_whose_storage_was_emptied_counts_anew_under_another_name(world: World) -> None:
    tap(world, 1, counter=60, counted_by="this phone")
    tap(world, 4, counter=3, counted_by="this phone, emptied", after=timedelta(seconds=5))
    assert [answer.value for answer in standing(world)] == [4]


def test_counters_that_nobody_owns_say_nothing_about_each_other(world: World) -> None:
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
