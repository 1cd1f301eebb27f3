"""Whether an event can be true, given what is already recorded of the participant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pro_app.errors import Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.events import Event, Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import EventKind

LONGEST_PAUSE = timedelta(days=731)
"""How far ahead a pause may end: two years, also over a leap day."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One event to be judged, the rule of its kind, and all it is judged by."""

    protocol: Protocol
    facts: Facts
    event: Event
    kind: EventKind
    language: str

    def first_on(self, code: str) -> date | None:
        """Give the day of the first recorded event of a kind."""
        return next(iter(self.facts.dates_of(code)), None)

    def problem(
        self, message: str, code: str, on: date | None = None, *, place: str = "occurred_on"
    ) -> Problem:
        """Make a problem that names another event and, where it is recorded, its date."""
        values: dict[str, str | int] = {
            "event": self.protocol.event_label(code, self.language, self.facts.arm)
        }
        return Problem(message, values | ({"date": on.isoformat()} if on else {}), place=place)


def check_event(
    protocol: Protocol, facts: Facts, event: Event, *, today: date, language: str = LANGUAGES[0]
) -> list[Problem]:
    """List every reason why `event` cannot be recorded; `place` names the form's field.

    For a correction or a retraction `facts` are those without the event that it supersedes. `today` is
    the participant's civil date. Dates in the values are ISO, names of events are in `language`.
    """
    kind = protocol.event_kinds_by_code.get(event.kind)
    if kind is None:
        return [Problem(mark("This event is not known in this trial."), place="kind")]
    case = _Case(protocol, facts, event, kind, language)
    if event.retracts:
        return list(_check_retraction(case))
    problems = [*_check_day(case, today), *_check_details(case, today), *_check_arms(case)]
    # Relations to other events would only repeat that a day outside the trial is impossible.
    if not any(problem.place == "occurred_on" for problem in problems):
        for check in (_check_repetition, _check_what_precedes, _check_what_follows, _check_ends):
            problems += check(case)
    return problems


def _check_day(case: _Case, today: date) -> Iterator[Problem]:
    """Check that the day lies in the trial and, of what has happened, not in the future."""
    began_on = case.protocol.trial.began_on
    if case.event.occurred_on < began_on:
        message = mark("This date is before the trial began (%(date)s).")
        yield Problem(message, {"date": began_on.isoformat()}, place="occurred_on")
    if case.event.occurred_on > today and not case.kind.may_lie_ahead:
        yield Problem(mark("This date is in the future."), place="occurred_on")


def _check_details(case: _Case, today: date) -> Iterator[Problem]:
    """Check that what must be said with the event is there and makes sense."""
    details = case.event.details
    if "arm" in case.kind.details and details.get("arm") not in case.protocol.arms_by_code:
        yield Problem(mark("This arm is not known in this trial."), place="arm")
    if "until" in case.kind.details:
        yield from _check_until(case, details.get("until", ""), today)
    if "of" in case.kind.details:
        yield from _check_resumed(case, details.get("of", ""))


def _check_until(case: _Case, until: str, today: date) -> Iterator[Problem]:
    try:
        until_on = date.fromisoformat(until)
    except ValueError:
        yield Problem(mark("Give the date until which the pause lasts."), place="until")
        return
    if until_on <= case.event.occurred_on:
        yield Problem(mark("The pause must end after it begins."), place="until")
    # A pause that never ends would be a stop that nobody called one.
    if until_on > today + LONGEST_PAUSE:
        message = mark("A pause ends two years from now at most. You can record “No more messages” instead.")
        yield Problem(message, place="until")


def _check_resumed(case: _Case, code: str) -> Iterator[Problem]:
    """Check that what is resumed is something that holds, and began before."""
    kind, began_on = case.protocol.event_kinds_by_code.get(code), case.first_on(code)
    # What a corrected resumption had ended may have been ended by a later one since.
    ends_nothing = began_on is None and case.event.supersedes_id is None
    if kind is None or not kind.resumable or ends_nothing:
        yield Problem(mark("There is nothing to resume."), place="of")
    elif began_on is not None and case.event.occurred_on < began_on:
        yield case.problem(mark("This date is before “%(event)s” (%(date)s)."), code, began_on)


