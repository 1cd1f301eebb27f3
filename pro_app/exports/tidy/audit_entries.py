"""The table `audit_trail`: who did what, when and why, without what may not leave the house."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from pro_app.exports.frames import schema_of
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tidy.stored import parse_moment

ACTIONS_WITH_VALUES = frozenset(
    {
        "answers.save",
        "answers.set_aside",
        "assessment.move",
        "assessment.not_done",
        "assessment.reopen",
        "assessment.submit",
        "clarification.accept",
        "clarification.refuse",
        "clarification.request",
        "clarification.withdraw",
        "dataset.download",
        "event.correct",
        "event.record",
        "paper.file",
        "participant.enrol",
        "participant.transfer",
        "release.approve",
        "release.download",
        "release.fail",
        "release.make",
        "release.request",
        "study.load",
    }
)
"""Actions whose values leave the house; of any other one (accounts, sites, cards) only its fields do."""

ACTIONS_WITH_REASON = ACTIONS_WITH_VALUES | {
    "message.report",
    "participant.amend",
    "site.amend",
    "study.amend",
}
"""Actions whose reason leaves the house: it says why data were changed, or is a code.

Of any other one the entry says who and when. Why somebody's answers were read, or a sheet was put aside
before it counted, is about a person and explains no data.
"""

FIELDS_WITHOUT_VALUES = frozenset({"text", "not_done_text", "receipt_code", "request", "evidence_ref"})
"""What staff wrote about a person, and what a receipt says, stays in the app, whatever the action."""


class EntryRecord(NamedTuple):
    """One entry of the audit trail; `at` is text in UTC as `tidy.stored` reads it.

    `items` is None where the payload was redacted.
    """

    chain: str
    sequence: int
    at: str
    actor: str
    role: str
    action: str
    subject: str
    reason: str | None
    app_version: str
    digest: str
    items: Sequence[Mapping[str, Any]] | None


def make_audit_frame(
    study: str, entries: Iterable[tuple[str | None, str | None, EntryRecord]]
) -> pl.DataFrame:
    """Give one row for each item of each entry, and one for an entry without any.

    Each entry comes with the site and the participant that it is about, if any.
    """
    rows = [
        (study, site, participant_code, *entry[:7], field, before, after, _show_reason(entry), *entry[8:10])
        for site, participant_code, entry in entries
        for field, before, after in _list_changes(entry)
    ]
    schema = schema_of(AUDIT_TRAIL)
    read = pl.DataFrame(rows, schema={**schema, "at": pl.String()}, orient="row", strict=True)
    return read.with_columns(parse_moment("at"))


def _list_changes(entry: EntryRecord) -> list[tuple[str | None, str | None, str | None]]:
    """Give field, value before and after of each item."""
    shows_values = entry.action in ACTIONS_WITH_VALUES
    found = []
    for item in entry.items or ({},):
        field = item.get("field")
        shown = shows_values and field not in FIELDS_WITHOUT_VALUES
        before, after = (item.get("before"), item.get("after")) if shown else (None, None)
        found.append((field, _write(before), _write(after)))
    return found


def _show_reason(entry: EntryRecord) -> str | None:
    return entry.reason if entry.action in ACTIONS_WITH_REASON else None


def _write(value: object) -> str | None:
    """Write a value as the audit trail holds it: a text as it is, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
