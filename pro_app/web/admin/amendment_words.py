"""What becomes of visits under an amendment, in the words of the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import format_date, gettext, lazy_gettext

from pro_app.protocol.amendment_check import Objection
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit
from pro_app.services.amendments.model import FINISHED, PersonAmendment, Untouched, find_kind
from pro_app.web.dates import period
from pro_app.web.problems import problem_words

KIND_WORDS = {
    "moved": lazy_gettext("Moved"),
    "added": lazy_gettext("New"),
    "cancelled": lazy_gettext("Cancelled"),
    "renewed": lazy_gettext("Same days, other rules"),
    "past": lazy_gettext("Already past, not asked"),
    "unscheduled": lazy_gettext("Unscheduled"),
    "readmitted": lazy_gettext("Brought back"),
    "kept": lazy_gettext("Unchanged"),
}


@dataclass(frozen=True, slots=True)
class VisitLine:
    """One visit that changes: its words, its period before and after, and what becomes of it."""

    label: str
    before: str
    after: str
    becomes: str


def list_visit_lines(person: PersonAmendment, *, labels: "Labels") -> list[VisitLine]:
    """List the visits of a participant that change; those that stay as they are need no line."""
    return [
        VisitLine(
            label=labels.visit(person, change.visit_code),
            before=period_words(change.before),
            after=period_words(change.after),
            becomes=str(KIND_WORDS[find_kind(change)]),
        )
        for change in person.outcome.changed
    ]


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


def period_words(visit: PlannedVisit | None) -> str:
    """Write the period for answering, a dash where there is none."""
    return "–" if visit is None else period(visit.opens_on, visit.closes_on)


def untouched_words(person: Untouched) -> str:
    """Say why somebody is left alone."""
    return gettext("every period for answering is over") if person.reason == FINISHED else person.words
