"""One record that cannot be read holds up nobody else's messages, and is seen."""

from datetime import UTC, date, datetime, timedelta

import pytest
from reminders_world import Post, list_rows
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from pro_app.reminders.outbox import claims
from pro_app.reminders.outbox.attempts import LEASE
from pro_app.services.sending_overview import load_sending_overview
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def set_zone(post: Post, zone: str) -> None:
    """Damage a record in a way that no page allows, or mend it."""
    with post.clinic.writing() as session:
        session.execute(update(Participant).where(Participant.id == post.participant_id).values(zone=zone))


@pytest.fixture
def neighbour(post: Post) -> int:
    """Enrol somebody who is invited at the same moment, after the one whose record is damaged."""
    key = post.clinic.enrol(
        date(2026, 1, 6), participant_code="15-002", email="b@centre.example", telephone=None
    )
    post.clinic.answer(key, "BASELINE", date(2026, 1, 6))
    post.clinic.record(key, "randomised", date(2026, 1, 12), arm="SURVEILLANCE")
    set_zone(post, "Mars/Olympus")
    return key


def invitation_of(post: Post, participant_id: int) -> OutboxMessage:
    (row,) = [
        row
        for row in list_rows(post.clinic.database, visit="W08")
        if row.participant_id == participant_id and row.rule_code == "invitation"
    ]
    return row


def test_others_get_theirs_and_the_message_is_late_until_the_record_is_mended(
    post: Post, neighbour: int
) -> None:
    assert post.dispatch(INVITED_AT) == {"planned": 1, "sent": 1}
    assert invitation_of(post, neighbour).state == "sent"
    row = invitation_of(post, post.participant_id)
    assert (row.state, row.outcome_reason, row.attempts) == ("planned", "record_unreadable", 0)
    for hours in (1, 2):
        post.dispatch(INVITED_AT + hours * HOUR)
        with post.clinic.database.reading() as session:
            overview = load_sending_overview(
                session, study_id=post.clinic.study_id, language="en", now=INVITED_AT + hours * HOUR
            )
        assert [line.participant_code for line in overview.late] == ["15-001"]
    set_zone(post, "Europe/Paris")
    assert post.dispatch(INVITED_AT + 3 * HOUR) == {"sent": 1}
    assert len(post.server.accepted) == 2


def test_it_has_failed_visibly_when_its_window_has_closed(post: Post, neighbour: int) -> None:
    assert neighbour
    now = INVITED_AT
    while now < INVITED_AT + 16 * DAY:
        post.dispatch(now)
        now += 6 * HOUR
    row = invitation_of(post, post.participant_id)
    assert (row.state, row.outcome_reason) == ("failed", "record_unreadable")
    assert len(post.server.accepted) > 1
    assert {str(mail["To"]) for mail in post.server.accepted} == {"b@centre.example"}


def test_what_may_have_arrived_stays_in_doubt(post: Post) -> None:
    post.claim("killed", INVITED_AT)
    set_zone(post, "Mars/Olympus")
    assert post.dispatch(INVITED_AT + LEASE) == {"planned": 1}
    row = invitation_of(post, post.participant_id)
    assert (row.doubts, row.claimed_by, row.lease_until) == (1, None, None)


def test_a_database_that_fails_sets_nothing_aside(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(claims, "load_situation", fail)
    with pytest.raises(OperationalError):
        post.dispatch(INVITED_AT)
    assert invitation_of(post, post.participant_id).outcome_reason is None
