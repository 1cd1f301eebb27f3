"""What cannot be asked of a calendar: unknown arms, zones and events, and events that contradict others."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pro_app.cli.protocol_source import refuse
from pro_app.cli.translation import translate
from pro_app.language import mark
from pro_app.protocol.event_rules import is_zone
from pro_app.protocol.protocol import Protocol
from pro_app.settings import command_language

RANDOMISED = "randomised"


def check_arm_and_zone(protocol: Protocol, arm_code: str | None, zone: str) -> None:
    """End the command if the arm or the time zone cannot be used."""
    problems = []
    if protocol.find_arm(arm_code) is None:
        known = ", ".join(protocol.arms_by_code)
        message = mark("There is no arm “%(code)s” in this protocol. Known: %(known)s.")
        if arm_code is None:
            message = mark("--arm is missing: this protocol has several. Known: %(known)s.")
        problems.append(translate(message, code=arm_code or "", known=known))
    if not is_zone(zone):
        problems.append(translate(mark("There is no time zone “%(zone)s”."), zone=zone))
    if problems:
        refuse(*problems)


def check_events(
    protocol: Protocol, given: Sequence[tuple[str, date]], *, randomisation_is_needed: bool
) -> None:
    """End the command with every reason why these events cannot be true together."""
    first_on = {kind: min(day for code, day in given if code == kind) for kind, _ in given}
    known = ", ".join(protocol.event_kinds_by_code)
    unknown = mark("There is no event “%(code)s” in this protocol. Known: %(known)s.")
    problems = [
        translate(unknown, code=kind, known=known)
        for kind in first_on
        if kind not in protocol.event_kinds_by_code
    ]
    if randomisation_is_needed and RANDOMISED in protocol.event_kinds_by_code.keys() - first_on.keys():
        problems.append(translate(mark("--randomised is missing: this protocol counts from it.")))
    problems += _list_contradictions(protocol, given, first_on)
    problems += _list_after_an_end(protocol, given, first_on)
    if problems:
        refuse(*problems)


def _list_contradictions(
    protocol: Protocol, given: Sequence[tuple[str, date]], first_on: Mapping[str, date]
) -> Iterator[str]:
    """Say which event is dated before one that it must follow, and which one came twice."""
    language = command_language()
    for kind, on in first_on.items():
        rule = protocol.event_kinds_by_code.get(kind)
        words = protocol.event_label(kind, language)
        if rule and rule.once and [code for code, _ in given].count(kind) > 1:
            yield translate(mark("“%(event)s” can happen only once."), event=words)
        for earlier in rule.after if rule else ():
            if earlier in first_on and on < first_on[earlier]:
                yield translate(
                    mark("“%(event)s” (%(date)s) is before “%(other)s” (%(other_date)s)."),
                    event=words,
                    date=on.isoformat(),
                    other=protocol.event_label(earlier, language),
                    other_date=first_on[earlier].isoformat(),
                )


def _list_after_an_end(
    protocol: Protocol, given: Sequence[tuple[str, date]], first_on: Mapping[str, date]
) -> Iterator[str]:
    """Say which event is dated after one, such as a death, that nothing of its kind can follow."""
    language = command_language()
    for end, end_on in first_on.items():
        rule = protocol.event_kinds_by_code.get(end)
        if rule is None or rule.followed_by is None:
            continue
        for kind, on in sorted(set(given)):
            if kind != end and on > end_on and kind not in rule.followed_by:
                yield translate(
                    mark("“%(event)s” (%(date)s) is after “%(other)s” (%(other_date)s)."),
                    event=protocol.event_label(kind, language),
                    date=on.isoformat(),
                    other=protocol.event_label(end, language),
                    other_date=end_on.isoformat(),
                )
