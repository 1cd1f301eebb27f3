"""What becomes of visits under an amendment, in the words of the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import format_date, gettext

from pro_app.protocol.amendment_check import Objection
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import PlanChange
from pro_app.services.amendments.model import FINISHED, PersonAmendment, Untouched, find_kind
from pro_app.web.calendar_changes import make_calendar_entry
from pro_app.web.problems import problem_words

GONE = frozenset({"cancelled", "unscheduled"})
"""What has no period afterwards, wherever its answers stay."""


def list_visit_lines(person: PersonAmendment, *, labels: "Labels") -> list[dict[str, Any]]:
    """List the visits of a participant that change; those that stay as they are need no line."""
    return [_make_line(person, change, labels) for change in person.outcome.changed]


def _make_line(person: PersonAmendment, change: PlanChange, labels: "Labels") -> dict[str, Any]:
    kind = find_kind(change)
    return make_calendar_entry(
        labels.visit(person, change.visit_code),
        kind,
        before=change.before,
        after=None if kind in GONE else change.after,
    )


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of visits and events in the language of the page."""

    target: Protocol
    language: str

    def visit(self, person: PersonAmendment, visit_code: str) -> str:
        """Give the words of a visit, those of the version that is left where it has the visit."""
        known = person.left if person.left.find_visit(visit_code) else self.target
        return known.visit_label(visit_code, self.language)

    def visits(self, person: PersonAmendment, visit_codes: Iterable[str]) -> str:
        """Give the words of some visits in one line."""
        return ", ".join(self.visit(person, code) for code in visit_codes)

    def objection(self, person: PersonAmendment, found: Objection) -> str:
        """Say why a version has no place for what is recorded."""
        words = problem_words(found.problem)
        if found.kind is None or found.on is None:
            return words
        event = person.left.event_label(found.kind, self.language)
        return str(
            gettext("%(event)s, %(date)s: %(words)s", event=event, date=format_date(found.on), words=words)
        )


def untouched_words(person: Untouched) -> str:
    """Say why somebody is left alone."""
    return gettext("every period for answering is over") if person.reason == FINISHED else person.words
