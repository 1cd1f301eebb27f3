"""What participants decide for themselves, on each of the two kinds of database."""

from datetime import UTC, datetime, timedelta

import pytest
from conftest import NOW, TEST_SECRET
from participant_world import PIN, World

from pro_app.errors import InputRejected, NotFound
from pro_app.services.display_settings import (
    DisplaySettings,
    change_display_settings,
    list_live_languages,
    load_display_settings,
)
from pro_app.services.own_devices import forget_own_device, list_own_devices
from pro_app.services.participant_sign_in import activate_card
from pro_app.services.receipt_lookup import find_receipt
from pro_app.services.reminder_requests import Reach, ask_reminder_tomorrow, list_reminder_offers
from pro_app.services.sessions import find_participant_sign_in
from pro_app.services.visits import NotDone, record_not_done
from pro_app.storage.tables.outbox import OutboxMessage

TUESDAY = datetime(2026, 4, 28, 7, tzinfo=UTC)
"""A morning within the window of W08 of somebody randomised on 2 March 2026."""


def test_a_reminder_is_asked_for_once_and_stays_one_row(world: World) -> None:
    world.randomise()
    assessment_id = world.assessment("W08").assessment_id
    reach = Reach(world.clinic.vault, frozenset({"email"}))
    tomorrow = datetime(2026, 4, 29, 8, tzinfo=UTC)
    for _ in range(2):
        with world.database.writing() as session:
            moment = ask_reminder_tomorrow(
                session, assessment_id, reach=reach, actor=world.actor(), now=TUESDAY
            )
        assert moment == tomorrow
    with world.database.reading() as session:
        rows = session.query(OutboxMessage).filter(OutboxMessage.rule_code.startswith("asked_")).all()
        offers = list_reminder_offers(session, [assessment_id], reach=reach, actor=world.actor(), now=TUESDAY)
    assert [(row.channel, row.due_at, row.state) for row in rows] == [("email", tomorrow, "planned")]
    assert (offers[assessment_id].asked_at, offers[assessment_id].offered_at) == (tomorrow, None)


def test_no_reminder_is_stored_that_could_not_go(world: World) -> None:
    world.randomise()
    assessment_id = world.assessment("W08").assessment_id
    reach = Reach(world.clinic.vault, frozenset({"email"}))
    last_day = TUESDAY + timedelta(days=6)
    with pytest.raises(InputRejected), world.database.writing() as session:
        ask_reminder_tomorrow(session, assessment_id, reach=reach, actor=world.actor(), now=last_day)
    with world.database.reading() as session:
        assert (
            list_reminder_offers(session, [assessment_id], reach=reach, actor=world.actor(), now=last_day)
            == {}
        )


def test_devices_are_listed_by_their_last_use_and_signed_out_one_by_one(world: World) -> None:
    with world.database.writing() as session:
        first = activate_card(
            session,
            token_or_code=world.card.short_code,
            pin=PIN,
            device_label="iPhone",
            secret_key=TEST_SECRET,
            now=NOW,
        )
    world.sign_in_with(
        world.card.sign_in_code, remember=True, device_label="iPad", now=NOW + timedelta(days=1)
    )
    later = NOW + timedelta(days=2)
    token = world.sign_in_on(first.device_secret or "", now=later).session_token
    with world.database.reading() as session:
        devices = list_own_devices(session, actor=world.actor())
    assert [(device.label, device.last_used_at) for device in devices] == [
        ("iPhone", later),
        ("iPad", NOW + timedelta(days=1)),
    ]
    phone = devices[0].device_id
    with world.database.writing() as session:
        forget_own_device(session, phone, vault=world.clinic.vault, actor=world.actor(), now=later)
    assert find_participant_sign_in(world.database, token, now=later) is None
    with world.database.reading() as session:
        assert [device.label for device in list_own_devices(session, actor=world.actor())] == ["iPad"]
    with pytest.raises(NotFound), world.database.writing() as session:
        forget_own_device(session, phone, vault=world.clinic.vault, actor=world.actor(), now=later)


def test_what_is_chosen_for_reading_is_kept_and_nothing_else_is_accepted(world: World) -> None:
    wanted = DisplaySettings("largest", "high", "en")
    with world.database.writing() as session:
        change_display_settings(session, wanted, actor=world.actor(), now=NOW)
    for wrong in (("huge", "high", "en"), ("large", "low", "en"), ("large", "high", "de")):
        with pytest.raises(InputRejected), world.database.writing() as session:
            change_display_settings(session, DisplaySettings(*wrong), actor=world.actor(), now=NOW)
    with world.database.reading() as session:
        assert load_display_settings(session, actor=world.actor()) == wanted
        assert list_live_languages(session, actor=world.actor()) == ("fr", "en")


def test_a_receipt_is_found_by_its_own_site_only(world: World) -> None:
    world.clinic.answer(world.participant_id, "BASELINE", NOW.date())
    code = world.assessment().receipt_code or ""
    with world.database.reading() as session:
        found = find_receipt(session, code.lower(), language="fr", actor=world.clinic.nurse)
        assert found is not None
        assert (found.participant_id, found.receipt_code) == (world.participant_id, code)
        assert find_receipt(session, code, language="fr", actor=world.clinic.other_nurse) is None
        assert find_receipt(session, "", language="fr", actor=world.clinic.nurse) is None


def test_who_will_not_answer_is_told_that_the_centre_noted_it(world: World) -> None:
    world.randomise()
    assessment_id = world.assessment("W08").assessment_id
    with world.database.writing() as session:
        said = NotDone("TOO_ILL", "patient", "")
        record_not_done(session, assessment_id, said, actor=world.clinic.nurse, now=TUESDAY)
    reach = Reach(world.clinic.vault, frozenset({"email"}))
    with pytest.raises(InputRejected) as caught, world.database.writing() as session:
        ask_reminder_tomorrow(session, assessment_id, reach=reach, actor=world.actor(), now=TUESDAY)
    (problem,) = caught.value.problems
    assert problem.message.startswith("Your centre has noted that you will not answer this time")
