"""One message to each address that a person has on its channel, through the vault and the outbox."""

import json
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from messages_out import make_message
from reminders_world import Post, list_rows

from pro_app.contacts.push_addresses import list_push_addresses, save_push_address
from pro_app.reminders.addresses import Destination
from pro_app.reminders.delivery import choose_best, deliver
from pro_app.reminders.dispatch import dispatch_due
from pro_app.reminders.outbox import replan_reminders
from pro_app.reminders.outgoing import OutgoingMessage, Retryable, Undeliverable
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant

INVITED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = Retryable("push_503")
DOUBTFUL = Retryable("push_no_reply", maybe_accepted=True)
GONE = Undeliverable("gone")


@dataclass
class Way:
    """A way out that does what a test says, message by message, and else takes everything."""

    answers: deque[Exception | None] = field(default_factory=deque)
    taken: list[OutgoingMessage] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> str | None:
        """Take a message or not."""
        answer = self.answers.popleft() if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(message)
        return f"ref-{len(self.taken)}"


def use(post: Post, channels: str, *, browsers: int = 0) -> Way:
    """Give the participant these channels, and the last of them to the office."""
    with post.clinic.writing() as session:
        participant = session.get_one(Participant, post.participant_id)
        participant.channels = channels
        replan_reminders(session, participant=participant, now=INVITED_AT - timedelta(days=1))
        contact_ref = participant.contact_ref
    for number in range(browsers):
        subscription = json.dumps({"endpoint": f"https://push.example.org/{number}"})
        moment = INVITED_AT - timedelta(hours=number + 1)
        save_push_address(post.clinic.vault, contact_ref, subscription, now=moment)
    way, last = Way(), channels.rpartition(",")[2]
    post.office = replace(post.office, channels={**post.office.channels, last: way})
    return way


def row(post: Post, channel: str) -> OutboxMessage:
    rows = list_rows(post.clinic.database, visit="W08")
    return next(each for each in rows if (each.rule_code, each.channel) == ("invitation", channel))


def browsers_left(post: Post) -> int:
    with post.clinic.database.reading() as session:
        contact_ref = session.get_one(Participant, post.participant_id).contact_ref
    return len(list_push_addresses(post.clinic.vault, contact_ref))


def test_an_sms_goes_to_the_telephone_with_the_short_text_and_keeps_its_provider_s_name(post: Post) -> None:
    way = use(post, "sms")
    assert post.dispatch(INVITED_AT) == {"sent": 1}
    (message,) = way.taken
    assert message.address == "+33612345678"
    assert len(message.short_text) <= 160
    assert message.short_text.endswith("https://suivi.example.org")
    assert row(post, "sms").provider_ref == "ref-1"
    assert post.server.accepted == []


def test_an_e_mail_keeps_its_message_id_as_the_name_it_is_reported_under(post: Post) -> None:
    post.dispatch(INVITED_AT)
    assert [f"<{row(post, 'email').provider_ref}>"] == post.server.message_ids()


def test_an_e_mail_in_doubt_keeps_it_too(post: Post) -> None:
    post.server.answers.append("DROP")
    post.dispatch(INVITED_AT)
    assert [f"<{row(post, 'email').provider_ref}>"] == post.server.message_ids()


@pytest.mark.parametrize(
    ("answers", "state", "left"),
    [
        ([None, None], "sent", 2),
        ([GONE, None], "sent", 1),
        ([None, GONE], "sent", 1),
        ([LATER, None], "sent", 2),
        ([DOUBTFUL, None], "sent", 2),
        ([GONE, GONE], "failed", 0),
        ([GONE, LATER], "planned", 1),
        ([LATER, LATER], "planned", 2),
    ],
)
def test_a_notification_is_sent_when_one_browser_took_it_and_dead_ones_are_forgotten(
    post: Post, *, answers: list[Exception | None], state: str, left: int
) -> None:
    way = use(post, "email,push", browsers=2)
    way.answers.extend(answers)
    dispatch_due(post.office, clock=lambda: INVITED_AT)
    assert (row(post, "push").state, browsers_left(post)) == (state, left)
    assert row(post, "email").state == "sent"


def test_a_notification_that_may_have_arrived_counts_as_in_doubt(post: Post) -> None:
    way = use(post, "email,push", browsers=2)
    way.answers.extend([DOUBTFUL, LATER])
    post.dispatch(INVITED_AT)
    assert (row(post, "push").state, row(post, "push").doubts) == ("planned", 1)


def test_a_channel_out_of_order_is_not_asked_for_the_other_addresses(post: Post) -> None:
    way = use(post, "email,push", browsers=2)
    way.answers.extend([Retryable("push_unreachable", scope="channel"), None])
    post.dispatch(INVITED_AT)
    assert way.taken == []
    assert row(post, "push").state == "planned"


def test_without_any_browser_the_notification_has_failed_and_the_e_mail_went(post: Post) -> None:
    use(post, "email,push")
    post.dispatch(INVITED_AT)
    assert (row(post, "push").state, row(post, "push").outcome_reason) == ("failed", "no_address")
    assert row(post, "email").state == "sent"


def test_what_a_channel_never_announced_leaves_the_message_in_doubt(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    way = use(post, "sms")
    way.answers.append(RuntimeError("boom"))
    post.dispatch(INVITED_AT)
    assert (row(post, "sms").doubts, row(post, "sms").outcome_reason) == (1, "unknown_fault")
    assert f"message {row(post, 'sms').id} met an unknown fault" in caplog.text
    assert way.taken == [] or way.taken[0].reply_token not in caplog.text


@pytest.mark.parametrize(("longest_s", "tried"), [(0, 1), (60, 3)])
def test_addresses_that_take_long_leave_the_others_for_the_next_time(longest_s: float, tried: int) -> None:
    way = Way(deque([LATER, LATER, None]))
    browsers = [Destination(f"browser {number}", str(number)) for number in range(3)]
    attempts = deliver(way, make_message(""), browsers, forget=lambda _: None, longest_s=longest_s)
    assert len(attempts) == tried
    assert choose_best(attempts).outcome.kind == ("sent" if tried == len(browsers) else "retryable")
