"""The list of participants as a clinic sees it: what each is asked for now, and what comes next."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import Protocol
from pro_app.services.clinic_scope import ClinicScope
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events_of, read_events
from pro_app.storage.queries.participant_list import (
    NOTHING,
    PersonRow,
    PresentForm,
    list_people,
    list_present_forms,
)
from pro_app.storage.queries.participants import list_participants_of
from pro_app.storage.tables.participants import Participant

PAGE_SIZE = 50
STATES = ("started", "open", "submitted", "late", "incomplete", "missed", "planned", "not_required")
"""The states in the order in which they are sorted: what can be done something about comes first."""
_Known = tuple[PersonRow, PresentForm]
SORTS: Mapping[str, Callable[[_Known], Any]] = {
    "code": lambda known: known[0].participant_code,
    "closes": lambda known: (known[1].closes_on or date.max, known[0].participant_code),
    "next": lambda known: (known[1].next_on or date.max, known[0].participant_code),
    "state": lambda known: (STATES.index(known[1].state), known[0].participant_code),
}


@dataclass(frozen=True, slots=True)
class ParticipantLine:
    """One participant: the visit that matters now with its state and window, the next one, two counts.

    `due` counts the forms that should have come by now, `received` those of them that did.
    """

    participant_id: int
    participant_code: str
    site_id: int
    situation: str
    visit_label: str
    state: str
    opens_on: date | None
    closes_on: date | None
    next_on: date | None
    received: int
    due: int


@dataclass(frozen=True, slots=True)
class ListWanted:
    """What a page of the list is to show: part of an inclusion number, a state, an order, which page.

    `sort` is one of SORTS, with a minus before it for the other way round; anything else means the code.
    """

    typed: str = ""
    state: str = ""
    sort: str = "code"
    page: int = 1


@dataclass(frozen=True, slots=True)
class ParticipantPage:
    """One page of the list, PAGE_SIZE people at most, with what is said around it.

    `total` people are in the scope at all, `shown` fit what was asked for; `states` counts those whose
    number fits by state, whichever state was chosen.
    """

    lines: tuple[ParticipantLine, ...]
    total: int
    shown: int
    states: Mapping[str, int]
    page: int
    page_count: int


def load_participant_page(
    session: Session, scope: ClinicScope, wanted: ListWanted, *, language: str, now: datetime
) -> ParticipantPage:
    """Give one page of the participants in scope; the number of queries does not depend on theirs.

    Only the people of the page are read whole; of the others it takes two narrow rows.
    """
    people = list_people(session, study_id=scope.study_id, site_ids=scope.site_ids)
    forms = list_present_forms(session, study_id=scope.study_id, site_ids=scope.site_ids, now=now)
    known = [
        (person, forms.get(person.participant_id, NOTHING))
        for person in people
        if wanted.typed.upper() in person.participant_code
    ]
    fitting = [pair for pair in known if wanted.state in {"", pair[1].state}]
    by, turned = SORTS.get(wanted.sort.lstrip("-"), SORTS["code"]), wanted.sort.startswith("-")
    fitting.sort(key=by, reverse=turned)
    page_count = max(1, -(-len(fitting) // PAGE_SIZE))
    page = min(max(wanted.page, 1), page_count)
    on_page = fitting[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return ParticipantPage(
        lines=tuple(_make_lines(session, on_page, language=language, now=now)),
        total=len(people),
        shown=len(fitting),
        states=Counter(form.state.value for _person, form in known),
        page=page,
        page_count=page_count,
    )


def _make_lines(
    session: Session, known: Sequence[_Known], *, language: str, now: datetime
) -> Iterable[ParticipantLine]:
    """Put the people of one page into words."""
    keys = [person.participant_id for person, _form in known]
    people = {row.id: row for row in list_participants_of(session, keys)}
    events = list_events_of(session, keys)
    for person, form in known:
        participant = people[person.participant_id]
        protocol = load_protocol(session, participant.protocol_sha256)
        facts = fold_events(read_events(events.get(participant.id, [])))
        case = _Case(participant, protocol, facts, language, now)
        yield _line(case, form)


@dataclass(frozen=True, slots=True)
class _Case:
    """One participant with the rules and facts that hold, and for whom and when the line is read."""

    participant: Participant
    protocol: Protocol
    facts: Facts
    language: str
    now: datetime

    @property
    def today(self) -> date:
        return civil_date(self.now, self.participant.zone)


def _line(case: _Case, form: PresentForm) -> ParticipantLine:
    code = form.visit_code
    return ParticipantLine(
        participant_id=case.participant.id,
        participant_code=case.participant.participant_code,
        site_id=case.participant.site_id,
        situation=describe_situation(case.protocol, case.facts, today=case.today, language=case.language)
        or _phase_words(case, code),
        visit_label=case.protocol.visit_label(code, case.language) if code else "",
        state=form.state,
        opens_on=form.opens_on,
        closes_on=form.closes_on,
        next_on=form.next_on,
        received=form.received,
        due=form.due,
    )


def describe_situation(protocol: Protocol, facts: Facts, *, today: date, language: str) -> str:
    """Say in words what keeps the participant from going on as planned; empty if nothing does."""
    by_weight = sorted(
        (kind for kind in protocol.event_kinds if kind.effect and facts.dates_of(kind.code)),
        key=lambda kind: (kind.effect.visits != "stay", not kind.effect.expected) if kind.effect else (),
    )
    # The protocol lists the graver of two events last.
    closing = [kind for kind in by_weight if kind.effect and kind.effect.visits != "stay"]
    if closing:
        return protocol.event_label(closing[-1].code, language, facts.arm)
    if find_message_rule(protocol, facts, today) == "sent":
        return ""
    quiet = [kind for kind in by_weight if kind.effect and kind.effect.messages != "sent"]
    return protocol.event_label(quiet[-1].code, language, facts.arm)


def _phase_words(case: _Case, visit_code: str | None) -> str:
    phase = case.protocol.find_phase(visit_code) if visit_code else None
    return phase.label.text(case.language) if phase else ""
