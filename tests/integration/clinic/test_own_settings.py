from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.events import record_event
from pro_app.services.known_channels import list_contact_warnings, list_orders
from pro_app.services.message_settings import (
    OwnMessageSettings,
    change_message_settings,
    load_message_settings,
    pause_messages,
    resume_messages,
    stop_messages,
)
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.services.timeline import load_record
from pro_app.storage.queries.outbox import list_messages_with_visits
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.events import ParticipantEvent
from pro_app.storage.tables.participants import Participant

RANDOMISED, TODAY = date(2026, 1, 5), date(2026, 2, 10)
BOTH = frozenset({"email", "sms"})


def a_participant(clinic: Clinic, **changes: object) -> int:
    participant_id = clinic.enrol(RANDOMISED, **changes)
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    return participant_id


def settings(
    clinic: Clinic, participant_id: int, *, on: date = TODAY, usable: frozenset[str] = BOTH
) -> OwnMessageSettings:
    with clinic.database.reading() as session:
        return load_message_settings(
            session, vault=clinic.vault, usable=usable, actor=clinic.person(participant_id), now=noon(on)
        )


def change(
    clinic: Clinic, participant_id: int, *, hour: int = 10, order: tuple[str, ...] = (), on: date = TODAY
) -> None:
    with clinic.writing() as session:
        change_message_settings(
            session,
            reminder_hour=hour,
            order=order,
            vault=clinic.vault,
            usable=BOTH,
            actor=clinic.person(participant_id),
            now=noon(on),
        )


def pause(clinic: Clinic, participant_id: int, until: date | None, *, on: date = TODAY) -> None:
    with clinic.writing() as session:
        pause_messages(session, until, actor=clinic.person(participant_id), now=noon(on))


def stop(clinic: Clinic, participant_id: int, *, on: date = TODAY) -> None:
    with clinic.writing() as session:
        stop_messages(session, actor=clinic.person(participant_id), now=noon(on))


def resume(clinic: Clinic, participant_id: int, *, on: date = TODAY) -> None:
    with clinic.writing() as session:
        resume_messages(session, actor=clinic.person(participant_id), now=noon(on))


def planned(clinic: Clinic, participant_id: int) -> dict[str, set[int]]:
    """Give the hours (UTC) of the messages that will go out, by channel."""
    found: dict[str, set[int]] = {}
    with clinic.database.reading() as session:
        for row, _visit in list_messages_with_visits(session, participant_id):
            if row.state == "planned":
                found.setdefault(row.channel, set()).add(row.due_at.hour)
    return found


def last_entry(clinic: Clinic) -> tuple[str, str]:
    with clinic.database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    return entry.action, entry.actor


def kinds(clinic: Clinic, participant_id: int) -> list[str]:
    with clinic.database.reading() as session:
        return list(
            session.scalars(
                select(ParticipantEvent.kind)
                .where(ParticipantEvent.participant_id == participant_id)
                .order_by(ParticipantEvent.id)
            )
        )


def test_a_participant_sees_hour_zone_and_masked_addresses(clinic: Clinic) -> None:
    known = settings(clinic, a_participant(clinic))
    assert (known.reminder_hour, known.zone, known.order) == (10, "Europe/Paris", ("email",))
    assert [(channel.code, channel.masked_address, channel.is_on) for channel in known.channels] == [
        ("email", "a•••@e•••.fr", True),
        ("sms", "•• •• •• •• 78", False),
    ]


def test_only_ways_that_the_site_and_the_installation_have_are_offered(clinic: Clinic) -> None:
    landline = a_participant(clinic, telephone="04 67 61 31 00")
    nothing = a_participant(clinic, participant_code="15-002", email=None, telephone=None)
    assert [channel.code for channel in settings(clinic, landline).channels] == ["email"]
    assert settings(clinic, nothing).channels == ()
    mobile = a_participant(clinic, participant_code="15-003")
    only_email = settings(clinic, mobile, usable=frozenset({"email"}))
    assert only_email.orders == (("email",),)


