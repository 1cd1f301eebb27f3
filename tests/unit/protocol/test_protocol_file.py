import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from pro_app.definitions.files import parse_definition_text
from pro_app.errors import DefinitionRejected
from pro_app.protocol.find import list_protocol_codes, protocol_path
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol

ROOT = Path(__file__).parents[3]
TEXT = protocol_path("reluth", "1.0").read_text(encoding="utf-8")


def problems_of(text: str) -> list[tuple[int | None, str]]:
    """Give the line and the English words of every problem of a protocol's text."""
    try:
        parse_protocol(parse_definition_text(text, "protocol.yaml"))
    except DefinitionRejected as rejected:
        return [(problem.line, problem.message % (problem.values or {})) for problem in rejected.problems]
    return []


def line_of(text: str, part: str) -> int:
    """Give the 1-based line on which `part` first stands."""
    return text.count("\n", 0, text.index(part)) + 1


def test_the_real_protocol_holds_what_the_trial_says(reluth: Protocol) -> None:
    assert list_protocol_codes() == ["example-cycles", "example-surgery", "reluth"]
    assert [arm.code for arm in reluth.arms] == ["LUTATHERA", "SURVEILLANCE"]
    assert reluth.trial.began_on == date(2021, 10, 18)
    assert reluth.thresholds.minimal_difference == 10
    assert (reluth.messages.channels, reluth.messages.hour) == (("email",), 10)
    assert (reluth.messages.quiet_from_hour, reluth.messages.quiet_until_hour) == (20, 8)
    assert " ".join(reason.code for reason in reluth.missing_reasons) == (
        "TOO_ILL REFUSED FORGOT NOT_REACHED SITE_NOT_GIVEN SITE_LATE_RECORDING TECHNICAL LANGUAGE "
        "HOSPITALISED OTHER UNKNOWN"
    )
    assert [reason.code for reason in reluth.missing_reasons if reason.needs_text] == ["OTHER"]
    assert [person.code for person in reluth.respondents if not person.scored] == ["proxy"]
    (task,) = reluth.site_tasks
    assert (task.phases, task.days_before_opening, task.invitation_waits_days) == (("yearly",), 14, 7)


def test_every_phase_but_the_first_invites_reminds_calls_last_and_tells_the_site(reluth: Protocol) -> None:
    for phase in reluth.phases[1:]:
        kinds = [rule.kind for rule in phase.reminders]
        assert set(kinds) == {"invitation", "reminder", "last_call", "escalation"}
        assert kinds.index("invitation") == 0


def test_everything_people_read_is_there_in_both_languages(reluth: Protocol) -> None:
    kinds = [kind.code for kind in reluth.event_kinds]
    for language in ("fr", "en"):
        assert all(reluth.event_label(kind, language) != kind for kind in kinds)
    assert reluth.event_label("treatment_ended", arm="SURVEILLANCE") == "Fin de la période de surveillance"
    assert reluth.event_label("treatment_ended", arm="LUTATHERA") == "Fin du traitement"
    assert reluth.reason_label("DIED") == "Décès"
    assert reluth.reason_label("TOO_ILL", "en") == "Too ill"
    assert reluth.reason_label("SOMETHING_OLD") == "SOMETHING_OLD"


def test_the_protocol_keeps_the_hash_of_its_file(reluth: Protocol) -> None:
    assert reluth.sha256 == parse_definition_text(TEXT, "x").sha256


class Broken(NamedTuple):
    """One change that breaks a rule: the first `old` behind `after` becomes `new`."""

    after: str
    old: str
    new: str
    expected: str


