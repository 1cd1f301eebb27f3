"""Two at the same moment: on PostgreSQL they wait for the row, on SQLite for the one writer."""

from threading import Thread
from time import sleep
from uuid import uuid4

from conftest import NOW
from participant_world import World

from pro_app.services.answers import Operation, save_operations
from pro_app.services.events import record_event
from pro_app.storage.tables.answers import Answer

MOMENT = 1.0
"""Long enough for the other transaction to come to the row that is held."""


def test_a_tap_during_the_randomisation_waits_and_is_kept(world: World) -> None:
    assessment_id, failures = world.assessment().assessment_id, list[Exception]()

    def tap() -> None:
        operations = [Operation(str(uuid4()), "qlq-c30", 1, "answered", 2)]
        try:
            with world.database.writing() as session:
                save_operations(
                    session,
                    assessment_id=assessment_id,
                    operations=operations,
                    actor=world.actor(),
                    now=NOW,
                )
        except Exception as failure:  # noqa: BLE001 -- whatever stops the thread is what the test reports
            failures.append(failure)

    with world.database.writing() as session:
        record_event(
            session,
            participant_id=world.participant_id,
            kind="randomised",
            occurred_on=NOW.date(),
            details={"arm": "LUTATHERA"},
            actor=world.clinic.nurse,
            now=NOW,
        )
        thread = Thread(target=tap)
        thread.start()
        sleep(MOMENT)
    thread.join()
    assert failures == []
    with world.database.reading() as session:
        assert session.query(Answer).count() == 1
