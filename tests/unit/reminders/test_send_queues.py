from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pro_app.reminders.outbox.queues import LONGEST_REST, MINUTE, QueueState, find_queue

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "a secret of the tests"


def test_a_queue_is_the_channel_and_the_domain_and_names_neither_person_nor_domain() -> None:
    first = find_queue("email", "a.dupont@Example.fr", secret_key=SECRET)
    assert first == find_queue("email", "b.martin@example.FR", secret_key=SECRET)
    assert first != find_queue("email", "a.dupont@example.com", secret_key=SECRET)
    assert first != find_queue("email", "a.dupont@example.fr", secret_key="another")
    assert first is not None
    assert first.startswith("email:")
    assert "example" not in first


def test_numbers_share_one_queue() -> None:
    assert find_queue("sms", "+33612345678", secret_key=SECRET) == "sms"


def test_browsers_of_one_push_service_share_a_queue_that_does_not_name_it() -> None:
    first = find_queue("push", '{"endpoint": "https://push.example/a@b"}', secret_key=SECRET)
    assert first == find_queue("push", '{"endpoint": "https://PUSH.example/c"}', secret_key=SECRET)
    assert first != find_queue("push", '{"endpoint": "https://other.example/c"}', secret_key=SECRET)
    assert first is not None
    assert first.startswith("push:")
    assert "example" not in first


def test_what_is_no_address_of_a_browser_waits_in_no_queue() -> None:
    for address in ("", "[]", "{}", '{"endpoint": 3}', '{"endpoint": "https://[x"}'):
        assert find_queue("push", address, secret_key=SECRET) is None


def test_a_queue_never_used_rests_for_nobody() -> None:
    assert QueueState(None, 0).find_rest(now=NOW) is None


@given(ahead=st.integers(-(10**6), 10**6), strikes=st.integers(0, 50))
def test_a_rest_is_ahead_and_at_most_an_hour_whatever_the_clock_does(ahead: int, strikes: int) -> None:
    until = QueueState(NOW + timedelta(seconds=ahead), strikes).find_rest(now=NOW)
    assert (until is None) == (ahead <= MINUTE.total_seconds())
    assert until is None or NOW < until <= NOW + LONGEST_REST