def test_a_new_hour_moves_what_is_planned_as_the_participant_s_own_act(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    assert planned(clinic, participant_id)["email"] >= {9}  # 10 o'clock in Paris, in winter
    change(clinic, participant_id, hour=18)
    assert planned(clinic, participant_id)["email"] <= {16, 17}
    assert last_entry(clinic) == ("settings.change", f"participant:{participant_id}")


def test_a_new_order_of_ways_plans_the_messages_there(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    change(clinic, participant_id, order=("sms", "email"))
    assert (settings(clinic, participant_id).order, set(planned(clinic, participant_id))) == (
        ("sms", "email"),
        {"sms"},
    )


def test_what_did_not_change_writes_nothing(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    change(clinic, participant_id, hour=10, order=("email",))
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).channels is None
    assert last_entry(clinic)[0] == "event.record"


@pytest.mark.parametrize(
    ("hour", "order", "places"),
    [
        (7, (), ["reminder_hour"]),
        (20, ("sms", "sms"), ["reminder_hour", "order"]),
        (9, ("push",), ["order"]),
        (9, ("email", "fax"), ["order"]),
    ],
)
def test_an_hour_or_an_order_that_is_not_on_offer_is_refused_at_its_field(
    clinic: Clinic, *, hour: int, order: tuple[str, ...], places: list[str]
) -> None:
    participant_id = a_participant(clinic)
    with pytest.raises(InputRejected) as refused:
        change(clinic, participant_id, hour=hour, order=order)
    assert [problem.place for problem in refused.value.problems] == places
    assert settings(clinic, participant_id).reminder_hour == 10


def test_a_browser_that_was_switched_on_stays_on(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    with clinic.writing() as session:
        session.get_one(Participant, participant_id).channels = "email,push"
    change(clinic, participant_id, order=("sms",))
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).channels == "sms,push"


def test_a_pause_is_the_participant_s_own_event_and_can_be_ended(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    until = TODAY + timedelta(days=20)
    pause(clinic, participant_id, until)
    assert settings(clinic, participant_id).paused_until == until
    assert last_entry(clinic) == ("event.record", f"participant:{participant_id}")
    with clinic.database.reading() as session:
        record = load_record(session, participant_id, actor=clinic.nurse, language="fr", now=noon(TODAY))
    newest = record.events[-1]
    assert (newest.kind, newest.by_participant, newest.recorded_by) == ("paused", True, None)
    resume(clinic, participant_id)
    assert settings(clinic, participant_id).paused_until is None
    assert kinds(clinic, participant_id)[-2:] == ["paused", "resumed"]


def test_a_pause_ends_by_itself_on_its_day(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    pause(clinic, participant_id, TODAY + timedelta(days=3))
    after = settings(clinic, participant_id, on=TODAY + timedelta(days=3))
    assert after.paused_until is None
    resume(clinic, participant_id, on=TODAY + timedelta(days=3))
    assert kinds(clinic, participant_id)[-1] == "paused"


def test_a_pause_can_be_moved_and_the_same_one_is_recorded_once(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    for days in (10, 30, 30):
        pause(clinic, participant_id, TODAY + timedelta(days=days))
    assert settings(clinic, participant_id).paused_until == TODAY + timedelta(days=30)
    assert kinds(clinic, participant_id).count("paused") == 2


@pytest.mark.parametrize("days", [None, -1, 0, 367])
def test_a_pause_needs_a_day_after_today_within_a_year(clinic: Clinic, days: int | None) -> None:
    participant_id = a_participant(clinic)
    with pytest.raises(InputRejected) as refused:
        pause(clinic, participant_id, None if days is None else TODAY + timedelta(days=days))
    assert [problem.place for problem in refused.value.problems] == ["until"]
    assert "paused" not in kinds(clinic, participant_id)


def test_no_more_messages_withdraws_them_and_leaves_the_questionnaires(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    for _ in range(2):
        stop(clinic, participant_id)
    assert (planned(clinic, participant_id), settings(clinic, participant_id).stopped_on) == ({}, TODAY)
    assert kinds(clinic, participant_id).count("messages_stopped") == 1
    week_8 = clinic.assessments(participant_id)["W08"]
    assert (week_8.expected, week_8.reason_code, settings(clinic, participant_id).is_over) == (
        True,
        None,
        False,
    )
    clinic.answer(participant_id, "W08", date(2026, 3, 3))


def test_messages_come_again_after_a_stop(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    stop(clinic, participant_id)
    resume(clinic, participant_id, on=TODAY + timedelta(days=5))
    assert settings(clinic, participant_id).stopped_on is None
    assert set(planned(clinic, participant_id)) == {"email"}


def test_a_stop_and_a_pause_end_together(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    pause(clinic, participant_id, TODAY + timedelta(days=20))
    stop(clinic, participant_id)
    resume(clinic, participant_id)
    now = settings(clinic, participant_id)
    assert (now.stopped_on, now.paused_until) == (None, None)


@pytest.mark.parametrize("kind", ["left", "died", "questionnaires_stopped", "lost"])
def test_nobody_brings_back_by_themselves_what_the_site_has_ended(clinic: Clinic, kind: str) -> None:
    participant_id = a_participant(clinic)
    stop(clinic, participant_id)
    clinic.record(participant_id, kind, TODAY)
    resume(clinic, participant_id)
    with pytest.raises(NotFound):
        pause(clinic, participant_id, TODAY + timedelta(days=5))
    assert (settings(clinic, participant_id).is_over, planned(clinic, participant_id)) == (True, {})
    assert kinds(clinic, participant_id)[-1] == kind


def test_settings_are_one_s_own(clinic: Clinic) -> None:
    mine = a_participant(clinic)
    other = a_participant(clinic, participant_code="15-002", email="b@example.fr")
    with clinic.writing() as session:
        with pytest.raises(NotPermitted):
            stop_messages(session, actor=clinic.nurse, now=noon(TODAY))
        with pytest.raises(NotFound):
            load_participant(session, other, actor=clinic.person(mine))
        with pytest.raises(NotFound):
            record_event(
                session,
                participant_id=other,
                kind="messages_stopped",
                occurred_on=TODAY,
                details={},
                actor=clinic.person(mine),
                now=noon(TODAY),
            )


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained"])
def test_participants_take_back_their_own_wish_only(clinic: Clinic, reason: str) -> None:
    participant_id = a_participant(clinic)
    with clinic.writing() as session:
        resting = ChannelStop(
            participant_id=participant_id, channel="email", reason=reason, since_at=noon(TODAY)
        )
        session.add(resting)
        session.flush()
        stop_id = resting.id
    (shown,) = [channel for channel in settings(clinic, participant_id).channels if channel.rests]
    assert (shown.code, shown.rests and shown.rests.reason) == ("email", reason)

    def lift() -> bool:
        with clinic.writing() as session:
            return lift_channel_stop(
                session, participant_id, stop_id, actor=clinic.person(participant_id), now=noon(TODAY)
            )

    if reason == "unsubscribed":
        assert (lift(), lift()) == (True, False)
        assert last_entry(clinic) == ("channel.lift", f"participant:{participant_id}")
    else:
        with pytest.raises(NotFound):
            lift()


def test_the_site_sets_the_order_of_ways_and_takes_it_back(clinic: Clinic) -> None:
    participant_id = a_participant(clinic)
    said = ContactChange("a.dupont@example.fr", "06 12 34 56 78", "fr", zone="Europe/Paris", reminder_hour=10)
    stored = []
    for channels in (("sms", "email"), None, ()):
        wanted = ContactChange(
            **{name: getattr(said, name) for name in said.__slots__} | {"channels": channels}
        )
        with clinic.writing() as session:
            change_contact(
                session, participant_id, wanted, vault=clinic.vault, actor=clinic.nurse, now=noon(TODAY)
            )
        with clinic.database.reading() as session:
            stored.append(session.get_one(Participant, participant_id).channels)
    assert stored == ["sms,email", "sms,email", None]


def test_an_order_that_is_none_is_refused_at_its_field(clinic: Clinic) -> None:
    with pytest.raises(InputRejected) as refused:
        clinic.enrol(RANDOMISED, channels=("pigeon",))
    assert [problem.place for problem in refused.value.problems] == ["channels"]


@pytest.mark.parametrize(
    ("contact", "channels", "warnings"),
    [
        ({}, ("email", "sms"), []),
        ({"telephone": "04 67 61 31 00"}, ("email", "sms"), ["landline"]),
        ({"telephone": "04 67 61 31 00"}, ("email",), []),
        ({"telephone": "0692 12 34 56", "zone": "Indian/Reunion"}, ("sms",), []),
        ({"telephone": None}, ("sms", "email"), ["no_mobile"]),
        ({"email": None, "telephone": None}, ("email",), ["no_email"]),
    ],
)
def test_ways_that_cannot_reach_the_person_are_told(
    clinic: Clinic, *, contact: dict[str, object], channels: tuple[str, ...], warnings: list[str]
) -> None:
    participant_id = clinic.enrol(RANDOMISED, channels=channels, **contact)
    with clinic.database.reading() as session:
        enrolled = load_participant(session, participant_id, actor=clinic.nurse)
        known = clinic.vault.find(enrolled.contact_ref)
        assert list_contact_warnings(enrolled, known, load_protocol_of(session, enrolled)) == warnings


def test_orders_hold_each_way_once() -> None:
    assert list_orders(["email", "sms"]) == [("email", "sms"), ("sms", "email"), ("email",), ("sms",)]
