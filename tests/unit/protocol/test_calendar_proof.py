"""The calendar against its second computation: whole for every protocol, and with planted errors."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro_app.cli.prove_calendar import find_status, list_proof_lines, prove_calendar_command
from pro_app.definitions.files import DefinitionFile, read_definition
from pro_app.protocol import second_computation
from pro_app.protocol.calendar import add_months
from pro_app.protocol.events import Facts
from pro_app.protocol.find import list_protocol_codes, protocol_path
from pro_app.protocol.proof import FirstComputation, Proof, prove_calendar
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import PlannedVisit, plan_visits
from pro_app.protocol.second_computation import civil_day, day_number, find_day_starts
from pro_app.protocol.windows import Window, civil_window

FIRST_ON, LAST_ON = date(2021, 1, 1), date(2031, 12, 31)
HERE = Path(__file__).parent


@pytest.mark.parametrize("code", list_protocol_codes())
def test_every_anchor_date_in_every_zone_has_no_difference(code: str) -> None:
    definition = read_definition(protocol_path(code))
    proof = prove_calendar(definition, from_on=FIRST_ON, until_on=LAST_ON)
    assert proof.told == []
    assert proof.differences == 0
    days = (LAST_ON - FIRST_ON).days + 1
    assert proof.histories >= 4 * days
    assert proof.visits > 8 * proof.histories
    assert proof.moments > days * len(definition.data["zones"])


def test_the_zones_of_the_proof_are_all_that_patients_of_the_trial_live_in(
    definition: DefinitionFile,
) -> None:
    proved = set(definition.data["zones"])
    assert proved >= {"Europe/Paris", "Indian/Reunion", "Indian/Mayotte", "Pacific/Tahiti", "Pacific/Noumea"}
    assert proved >= {f"America/{place}" for place in ("Guadeloupe", "Martinique", "Cayenne", "Miquelon")}


def test_a_protocol_of_another_kind_has_no_difference_either() -> None:
    definition = read_definition(HERE / "other-trial.yaml")
    proof = prove_calendar(definition, from_on=date(2023, 12, 1), until_on=date(2025, 3, 31))
    assert (proof.differences, proof.told) == (0, [])
    assert proof.visits > 0


@pytest.fixture(scope="module")
def definition() -> DefinitionFile:
    return read_definition(protocol_path("reluth"))


def prove_a_winter(definition: DefinitionFile, first: FirstComputation) -> Proof:
    return prove_calendar(definition, from_on=date(2023, 10, 20), until_on=date(2024, 3, 5), first=first)


def test_months_counted_from_the_visit_before_are_found(definition: DefinitionFile) -> None:
    def chained(protocol: Protocol, facts: Facts) -> Sequence[PlannedVisit]:
        plan = {visit.visit_code: visit for visit in plan_visits(protocol, facts)}
        for earlier, code in (("M03", "M06"), ("M06", "M09"), ("M09", "M12")):
            if code in plan:
                target_on = add_months(plan[earlier].target_on or date.min, 3)
                plan[code] = replace(
                    plan[code],
                    target_on=target_on,
                    opens_on=target_on - timedelta(days=14),
                    closes_on=target_on + timedelta(days=14),
                )
        return list(plan.values())

    proof = prove_a_winter(definition, FirstComputation(plan_visits=chained))
    # Only from the last days of some months do the two ways differ.
    assert 0 < proof.differences < proof.visits / 50
    assert {told.split(": ")[1].split()[0] for told in proof.told} <= {"M06", "M09", "M12"}


def test_one_visit_that_is_wrong_on_one_day_is_found(definition: DefinitionFile) -> None:
    def wrong_once(protocol: Protocol, facts: Facts) -> Sequence[PlannedVisit]:
        plan = list(plan_visits(protocol, facts))
        if facts.treatment_ended_on == date(2024, 2, 29) and facts.arm == "LUTATHERA":
            plan[-1] = replace(plan[-1], provisional=True)
        return plan

    proof = prove_a_winter(definition, FirstComputation(plan_visits=wrong_once))
    assert 0 < proof.differences <= 8
    assert all("2024-02-29" in told for told in proof.told)


def test_a_visit_that_is_missing_is_found(definition: DefinitionFile) -> None:
    def without_the_last(protocol: Protocol, facts: Facts) -> Sequence[PlannedVisit]:
        return plan_visits(protocol, facts)[:-1]

    proof = prove_a_winter(definition, FirstComputation(plan_visits=without_the_last))
    assert proof.differences == proof.histories


def test_a_window_that_forgets_the_change_of_the_clocks_is_found(definition: DefinitionFile) -> None:
    def in_winter_time(opens_on: date, closes_on: date | None, zone: str) -> Window:
        window = civil_window(opens_on, closes_on, zone)
        if zone != "Europe/Paris" or closes_on is None:
            return window
        day_after = closes_on + timedelta(days=1)
        closes_at = datetime(day_after.year, day_after.month, day_after.day, tzinfo=UTC) - timedelta(hours=1)
        return replace(window, closes_at=closes_at)

    proof = prove_a_winter(definition, FirstComputation(civil_window=in_winter_time))
    assert 0 < proof.differences < proof.moments
    assert all(told.startswith("Europe/Paris ") for told in proof.told)


def test_a_window_that_closes_a_second_early_is_found(definition: DefinitionFile) -> None:
    def early(opens_on: date, closes_on: date | None, zone: str) -> Window:
        window = civil_window(opens_on, closes_on, zone)
        if window.closes_at is None or zone != "Pacific/Tahiti":
            return window
        return replace(window, closes_at=window.closes_at - timedelta(seconds=1))

    proof = prove_a_winter(definition, FirstComputation(civil_window=early))
    assert proof.differences > 0
    assert len(proof.told) == 20


def test_the_second_computation_imports_nothing_of_the_app_but_itself() -> None:
    own = second_computation.__name__
    for path in Path(second_computation.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            foreign = [name for name in names if name.startswith("pro_app") and not name.startswith(own)]
            assert foreign == []


def test_julian_day_numbers_are_the_published_ones_and_lead_back() -> None:
    assert day_number(2000, 1, 1) == 2451545
    assert day_number(1858, 11, 17) == 2400001
    for number in range(day_number(2019, 12, 1), day_number(2041, 1, 1)):
        assert day_number(*civil_day(number)) == number


def test_the_walk_through_time_finds_days_that_are_skipped_or_begin_late() -> None:
    skipped = day_number(2011, 12, 30)
    starts = find_day_starts("Pacific/Apia", first=skipped - 1, last=skipped + 1)
    assert starts[skipped] == starts[skipped + 1] == starts[skipped - 1] + 24 * 3600
    # In Cairo the clocks of 24 April 2026 jump from 00:00 to 01:00.
    late = day_number(2026, 4, 24)
    starts = find_day_starts("Africa/Cairo", first=late, last=late + 1)
    assert starts[late + 1] - starts[late] == 23 * 3600


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prove_calendar_command, arguments, env={"PRO_APP_LANGUAGE": "en"})


def test_the_command_prints_what_it_compared() -> None:
    result = run("--protocol=reluth", "--from=2026-10-20", "--until=2026-10-26")
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = result.stdout.splitlines()
    assert line.startswith("reluth 1.0, 2026-10-20 – 2026-10-26, 10 time zones: 77 histories, ")
    assert line.endswith(" 0 differences")


def test_the_command_takes_every_protocol_that_is_there_or_a_file() -> None:
    result = run("--from=2026-10-20", "--until=2026-10-20")
    assert [line.split()[0] for line in result.stdout.splitlines()] == list_protocol_codes()
    result = run(f"--protocol={HERE / 'other-trial.yaml'}", "--from=2026-10-20", "--until=2026-10-20")
    assert (result.exit_code, result.stdout.split(",")[0]) == (0, "other 2.1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--protocol=relut"], "relut"),
        (["--protocol=no-such-file.yaml"], "no-such-file.yaml"),
        (["--from=2026-02-30"], "2026-02-30"),
        (["--from=2026-01-02", "--until=2026-01-01"], "before the first"),
        (["--protocol=reluth", "--from=9999-12-30", "--until=9999-12-31"], "9999"),
    ],
)
def test_what_cannot_be_used_is_told_with_status_2(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_differences_are_listed_and_end_the_command_with_status_1(definition: DefinitionFile) -> None:
    def without_the_baseline(protocol: Protocol, facts: Facts) -> Sequence[PlannedVisit]:
        return plan_visits(protocol, facts)[1:]

    good, bad = Proof(), prove_a_winter(definition, FirstComputation(plan_visits=without_the_baseline))
    lines = list_proof_lines("reluth 1.0", bad)
    assert len(lines) == 22
    assert "BASELINE" in lines[0]
    assert lines[20] == "…"
    assert lines[21].startswith("reluth 1.0: ")
    assert [find_status([good]), find_status([good, bad])] == [0, 1]
