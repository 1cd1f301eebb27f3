"""What the database holds of one questionnaire, read past the app to compare with what was tapped."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass

from chaos.taps import States

_ANSWERS = """
SELECT a.operation_id, r.instrument_code || ':' || a.item_number, a.state, a.value, a.superseded_at IS NULL,
  a.counter, a.device_at, a.answered_at, a.received_at
FROM answers a JOIN responses r ON r.id = a.response_id
JOIN assessments f ON f.id = r.assessment_id
WHERE r.assessment_id = ? AND a.state != 'not_reached'
  AND NOT (a.state = 'left_blank' AND a.device_at IS NULL AND a.received_at IS f.submitted_at) ORDER BY a.id
"""
"""Without what nobody tapped: what the sending concluded about the questions that have no answer."""

_ASIDE = """
SELECT operation_id, instrument_code || ':' || item_number, state, value,
  counter, device_at, answered_at, received_at
FROM set_aside_answers WHERE assessment_id = ? ORDER BY id
"""
_AUDITED = """
SELECT e.action, p.items FROM audit_entries e JOIN audit_payloads p ON p.entry_id = e.id
WHERE e.subject_ref = ? ORDER BY e.id
"""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One operation as it is stored: in the form, where it may stand, or set aside beside it.

    `times` are its counter, the device's time, when it was given and when it was received.
    """

    operation_id: str
    said: States
    stands: bool = False
    aside: bool = False
    times: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredForm:
    """Everything about one questionnaire; `audited` counts each operation in the audit trail."""

    answers: tuple[StoredAnswer, ...]
    audited: Counter[str]
    receipt_code: str | None
    submissions: int


def load_form(store: sqlite3.Connection, assessment_id: int) -> StoredForm:
    """Load all operations of a questionnaire and what the audit trail says about it."""
    answers = [
        StoredAnswer(name, (item, state, value), stands=bool(stands), times=tuple(times))
        for name, item, state, value, stands, *times in store.execute(_ANSWERS, (assessment_id,))
    ]
    answers += [
        StoredAnswer(name, (item, state, value), aside=True, times=tuple(times))
        for name, item, state, value, *times in store.execute(_ASIDE, (assessment_id,))
    ]
    audited, submissions = Counter[str](), 0
    for action, items in store.execute(_AUDITED, (f"assessment:{assessment_id}",)):
        submissions += action == "assessment.submit"
        if action in {"answers.save", "answers.set_aside"}:
            audited.update(item["operation"] for item in json.loads(items))
    (receipt_code,) = store.execute(
        "SELECT receipt_code FROM assessments WHERE id = ?", (assessment_id,)
    ).fetchone()
    return StoredForm(tuple(answers), audited, receipt_code, submissions)


def has_answer(store: sqlite3.Connection, assessment_id: int, said: States) -> bool:
    """Tell whether this was ever stored about an item, in the form or beside it."""
    return any(answer.said == said for answer in load_form(store, assessment_id).answers)


def count_answered(store: sqlite3.Connection, assessment_id: int) -> int:
    """Count the items about which anything is stored."""
    return len({answer.said[0] for answer in load_form(store, assessment_id).answers})
