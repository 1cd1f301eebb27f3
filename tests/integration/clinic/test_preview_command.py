"""`pro-app plan-preview`: the same preview on the terminal, and nothing written."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from clinic_world import Clinic
from command_world import Run, make_environment, make_runner
from database_copies import read_rows

from pro_app.clock import system_clock

TODAY = system_clock().astimezone(UTC).date()
DAYS = timedelta(days=1)


@pytest.fixture
def run(clinic: Clinic, contacts_url: str) -> Run:
    """Give a function that runs the command on the clinic's database."""
    return make_runner(make_environment(clinic.database, contacts_url), "plan-preview")


@pytest.fixture
def participant(clinic: Clinic) -> int:
    """Enrol and randomise somebody 150 days ago, with two infusions."""
    began = TODAY - 150 * DAYS
    participant_id = clinic.enrol(began)
    clinic.record(participant_id, "randomised", began, arm="LUTATHERA")
    for days in (140, 84):
        clinic.record(participant_id, "infusion", TODAY - days * DAYS)
    return participant_id


def test_a_participant_s_code_is_read_as_the_enrolment_form_reads_it(run: Run, clinic: Clinic) -> None:
    clinic.enrol(TODAY - 9 * DAYS, participant_code="A 15-9")
    result = run("--participant", "  a  15-9 ", "--event", "died", "--on", (TODAY - DAYS).isoformat())
    assert result.exit_code == 0


@pytest.mark.parametrize("kind", ["treatment-ended", "treatment_ended"])
def test_it_prints_the_calendar_before_and_after_and_writes_nothing(
    run: Run, clinic: Clinic, participant: int, *, kind: str
) -> None:
    assert participant
    before = read_rows(clinic.database).tables
    on = (TODAY - 20 * DAYS).isoformat()
    result = run("--participant", "15-001", "--event", kind, "--on", on)
    assert result.exit_code == 0
    assert f"on {on} for 15-001" in result.output
    (m03,) = [line for line in result.output.splitlines() if line.startswith("M03") and "…" in line]
    assert "new dates" in m03
    assert "Response rate of the site" in result.output
    assert read_rows(clinic.database).tables == before


def test_json_says_the_same_for_programs(run: Run, participant: int) -> None:
    assert participant
    on = (TODAY - 20 * DAYS).isoformat()
    result = run("--participant", "15-001", "--event", "treatment-ended", "--on", on, "--format", "json")
    said = json.loads(result.output)
    assert (said["participant"], said["act"], said["event"]) == ("15-001", "record", "treatment_ended")
    rows = {row["visit"]: row for row in said["calendar"]}
    assert rows["M03"]["becomes"] == "moved"
    assert rows["M03"]["before"]["provisional"] is True
    for change in said["messages"]:
        assert datetime.fromisoformat(change["before_at"] or change["after_at"]).utcoffset() == timedelta(0)
    assert set(said["rates"]["site"]["before"]) == {"numerator", "denominator", "rate"}


def test_a_correction_of_the_recorded_one_is_previewed(run: Run, clinic: Clinic, participant: int) -> None:
    recorded, right = TODAY - 20 * DAYS, (TODAY - 10 * DAYS).isoformat()
    clinic.record(participant, "treatment_ended", recorded)
    common = ("--participant", "15-001", "--event", "treatment-ended", "--on", right)
    again = run(*common)
    assert (again.exit_code, "already recorded" in again.output) == (1, True)
    corrected = run(*common, "--correct", "--format", "json")
    assert json.loads(corrected.output)["act"] == "correct"


def test_of_several_the_one_to_be_corrected_is_named(run: Run, participant: int) -> None:
    assert participant
    on = (TODAY - 83 * DAYS).isoformat()
    common = ("--participant", "15-001", "--event", "infusion", "--on", on, "--correct")
    result = run(*common)
    assert (result.exit_code, "--instead-of" in result.output) == (2, True)
    assert run(*common, "--instead-of", (TODAY - 84 * DAYS).isoformat()).exit_code == 0


def test_other_details_are_taken(run: Run, clinic: Clinic, participant: int) -> None:
    until, on = (TODAY + 9 * DAYS).isoformat(), TODAY.isoformat()
    paused = run("--participant", "15-001", "--event", "paused", "--on", on, "--until", until)
    assert paused.exit_code == 0
    clinic.record(participant, "lost", TODAY - 5 * DAYS)
    resumed = run("--participant", "15-001", "--event", "resumed", "--on", on, "--of", "lost")
    assert resumed.exit_code == 0
    arm = run(
        "--participant",
        "15-001",
        "--event",
        "randomised",
        "--on",
        (TODAY - 150 * DAYS).isoformat(),
        "--arm",
        "SURVEILLANCE",
        "--correct",
    )
    assert (arm.exit_code, "does not happen in this arm" in arm.output) == (1, True)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"--event": "treatment-ended", "--on": "2000-01-01"}, 1, "before the trial began"),
        ({"--event": "treatment-ended", "--on": "2999-01-01"}, 1, "in the future"),
        ({"--participant": "99-999"}, 2, "There is no participant “99-999”"),
        ({"--event": "abducted"}, 2, "There is no event “abducted” in this trial. Known: enrolled"),
        ({"--on": "31/12/2026"}, 2, "is not a date"),
        ({"--study": "nothing"}, 2, "There is no study “nothing”"),
        ({"--event": "died", "--instead-of": "2026-01-01"}, 2, "nothing to correct"),
    ],
)
def test_what_cannot_be_is_said_in_words(
    run: Run, participant: int, *, changes: dict[str, str], status: int, said: str
) -> None:
    assert participant
    usual = {"--participant": "15-001", "--event": "died", "--on": TODAY.isoformat()}
    arguments = [part for pair in (usual | changes).items() for part in pair]
    result = run(*arguments)
    assert (result.exit_code, said in result.output, "Traceback" in result.output) == (status, True, False)


@pytest.mark.parametrize(
    ("arguments", "status", "place", "said"),
    [
        (("--event", "treatment-ended", "--on", "2000-01-01"), 1, "occurred_on", "before the trial began"),
        (("--event", "abducted", "--on", "2026-01-01"), 2, None, "There is no event “abducted”"),
        (("--event", "paused", "--on", "2026-01-01"), 2, "until", "This event needs --until: YYYY-MM-DD."),
    ],
)
def test_programs_are_told_in_json_why_there_is_no_preview(
    run: Run, participant: int, *, arguments: tuple[str, ...], status: int, place: str | None, said: str
) -> None:
    assert participant
    result = run("--participant", "15-001", *arguments, "--format", "json")
    (problem,) = json.loads(result.stdout)["problems"]
    assert (result.exit_code, problem["place"], result.stderr) == (status, place, "")
    assert said in problem["text"]


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ((), "This event needs --arm: LUTATHERA, SURVEILLANCE."),
        (("--arm", "PLACEBO"), "There is no arm “PLACEBO” in this protocol. Known: LUTATHERA, SURVEILLANCE."),
    ],
)
def test_a_randomisation_needs_an_arm_of_the_trial_and_they_are_named(
    run: Run, clinic: Clinic, *, arm: tuple[str, ...], said: str
) -> None:
    clinic.enrol(TODAY - 9 * DAYS)
    on = (TODAY - DAYS).isoformat()
    result = run("--participant", "15-001", "--event", "randomised", "--on", on, *arm)
    assert (result.exit_code, result.stderr) == (2, f"{said}\n")
