"""What is imagined of an act is what the act then does, to the plan as reminders see it and to the outbox."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic, noon
from reminders_world import list_rows as all_rows

from pro_app.protocol.events import Event
from pro_app.reminders.hypothetical import imagine_situation
from pro_app.reminders.outbox import list_rows, plan_outbox
from pro_app.reminders.situation import Situation, load_situation
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.services.planning import preview_plan
from pro_app.services.visits import NotDone, record_not_done
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.database import Session
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

Changes = dict[str, tuple[str, str | None, datetime]]


def state_of(row: OutboxMessage) -> tuple[str, str | None, datetime]:
    return row.state, row.outcome_reason, row.due_at


def imagine(
    session: Session, participant_id: int, events: list[Event], *, now: datetime
) -> tuple[Situation, Changes]:
    """Give the situation after an act, and every message that it changes as it would stand then."""
    participant = session.get_one(Participant, participant_id)
    protocol = load_protocol(session, participant.protocol_sha256)
    outcome = preview_plan(session, participant, events=events, protocol=protocol, now=now)
    situation = imagine_situation(
        session,
        participant,
        changes=outcome.changes,
        versions=outcome.versions,
        events=events,
        protocol=protocol,
        now=now,
    )
    plan = plan_outbox(
        situation, list_rows(session, participant_id, lock=False), participant=participant, now=now
    )
    changes: Changes = {row.message_key: ("cancelled", why, row.due_at) for row, why in plan.withdrawn}
    changes |= {row.message_key: ("planned", None, new.due_at) for row, new in plan.renewed}
    for message in plan.added:
        why = message.reminder.refused
        changes[message.message_key] = ("cancelled" if why else "planned", why, message.reminder.due_at)
    return situation, changes


def without_keys(situation: Situation) -> Situation:
    """Leave out what is only known once it is stored."""
    visits = [replace(visit, planned_visit_id=None, assessment_id=None) for visit in situation.visits]
    return replace(situation, visits=tuple(sorted(visits, key=lambda visit: visit.visit_code)))


def check_act(
    clinic: Clinic,
    participant_id: int,
    now: datetime,
    *,
    events_after: Callable[[list[Event]], list[Event]],
    act: Callable[[Session], object],
) -> Changes:
    """Imagine an act, do it, and compare; gives what it changed in the outbox."""
    before = {row.message_key: state_of(row) for row in all_rows(clinic.database)}
    with clinic.database.reading() as session:
        events = events_after(read_events(list_events(session, participant_id)))
        imagined, changes = imagine(session, participant_id, events, now=now)
    assert {row.message_key: state_of(row) for row in all_rows(clinic.database)} == before
    with clinic.writing() as session:
        act(session)
    with clinic.database.reading() as session:
        participant = session.get_one(Participant, participant_id)
        real = load_situation(session, participant, now=now)
    after = {row.message_key: state_of(row) for row in all_rows(clinic.database)}
    assert without_keys(imagined) == without_keys(real)
    assert changes == {key: told for key, told in after.items() if before.get(key) != told}
    return changes


def check_event(
    clinic: Clinic, participant_id: int, kind: str, *, on: date, at: date | None = None, **details: str
) -> Changes:
    """Compare what is imagined of a new event with what recording it does."""
    now = noon(at or on)
    new = Event(10**6, kind, occurred_on=on, recorded_at=now, details=details)
    return check_act(
        clinic,
        participant_id,
        now,
        events_after=lambda events: [*events, new],
        act=lambda session: record_event(
            session,
            participant_id=participant_id,
            kind=kind,
            occurred_on=on,
            details=details,
            actor=clinic.nurse,
            now=now,
        ),
    )


def check_correction(clinic: Clinic, participant_id: int, event_id: int, *, on: date, at: date) -> Changes:
    """Compare what is imagined of a corrected date with what correcting it does."""

    def correct(events: list[Event]) -> list[Event]:
        wrong = next(event for event in events if event.id == event_id)
        right = replace(wrong, id=10**6, occurred_on=on, recorded_at=noon(at), supersedes_id=event_id)
        return [*events, right]

    return check_act(
        clinic,
        participant_id,
        noon(at),
        events_after=correct,
        act=lambda session: correct_event(
            session,
            event_id,
            Correction(occurred_on=on, reason="wrong date"),
            actor=clinic.nurse,
            now=noon(at),
        ),
    )


@pytest.fixture
def person(clinic: Clinic) -> int:
    """Give a participant who was randomised on 12 January 2026 and answered W08 in part."""
    participant_id = clinic.enrol(date(2026, 1, 5))
    clinic.answer(participant_id, "BASELINE", date(2026, 1, 6))
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    return participant_id


def test_the_first_plan_is_imagined_as_it_is_made(clinic: Clinic) -> None:
    participant_id = clinic.enrol(date(2026, 1, 5))
    changes = check_event(clinic, participant_id, "randomised", on=date(2026, 1, 12), arm="LUTATHERA")
    assert len(changes) > 50


def test_a_late_end_of_treatment_is_imagined_with_what_it_cancels_adds_and_refuses(
    clinic: Clinic, person: int
) -> None:
    changes = check_event(clinic, person, "treatment_ended", on=date(2026, 2, 20), at=date(2026, 6, 1))
    assert {state for state, _, _ in changes.values()} == {"cancelled", "planned"}


@pytest.mark.parametrize("kind", ["messages_stopped", "questionnaires_stopped", "lost", "left", "died"])
def test_every_way_of_leaving_is_imagined_with_all_messages_withdrawn(
    clinic: Clinic, person: int, kind: str
) -> None:
    changes = check_event(clinic, person, kind, on=date(2026, 3, 4))
    assert {why for _, why, _ in changes.values()} == {kind}


def test_a_pause_is_imagined_to_withdraw_nothing(clinic: Clinic, person: int) -> None:
    assert check_event(clinic, person, "paused", on=date(2026, 3, 4), until="2026-04-01") == {}


def test_corrections_forth_and_back_around_answers_are_imagined_as_they_are_made(
    clinic: Clinic, person: int
) -> None:
    clinic.answer(person, "W08", date(2026, 3, 3))
    clinic.answer(person, "W16", date(2026, 5, 4), submit=False)
    wrong = clinic.record(person, "treatment_ended", date(2026, 7, 12))
    clinic.answer(person, "M03", date(2026, 10, 5))
    at = date(2026, 10, 20)
    check_correction(clinic, person, wrong, on=date(2026, 3, 20), at=at)
    with clinic.database.reading() as session:
        (standing,) = [event for event in list_events(session, person) if event.supersedes_id == wrong]
    check_correction(clinic, person, standing.id, on=date(2026, 7, 12), at=at + timedelta(days=1))


def test_what_went_out_or_is_just_going_stays_where_it_is_when_the_plan_moves(
    clinic: Clinic, person: int
) -> None:
    with clinic.writing() as session:
        for row in list_rows(session, person, lock=True):
            if row.rule_code == "invitation" and ":W08:" in row.message_key:
                row.state, row.finished_at = "sent", datetime(2026, 3, 2, 9, tzinfo=UTC)
            if row.rule_code == "first-reminder" and ":W08:" in row.message_key:
                row.state = "claimed"
    with clinic.database.reading() as session:
        event = next(event for event in list_events(session, person) if event.kind == "randomised")
    changes = check_correction(clinic, person, event.id, on=date(2026, 1, 13), at=date(2026, 3, 6))
    assert not any(key.endswith(":W08:first-reminder:1:email") for key in changes)


def test_a_reason_that_ends_with_its_period_is_imagined_to_let_the_messages_go(
    clinic: Clinic, person: int
) -> None:
    at = date(2026, 10, 27)
    key = clinic.assessments(person)["M03"].assessment_id
    with clinic.writing() as session:
        record_not_done(session, key, NotDone("TOO_ILL", "patient", ""), actor=clinic.nurse, now=noon(at))
    changes = check_event(clinic, person, "treatment_ended", on=date(2026, 8, 20), at=at + timedelta(days=1))
    assert any(":M03:" in key and told[0] == "planned" for key, told in changes.items())
