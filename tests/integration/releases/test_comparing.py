"""What changed from one release to the next: rows added, values changed, and who, when and why."""

from datetime import date, timedelta

import polars as pl
import pytest
from clinic_world import noon
from export_world import give_answers, golden_answers, send
from making_world import CUT_OFF, LATER, MakingWorld

from pro_app.errors import InputRejected, NotFound
from pro_app.services.events import Correction, correct_event
from pro_app.services.releases.compare import ReleaseChanges, compare_releases
from pro_app.services.visits import NotDone, record_not_done

WEEK_8 = date(2026, 3, 9)
CORRECTED_ON, SAID_ON, ENROLLED_ON = date(2026, 4, 3), date(2026, 4, 4), date(2026, 4, 6)


def compare(world: MakingWorld, first: int = 1, second: int = 2) -> ReleaseChanges:
    with world.database.reading() as session:
        return compare_releases(session, world.load(first), world.load(second), folder=world.folder)


def rows(changes: ReleaseChanges, table: str, **where: str) -> list[dict[str, object]]:
    found = pl.concat(changes.frames).filter(pl.col("table") == table)
    for column, value in where.items():
        found = found.filter(pl.col(column) == value)
    return found.to_dicts()


def test_nothing_changed_between_two_releases_of_the_same_data(sqlite_world: MakingWorld) -> None:
    sqlite_world.answer_baseline()
    sqlite_world.make()
    sqlite_world.make()

    counts = compare(sqlite_world).list_counts()

    assert [sum(numbers) for _table, *numbers in counts] == [0] * len(counts)


def test_every_change_is_listed_with_who_when_and_why(world: MakingWorld) -> None:
    participant_id = world.answer_baseline()
    ended = world.clinic.record(participant_id, "progressed", date(2026, 3, 20))
    world.make()
    with world.database.writing() as session:
        correct_event(
            session,
            event_id=ended,
            correction=Correction(reason="The scan was read again", occurred_on=date(2026, 3, 21)),
            actor=world.clinic.nurse,
            now=noon(CORRECTED_ON),
        )
    with world.database.writing() as session:
        record_not_done(
            session,
            assessment_id=world.clinic.assessments(participant_id)["W08"].assessment_id,
            not_done=NotDone(reason="TOO_ILL", said_by="patient", text=""),
            actor=world.clinic.nurse,
            now=noon(SAID_ON),
        )
    world.clinic.enrol(ENROLLED_ON, participant_code="15-002")
    world.make(now=LATER)

    changes = compare(world)

    counts = {table: tuple(numbers) for table, *numbers in changes.list_counts()}
    assert counts["participants"] == (1, 1, 0)
    (progressed,) = rows(changes, "participants", change="changed")
    assert (progressed["column"], progressed["before"], progressed["after"]) == (
        "progressed_on", "2026-03-20", "2026-03-21",
    )  # fmt: skip
    assert (progressed["actor"], progressed["at"], progressed["reason"]) == (
        world.clinic.nurse.reference, noon(CORRECTED_ON), "The scan was read again",
    )  # fmt: skip
    (missing,) = rows(changes, "assessments", column="missing_reason")
    assert (missing["visit_code"], missing["after"], missing["at"], missing["action"]) == (
        "W08", "TOO_ILL", noon(SAID_ON), "assessment.not_done",
    )  # fmt: skip
    (added,) = rows(changes, "participants", change="added")
    assert (added["participant_code"], added["at"]) == ("15-002", noon(ENROLLED_ON))
    assert counts["events"][2] == 0


