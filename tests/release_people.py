"""The people of the small release, made by hand: nothing here depends on the time or on chance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pro_app.protocol.events import Event, Facts, fold_events
from pro_app.protocol.protocol import UNSCHEDULED, Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.protocol.state import AssessmentFacts, AssessmentState, assessment_state
from pro_app.protocol.windows import civil_window

MADE_AT = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
STUDY, ZONE, APP_VERSION = "reluth", "Europe/Paris", "0.0.1"
ENROLLED, RANDOMISED = date(2026, 1, 5), date(2026, 1, 12)


@dataclass(frozen=True)
class Form:
    """One form: the day of its answers, how far it got, and the items about which something else was said."""

    on: date
    step: int = 0
    sent: bool = True
    respondent: str = "self"
    mode: str = "own_device"
    given: int = 51
    versions: int = 1
    said: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """One person: events as (kind, day, details), and forms by visit code and ordinal."""

    site: str
    code: str
    number: int
    events: tuple[tuple[str, date, Mapping[str, str]], ...]
    forms: Mapping[tuple[str, int], Form] = field(default_factory=dict)
    language: str = "fr"
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, object]:
        """The columns that stand first in every table."""
        return {"study": STUDY, "site": self.site, "participant_code": self.code}

    @property
    def facts(self) -> Facts:
        """What follows from the events."""
        return fold_events(
            Event(number, kind, on, noon(on), details)
            for number, (kind, on, details) in enumerate(self.events, 1)
        )


@dataclass(frozen=True)
class PersonVisit:
    """One assessment with its form, if there is one, and its state at the time of the release."""

    person: Person
    plan: PlannedVisit
    visit_code: str
    ordinal: int
    form: Form | None
    state: AssessmentState

    @property
    def keys(self) -> dict[str, object]:
        """The columns that stand first in every table of visits."""
        return self.person.keys | {"visit_code": self.visit_code, "ordinal": self.ordinal}

    @property
    def window_closed(self) -> bool:
        """Whether the window is over."""
        return civil_window(self.plan.opens_on, self.plan.closes_on, ZONE).has_closed(MADE_AT)

    @property
    def received(self) -> bool:
        """Whether the form was sent."""
        return self.form is not None and self.form.sent

    @property
    def valid(self) -> bool:
        """Whether it was received with a scale to score: all of these forms have one, unless by proxy."""
        return self.form is not None and self.form.sent and self.form.respondent != "proxy"

    @property
    def incomplete(self) -> bool:
        """Whether it was begun and never sent."""
        return self.form is not None and not self.form.sent

    @property
    def final(self) -> bool:
        """Whether its answers can no longer change by being given."""
        return self.state not in {AssessmentState.PLANNED, AssessmentState.OPEN, AssessmentState.STARTED}


def noon(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 11, 30, tzinfo=UTC)


def _enrolled(arm: str | None, *more: tuple[str, date]) -> tuple[tuple[str, date, Mapping[str, str]], ...]:
    randomised = [("randomised", RANDOMISED, {"arm": arm})] if arm else []
    return (("enrolled", ENROLLED, {}), *randomised, *((kind, on, {}) for kind, on in more))


_SAID = {3: "declined", 7: "left_blank", 39: "not_applicable", 40: "not_applicable", 51: "declined"}
PEOPLE = (
    Person(
        "15",
        "15-001",
        1,
        _enrolled(
            "LUTATHERA",
            ("infusion", date(2026, 1, 20)),
            ("infusion", date(2026, 3, 17)),
            ("treatment_ended", date(2026, 5, 12)),
        ),
        {
            ("BASELINE", 0): Form(date(2026, 1, 6), said=_SAID),
            ("W08", 0): Form(date(2026, 3, 10), step=1, mode="site_tablet"),
            ("W16", 0): Form(date(2026, 5, 25), step=2, mode="interview", said={47: "not_applicable"}),
            ("M03", 0): Form(date(2026, 8, 12), step=3),
        },
        reasons={"W16": ("HOSPITALISED", "patient")},
    ),
    Person(
        "15",
        "15-002",
        2,
        _enrolled("SURVEILLANCE", ("progressed", date(2026, 3, 20)), ("died", date(2026, 4, 1))),
        {
            ("BASELINE", 0): Form(date(2026, 1, 12), mode="paper"),
            ("W08", 0): Form(date(2026, 3, 9), step=2),
        },
    ),
    Person(
        "15",
        "15-003",
        3,
        _enrolled("LUTATHERA", ("infusion", date(2026, 1, 21))),
        {("W08", 0): Form(date(2026, 3, 8), respondent="assisted")},
        reasons={"BASELINE": ("TOO_ILL", "site"), "W16": ("FORGOT", "patient")},
        language="en",
    ),
    Person(
        "15",
        "15-004",
        4,
        _enrolled("SURVEILLANCE", ("left", date(2026, 5, 4))),
        {
            (UNSCHEDULED, 1): Form(date(2026, 1, 5)),
            ("BASELINE", 0): Form(date(2026, 1, 11), step=1),
            ("W08", 0): Form(date(2026, 3, 9), step=1),
        },
    ),
    Person(
        "16",
        "16-001",
        5,
        _enrolled("SURVEILLANCE"),
        {
            ("BASELINE", 0): Form(date(2026, 1, 9), respondent="proxy"),
            ("W08", 0): Form(date(2026, 3, 9), versions=2),
            ("W16", 0): Form(date(2026, 5, 4), step=3, sent=False, given=22),
        },
    ),
    Person("16", "16-002", 6, _enrolled(None), {("BASELINE", 0): Form(date(2026, 1, 7))}),
    Person("16", "16-003", 7, _enrolled("LUTATHERA", ("data_objection", date(2026, 2, 2)))),
)


def list_visits(protocol: Protocol, person: Person) -> Iterator[PersonVisit]:
    """Give the assessments of a person by opening day, visit code and ordinal."""
    plans = {plan.visit_code: plan for plan in plan_visits(protocol, person.facts)}
    places = [(plan, code, 0) for code, plan in plans.items()]
    places += [(plans["BASELINE"], code, n) for code, n in person.forms if code == UNSCHEDULED]
    for plan, code, ordinal in sorted(places, key=lambda p: (p[0].opens_on, p[1], p[2])):
        form = person.forms.get((code, ordinal))
        facts = AssessmentFacts(
            expected=plan.expected and code != UNSCHEDULED,
            started=form is not None,
            answered_at=noon(form.on) if form and form.sent else None,
        )
        window = civil_window(plan.opens_on, plan.closes_on, ZONE)
        state = assessment_state(window, facts, MADE_AT)
        yield PersonVisit(person, plan, code, ordinal, form, state)
