from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pro_app.exports.frames import check_frame
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tidy.audit_entries import EntryRecord, make_audit_frame


def entry(action: str, items: Sequence[Mapping[str, Any]] | None) -> EntryRecord:
    return EntryRecord(
        chain="site:1",
        sequence=7,
        at="2026-03-02 09:00:00.000000",
        actor="account:3",
        role="nurse",
        action=action,
        subject="participant:12",
        reason="misread",
        app_version="0.0.1",
        digest="d" * 64,
        items=items,
    )


def changes(action: str, *items: Mapping[str, Any]) -> list[tuple[object, ...]]:
    frame = make_audit_frame("reluth", [("15", "15-001", entry(action, items))])
    check_frame(AUDIT_TRAIL, frame)
    return frame.select("field", "before", "after").rows()


def test_values_are_written_as_text_and_anything_else_as_json() -> None:
    items = (
        {"field": "qlq-c30:3", "before": None, "after": {"state": "answered", "value": 2}},
        {"field": "said_by", "before": "patient", "after": "relative"},
        {"field": "reminder_hour", "before": 9, "after": True},
    )

    assert changes("answers.save", *items) == [
        ("qlq-c30:3", None, '{"state": "answered", "value": 2}'),
        ("said_by", "patient", "relative"),
        ("reminder_hour", "9", "true"),
    ]


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ("account.create", "display_name"),
        ("contact.change", "email"),
        ("site.update", "telephone"),
        ("an.action_that_nobody_has_thought_of_yet", "secret"),
        ("assessment.not_done", "text"),
        ("assessment.submit", "not_done_text"),
        ("assessment.submit", "receipt_code"),
    ],
)
def test_values_that_stay_in_the_house_are_hidden_and_their_fields_are_not(action: str, field: str) -> None:
    assert changes(action, {"field": field, "before": "canary", "after": "canary"}) == [(field, None, None)]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("event.correct", "misread"),
        ("assessment.reopen", "misread"),
        ("clarification.accept", "misread"),
        ("clarification.refuse", "misread"),
        ("paper.file", "misread"),
        ("participant.amend", "misread"),
        ("release.request", "misread"),
        ("answers.read", None),
        ("paper.open", None),
        ("paper.discard", None),
        ("an.action_that_nobody_has_thought_of_yet", None),
    ],
)
def test_the_reason_leaves_the_house_only_where_it_explains_a_change_of_the_data(
    action: str, reason: str | None
) -> None:
    frame = make_audit_frame("reluth", [("15", "15-001", entry(action, [{"field": "reading", "after": 4}]))])

    assert frame.select("action", "reason", "digest").rows() == [(action, reason, "d" * 64)]


@pytest.mark.parametrize("items", [None, ()])
def test_an_entry_without_items_or_with_a_redacted_payload_has_one_row(
    items: Sequence[Mapping[str, Any]] | None,
) -> None:
    frame = make_audit_frame("reluth", [(None, None, entry("study.load", items))])

    assert frame.select("field", "before", "after", "reason", "sequence").rows() == [
        (None, None, None, "misread", 7)
    ]


def test_no_entries_give_an_empty_table() -> None:
    frame = make_audit_frame("reluth", [])

    check_frame(AUDIT_TRAIL, frame)
    assert frame.is_empty()