BROKEN = [
    Broken(
        "  - code: end_of_treatment\n    event: treatment_ended",
        "    event: treatment_ended",
        "    event: cured",
        "There is no event kind “cured”.",
    ),
    Broken(
        "  - code: M03",
        "    anchor: end_of_treatment",
        "    anchor: full_moon",
        "There is no anchor “full_moon”.",
    ),
    Broken(
        "  - code: M03",
        "    phase: follow_up_year_1",
        "    phase: childhood",
        "There is no phase “childhood”.",
    ),
    Broken(
        "  - code: M06",
        "code: M06",
        "code: M03",
        "The code “M03” appears twice.",
    ),
    Broken(
        "  - code: M06",
        "at: {months: 6}",
        "at: {months: 3}",
        "The window of “M06” opens before that of “M03” has closed.",
    ),
    Broken(
        "  - code: M03",
        "{opens: -14, closes: 14}",
        "{opens: 14, closes: -14}",
        "The window closes before it opens.",
    ),
    Broken(
        '  - code: "W##"',
        "every: {weeks: 8}",
        "every: {weeks: 0}",
        "The step of a series must be at least one.",
    ),
    Broken(
        '  - code: "W##"',
        "every: {weeks: 8}",
        "every: {weeks: -8}",
        "The step of a series must be at least one.",
    ),
    Broken(
        '  - code: "W##"',
        "every: {weeks: 8}",
        "every: {weeks: 1}",
        "The window of “W02” opens before that of “W01” has closed.",
    ),
    Broken(
        '  - code: "W##"',
        "every: {weeks: 8}",
        "every: {weeks: 2}",
        "The window of “W04” opens before that of “W02” has closed.",
    ),
    Broken(
        '  - code: "W##"',
        "event: randomised, plus",
        "event: infusion, plus",
        "The series never ends: it needs a cap that counts from its own anchor.",
    ),
    Broken(
        '  - code: "W##"',
        "plus: {weeks: 24}",
        "plus: {weeks: 7}",
        "The cap must leave room for 1 to 200 visits.",
    ),
    Broken(
        '  - code: "W##"',
        "plus: {weeks: 24}",
        "plus: {weeks: -24}",
        "The cap must leave room for 1 to 200 visits.",
    ),
    Broken(
        '  - code: "W##"',
        "plus: {weeks: 24}",
        "plus: {years: 99}",
        "The cap must leave room for 1 to 200 visits.",
    ),
    Broken(
        '  - code: "W##"',
        "which: last, plus: {weeks: 8}",
        "which: last, plus: {years: 99}",
        "The cap must leave room for 1 to 200 visits.",
    ),
    Broken(
        '  - code: "W##"',
        "plus: {weeks: 24}",
        "plus: {years: 9000}",
        "9000 years is too far away: at most 100 years.",
    ),
    Broken(
        '  - code: "W##"',
        "every: {weeks: 8}",
        "every: {weeks: 8000}",
        "8000 weeks is too far away: at most 100 years.",
    ),
    Broken(
        "  - code: M03",
        "at: {months: 3}",
        "at: {months: -36000}",
        "-36000 months is too far away: at most 100 years.",
    ),
    Broken(
        "  - code: SURVEILLANCE",
        "plus: {months: 6}",
        "plus: {months: 36000}",
        "36000 months is too far away: at most 100 years.",
    ),
    Broken(
        '  - code: "W##"',
        "ends_with: treatment_ended",
        "ends_with: randomised",
        "The series ends with “randomised”, which comes no later than what it counts from.",
    ),
    Broken(
        '  - code: "W##"',
        "ends_with: treatment_ended",
        "ends_with: enrolled",
        "The series ends with “enrolled”, which comes no later than what it counts from.",
    ),
    Broken(
        '  - code: "W##"',
        "    repeat:",
        "    opens_with: enrolled\n    repeat:",
        "A series cannot open before its anchor has a date.",
    ),
    Broken(
        "  - code: BASELINE",
        "opens_with: enrolled",
        "opens_with: infusion",
        "“infusion” opens the visit, but comes no earlier than what the visit counts from.",
    ),
    Broken(
        "  - code: M03",
        "code: M03",
        "code: W16",
        "Two visits would have the code “W16”.",
    ),
    Broken(
        "  - code: M03",
        "code: M03",
        "code: UNSCHEDULED",
        "The code “UNSCHEDULED” is kept for answers that fit no visit.",
    ),
    Broken(
        "  - code: check_status_and_contacts",
        "invitation_waits_days: 7",
        "invitation_waits_days: 61",
        "The invitation would wait beyond the window of “Y2”.",
    ),
    Broken(
        "  - code: on_treatment",
        "from: opening, days: 0",
        "from: opening, days: -1",
        "The message “invitation” would fall outside a window.",
    ),
    Broken(
        "event_kinds:",
        "code: enrolled",
        "code: included",
        "There is no event kind “enrolled”, which the app records for everybody.",
    ),
    Broken(
        "  - code: enrolled",
        "after: []",
        "after: [died]",
        "“enrolled” is recorded first: nothing can come before it.",
    ),
    Broken(
        "  - code: treatment_ended",
        "after: [randomised]",
        "after: [treatment_ended]",
        "“treatment_ended” can never be recorded: what must come before it waits for it.",
    ),
    Broken(
        "missing_reasons:",
        "code: SITE_LATE_RECORDING",
        "code: LATE_RECORDING",
        "There is no reason “SITE_LATE_RECORDING”, which the app gives itself.",
    ),
    Broken(
        "plan_reasons:",
        "code: PLAN_REPLACED",
        "code: REPLACED",
        "There is no reason “PLAN_REPLACED”, which the app gives itself.",
    ),
    Broken(
        '  - code: "W##"',
        'code: "W##"',
        "code: WEEKLY",
        "The code of a series needs a “#” for its number, that of a single visit none.",
    ),
    Broken(
        "  - code: M03",
        "at: {months: 3}",
        "at: {moons: 3}",
        "The key “moons” is not known here.",
    ),
    Broken(
        "  - code: M03",
        "    at: {months: 3}\n",
        "",
        "A visit needs either “at” or “repeat”.",
    ),
    Broken(
        "\ninstruments:",
        "code: qlq-c30",
        "code: QLQ C30",
        "“QLQ C30” does not have the expected form, for example qlq-c30.",
    ),
    Broken(
        "  - code: yearly",
        "instruments: [qlq-c30, qlq-ginet21]",
        "instruments: [qlq-c30, eq-5d]",
        "There is no instrument “eq-5d” in this protocol.",
    ),
    Broken(
        "default_zone",
        "default_zone: Europe/Paris",
        "default_zone: Europe/Rome",
        "The default time zone must be one of the list.",
    ),
    Broken(
        "  - Pacific/Tahiti",
        "Pacific/Tahiti",
        "Pacific/Atlantis",
        "There is no time zone “Pacific/Atlantis”.",
    ),
    Broken(
        "messages:",
        "channels: [email]",
        "channels: [push]",
        "Notifications go beside another way of sending: add email or sms.",
    ),
    Broken(
        "messages:",
        "hour: 10",
        "hour: 21",
        "The hour of messages lies in the quiet hours.",
    ),
    Broken(
        "messages:",
        "public_holidays_of: FR",
        "public_holidays_of: ZZ",
        "The public holidays of the country “ZZ” are not known.",
    ),
    Broken(
        "began_on",
        "2021-10-18",
        "2021-02-30",
        "“2021-02-30” is not a date of the calendar.",
    ),
    Broken(
        "planned_end_on",
        "2031-12-31",
        "2020-12-31",
        "The trial must end after it began.",
    ),
    Broken(
        "  - code: infusion",
        "arms: [LUTATHERA]",
        "arms: [PLACEBO]",
        "There is no arm “PLACEBO”.",
    ),
    Broken(
        "  - code: died",
        "followed_by: []",
        "followed_by: [ghost]",
        "There is no event kind “ghost”.",
    ),
    Broken(
        "  - code: died",
        "reason: DIED",
        "reason: DEAD",
        "There is no reason “DEAD” among the plan reasons.",
    ),
    Broken(
        "  - code: died",
        "expected: false",
        "expected: true",
        "Visits that are not required are not expected, and all others are.",
    ),
    Broken(
        "  - code: lost",
        ", reason: LOST_TO_FOLLOW_UP",
        "",
        "A reason is needed where visits close or are not required, and only there.",
    ),
    Broken(
        "  - code: yearly",
        "from: closing, days: -4",
        "from: closing, days: 1",
        "The message “last-call” would fall outside a window.",
    ),
    Broken(
        "  - id: A11",
        "/event_kinds/questionnaires_stopped/effect",
        "/event_kinds/nothing/effect",
        "Nothing stands at “/event_kinds/nothing/effect”.",
    ),
    Broken(
        "  - code: check_status_and_contacts",
        "phases: [yearly]",
        "phases: [monthly]",
        "There is no phase “monthly”.",
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=[f"{case.old}→{case.new}" for case in BROKEN])
def test_a_broken_rule_is_told_in_words_with_its_line(case: Broken) -> None:
    start = TEXT.index(case.old, TEXT.index(case.after))
    broken = TEXT[:start] + case.new + TEXT[start + len(case.old) :]
    found = problems_of(broken)
    assert case.expected in [words for _, words in found]
    line = next(line for line, words in found if words == case.expected)
    changed_line = TEXT.count("\n", 0, start) + 1
    assert line is not None
    # A problem of a whole visit stands at its first line, others at the changed one.
    assert line == changed_line or line_of(broken, case.after) <= line <= changed_line


def test_a_series_without_a_cap_is_endless() -> None:
    start = TEXT.index("      cap:\n")
    end = TEXT.index("  - code: M03")
    assert problems_of(TEXT[:start] + TEXT[end:])[0][1] == (
        "The series never ends: it needs a cap that counts from its own anchor."
    )


def test_every_problem_is_told_at_once_in_the_order_of_the_lines() -> None:
    broken = TEXT.replace("anchor: end_of_treatment", "anchor: full_moon")
    found = problems_of(broken)
    assert len(found) == 8
    assert [line for line, _ in found] == sorted(line or 0 for line, _ in found)


def test_a_file_of_another_shape_is_refused_by_its_schema_alone() -> None:
    found = problems_of("code: x\n")
    assert ("The key “visits” is missing.") in [words for _, words in found]


def test_the_page_for_the_sponsor_says_what_the_file_assumes_and_nothing_else(reluth: Protocol) -> None:
    page = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (A\d+)\n\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    assert list(sections) == [assumption.id for assumption in reluth.assumptions]
    for assumption in reluth.assumptions:
        words = " ".join(sections[assumption.id].split())
        assert words.startswith(" ".join(assumption.says.split()))
        for path in assumption.paths:
            assert f"`{path}`" in words