def test_the_answers_that_came_since_lead_to_the_one_who_gave_them(sqlite_world: MakingWorld) -> None:
    world = sqlite_world
    participant_id = world.answer_baseline()
    world.make(now=noon(date(2026, 2, 1)))
    answers = {"qlq-c30": golden_answers("c30", 3), "qlq-ginet21": golden_answers("ginet21", 3)}
    assessment_id = give_answers(world.clinic, participant_id, "W08", on=WEEK_8, answers=answers)
    send(world.clinic, participant_id, assessment_id, on=WEEK_8)
    world.make(now=noon(date(2026, 3, 12)))

    changes = compare(world)

    items = rows(changes, "items", change="added", visit_code="W08")
    assert len(items) == 51
    assert {(item["actor"], item["at"]) for item in items} == {
        (f"participant:{participant_id}", noon(WEEK_8))
    }
    scores = rows(changes, "scores", change="added", visit_code="W08")
    assert len(scores) == 25
    assert {score["actor"] for score in scores} == {f"participant:{participant_id}"}


def test_the_order_of_the_numbers_does_not_matter_but_they_must_differ(sqlite_world: MakingWorld) -> None:
    sqlite_world.make()
    sqlite_world.clinic.enrol(ENROLLED_ON, participant_code="15-002")
    sqlite_world.make(now=LATER)

    backwards = compare(sqlite_world, 2, 1)

    assert backwards.list_counts() == compare(sqlite_world).list_counts()
    assert backwards.list_counts()[0] == ("participants", 1, 0, 0)
    with pytest.raises(InputRejected):
        compare(sqlite_world, 1, 1)


def test_a_value_is_not_laid_at_the_door_of_whoever_came_last(world: MakingWorld) -> None:
    participant_id = world.answer_baseline()
    progressed = world.clinic.record(participant_id, "progressed", date(2026, 3, 20))
    world.make()
    with world.database.writing() as session:
        correct_event(
            session,
            event_id=progressed,
            correction=Correction(reason="The scan was read again", occurred_on=date(2026, 3, 21)),
            actor=world.clinic.nurse,
            now=noon(CORRECTED_ON),
        )
    world.clinic.record(participant_id, "new_treatment", date(2026, 3, 25))
    world.make(now=LATER)

    changes = compare(world)

    [moved] = rows(changes, "participants", column="progressed_on")
    [replaced] = rows(changes, "events", column="in_force")
    for row in (moved, replaced):
        assert (row["action"], row["reason"]) == ("event.correct", "The scan was read again")
        assert row["at"] == noon(CORRECTED_ON)
    [treated] = rows(changes, "participants", column="new_treatment_on")
    assert (treated["action"], treated["reason"]) == ("event.record", None)


def test_a_form_that_was_never_sent_does_not_change_between_two_releases(world: MakingWorld) -> None:
    participant_id = world.answer_baseline()
    given = {"qlq-c30": golden_answers("c30", 3)}
    give_answers(world.clinic, participant_id, "W08", on=WEEK_8, answers=given)
    world.make()
    world.make(now=LATER)

    changes = compare(world)

    counts = {table: tuple(numbers) for table, *numbers in changes.list_counts()}
    assert (counts["scores"], counts["items"]) == ((0, 0, 0), (0, 0, 0))


def test_what_was_stamped_before_the_cut_off_but_committed_after_it_has_its_author(
    sqlite_world: MakingWorld,
) -> None:
    world = sqlite_world
    participant_id = world.answer_baseline()
    world.make()
    stamped = CUT_OFF - timedelta(seconds=1)
    with world.database.writing() as session:
        record_not_done(
            session,
            assessment_id=world.clinic.assessments(participant_id)["W08"].assessment_id,
            not_done=NotDone(reason="TOO_ILL", said_by="patient", text=""),
            actor=world.clinic.nurse,
            now=stamped,
        )
    world.make(now=LATER)

    (missing,) = rows(compare(world), "assessments", column="missing_reason")

    assert (missing["actor"], missing["at"]) == (world.clinic.nurse.reference, stamped)


def test_a_damaged_zip_is_not_compared(sqlite_world: MakingWorld) -> None:
    sqlite_world.make()
    sqlite_world.make(now=LATER)
    sqlite_world.damage("tables/parquet/items.parquet")

    with pytest.raises(NotFound):
        compare(sqlite_world)