def _check_arms(case: _Case) -> Iterator[Problem]:
    """Check that the event happens in the participant's arm, and that a new arm fits what is recorded."""
    if case.kind.arms is not None and case.facts.arm not in {None, *case.kind.arms}:
        yield Problem(mark("This event does not happen in this participant's arm."), place="kind")
    arm = case.event.details.get("arm")
    for kind in case.protocol.event_kinds:
        if arm and kind.arms is not None and arm not in kind.arms and case.first_on(kind.code):
            message = mark("“%(event)s” is recorded (%(date)s), which does not happen in this arm.")
            yield case.problem(message, kind.code, case.first_on(kind.code), place="arm")


def _check_repetition(case: _Case) -> Iterator[Problem]:
    """Check that what happens once, or still holds, is not recorded again."""
    recorded = case.facts.dates_of(case.kind.code)
    # A correction begins nothing anew: what was resumed may well hold again since.
    is_new = case.event.supersedes_id is None
    holds_still = is_new and case.kind.resumable and "until" not in case.kind.details
    if recorded and (case.kind.once or holds_still):
        message = mark("“%(event)s” is already recorded (%(date)s): correct that entry instead.")
        yield case.problem(message, case.kind.code, recorded[0], place="kind")
    elif case.event.occurred_on in recorded and not case.kind.details:
        yield Problem(mark("The same event is already recorded on this date."), place="occurred_on")


def _check_what_precedes(case: _Case) -> Iterator[Problem]:
    """Check that everything that must come before is recorded, on the same day or earlier."""
    for code in case.kind.after:
        recorded_on = case.first_on(code)
        if recorded_on is None:
            yield case.problem(mark("“%(event)s” must be recorded first."), code, place="kind")
        elif case.event.occurred_on < recorded_on:
            yield case.problem(mark("This date is before “%(event)s” (%(date)s)."), code, recorded_on)


def _check_what_follows(case: _Case) -> Iterator[Problem]:
    """Check that nothing that must come after this event is recorded on an earlier day."""
    for code, recorded_on in _list_followers(case):
        if recorded_on < case.event.occurred_on:
            message = mark("This date is after “%(event)s” (%(date)s), which can only follow it.")
            yield case.problem(message, code, recorded_on)


def _check_retraction(case: _Case) -> Iterator[Problem]:
    """Check that nothing is recorded that could not be without the event that is taken back."""
    for code, recorded_on in _list_followers(case):
        message = mark("“%(event)s” (%(date)s) is recorded and can only follow it: correct that entry first.")
        yield case.problem(message, code, recorded_on, place="kind")


def _list_followers(case: _Case) -> Iterator[tuple[str, date]]:
    """Give the first day of each recorded kind that can only come after the case's kind."""
    for kind in case.protocol.event_kinds:
        first_on = case.first_on(kind.code)
        if case.kind.code in kind.after and first_on is not None:
            yield kind.code, first_on


def _check_ends(case: _Case) -> Iterator[Problem]:
    """Check that nothing is dated after an event that ends everything, or nearly everything."""
    for kind in case.protocol.event_kinds:
        ended_on = case.first_on(kind.code)
        if kind.followed_by is None or ended_on is None or case.kind.code in {kind.code, *kind.followed_by}:
            continue
        if case.event.occurred_on > ended_on:
            yield case.problem(mark("This date is after “%(event)s” (%(date)s)."), kind.code, ended_on)
    if case.kind.followed_by is not None:
        yield from _check_later_observations(case, case.kind.followed_by)


def _check_later_observations(case: _Case, followed_by: tuple[str, ...]) -> Iterator[Problem]:
    """Check that an event that ends everything is not dated before something observed later.

    Ways of leaving are no observations: somebody lost to follow-up may turn out to have died before.
    """
    for kind in case.protocol.event_kinds:
        latest_on = max(case.facts.dates_of(kind.code), default=None)
        observed = kind.effect is None or kind.effect.messages == "sent"
        if latest_on is None or not observed or kind.code in followed_by:
            continue
        if latest_on > case.event.occurred_on:
            yield case.problem(mark("This date is before “%(event)s” (%(date)s)."), kind.code, latest_on)
