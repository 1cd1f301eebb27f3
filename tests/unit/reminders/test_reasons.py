import pytest

from pro_app.reminders.reasons import REASONS, find_reason_words


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_words_that_are_not_its_code(code: str) -> None:
    words = find_reason_words(code)
    assert words is not None
    assert " " in words
    assert code not in words


def test_a_final_and_a_passing_refusal_of_the_server_read_differently() -> None:
    assert find_reason_words("smtp_550") != find_reason_words("smtp_451")
    assert find_reason_words("smtp_451") == find_reason_words("smtp_sender_550")


def test_the_event_that_stopped_messages_is_worded_by_the_protocol() -> None:
    assert find_reason_words("died") is None


def test_what_telephones_and_browsers_answer_has_words_for_every_code_of_theirs() -> None:
    codes = (
        "sms_429",
        "sms_no_reply",
        "sms_hard_bounce",
        "push_503",
        "push_504",
        "push_key_refused_403_BadJwtToken",
    )

    words = [find_reason_words(code) for code in codes]

    assert None not in words
    assert len(set(words)) == len(codes)
