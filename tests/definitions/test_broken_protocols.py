"""Protocol files that cannot work: each is told with file and line by both commands, and nothing hangs."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pro_app.cli.check_definitions import check_definitions
from pro_app.cli.schedule import schedule
from pro_app.definitions.files import QUESTIONNAIRES

TEXT = (QUESTIONNAIRES / "protocols" / "example-cycles" / "1.0" / "protocol.yaml").read_text(encoding="utf-8")
ENGLISH = {"PRO_APP_LANGUAGE": "en"}

BROKEN = {
    "two windows of one anchor overlap": (
        "window: {opens: -3, closes: 4}",
        "window: {opens: -3, closes: 18}",
        "The window of “C06” opens before that of “C03” has closed.",
    ),
    "the anchor is unknown": (
        "    anchor: first_infusion\n    window",
        "    anchor: full_moon\n    window",
        "There is no anchor “full_moon”.",
    ),
    "the step is zero": (
        "every: {weeks: 3}",
        "every: {weeks: 0}",
        "The step of a series must be at least one.",
    ),
    "the step goes back": (
        "every: {weeks: 3}",
        "every: {weeks: -3}",
        "The step of a series must be at least one.",
    ),
    "the step is half a week": ("every: {weeks: 3}", "every: {weeks: 1.5}", "“1.5” must be a whole number."),
    "there is no cap": (
        "      cap:\n        earliest_of:\n          - {event: infusion, plus: {weeks: 51}}\n",
        "",
        "The series never ends: it needs a cap that counts from its own anchor.",
    ),
    "the cap counts from what may never happen": (
        "- {event: infusion, plus: {weeks: 51}}",
        "- {event: treatment_ended, plus: {weeks: 51}}",
        "The series never ends: it needs a cap that counts from its own anchor.",
    ),
    "the cap waits for infusions that may never come": (
        "- {event: infusion, plus: {weeks: 51}}",
        "- {event: infusion, at_least: 9, plus: {weeks: 51}}",
        "The series never ends: it needs a cap that counts from its own anchor.",
    ),
    "the cap lies beyond the calendar": (
        "plus: {weeks: 51}",
        "plus: {years: 9000}",
        "9000 years is too far away: at most 100 years.",
    ),
    "the cap leaves room for thousands of visits": (
        "plus: {weeks: 51}",
        "plus: {years: 90}",
        "The cap must leave room for 1 to 200 visits.",
    ),
    "a window closes before it opens": (
        "window: {opens: -5, closes: 10}",
        "window: {opens: 5, closes: -10}",
        "The window closes before it opens.",
    ),
    "a reminder lies outside its window": (
        "from: target, days: 7",
        "from: target, days: 11",
        "The message “site-call” would fall outside a window.",
    ),
    "nobody knows the public holidays of the country": (
        "public_holidays_of: FR",
        "public_holidays_of: XX",
        "The public holidays of the country “XX” are not known.",
    ),
    "the invitation waits for the site beyond the window": (
        "site_tasks: []",
        """site_tasks:
  - code: check_contacts
    label: {fr: Vérifier, en: Check}
    phases: [on_treatment]
    days_before_opening: 7
    invitation_waits_days: 8""",
        "The invitation would wait beyond the window of “C##”.",
    ),
    "a code appears twice": (
        "  - code: END4W",
        "  - code: START",
        "The code “START” appears twice.",
    ),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """Write a protocol with one part broken; gives the file and what is to be said of it."""
    old, new, expected = BROKEN[request.param]
    assert TEXT.count(old) == 1
    path = tmp_path / "protocols" / "example-cycles" / "1.0" / "protocol.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    return path, expected


def test_check_definitions_names_file_and_line(broken: tuple[Path, str]) -> None:
    path, expected = broken
    result = CliRunner().invoke(check_definitions, [str(path)], env=ENGLISH)
    (line,) = (line for line in result.stdout.splitlines() if expected in line)
    assert line.startswith(f"{path}:")
    assert int(line.removeprefix(f"{path}:").split(":")[0]) > 1
    assert (result.exit_code, "Traceback" in result.output) == (2, False)


def test_a_schedule_of_such_a_file_says_the_same(broken: tuple[Path, str]) -> None:
    path, expected = broken
    arguments = ["--protocol", str(path), "--event", "infusion=2026-01-05"]
    result = CliRunner().invoke(schedule, arguments, env=ENGLISH)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = (line for line in result.stderr.splitlines() if expected in line)
    assert line.startswith(f"{path}:")
    assert "Traceback" not in result.output


def test_the_examples_themselves_have_no_problem() -> None:
    for code in ("example-cycles", "example-surgery"):
        folder = QUESTIONNAIRES / "protocols" / code
        result = CliRunner().invoke(check_definitions, [str(folder)], env=ENGLISH)
        assert (result.exit_code, result.stdout) == (0, "1 file checked, 0 problems, 0 remarks\n")
