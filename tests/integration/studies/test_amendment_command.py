import json
from pathlib import Path

import pytest
from amendment_world import drop_visit, load_version, move_visit, write_version
from clinic_world import Clinic
from command_world import Run, make_environment, make_runner
from database_copies import read_rows

from pro_app.clock import civil_date, system_clock


@pytest.fixture
def run(database_url: str, contacts_url: str) -> Run:
    """Give a function that runs the command on the installation that the clinic is in."""
    return make_runner(make_environment(database_url, contacts_url), "amendment")


@pytest.fixture
def amended(clinic: Clinic, tmp_path: Path) -> int:
    """Enrol and randomise somebody today, then load a further version; gives the participant."""
    today = civil_date(system_clock(), "Europe/Paris")
    key = clinic.enrol(today, participant_code="15-001")
    clinic.record(key, "randomised", today, arm="LUTATHERA")
    path = write_version(tmp_path, "1.1", move_visit("M03", months=4), drop_visit("Y5"))
    load_version(clinic, path, at=system_clock())
    return key


def test_versions_are_previewed_and_applied_from_the_shell(clinic: Clinic, run: Run, amended: int) -> None:
    assert amended
    before = read_rows(clinic.database)
    table = run("preview", "--to", "1.1")
    assert (table.exit_code, read_rows(clinic.database) == before) == (0, True)
    assert table.stdout.startswith("Version 1.1: what it would change.")

    said = json.loads(run("preview", "--to", "1.1", "--site", "15", "--format", "json").stdout)
    assert said["possible"]
    (site,) = said["sites"]
    (person,) = site["participants"]
    assert (site["site"], person["participant"], person["from_version"]) == ("15", "15-001", "1.0")
    assert {v["visit"]: v["becomes"] for v in person["visits"] if v["becomes"] != "kept"} == {
        "M03": "moved",
        "Y5": "cancelled",
    }

    done = run("apply", "--to", "1.1", "--site", "15", "--reason", "agreed")
    assert (done.exit_code, done.stdout) == (
        0,
        "Version 1.1: 1 sites and 1 participants came under it.\n",
    )
    again = run("apply", "--to", "1.1", "--site", "15", "--reason", "agreed")
    assert "Nothing was left to change" in again.stdout
    listed = run("list").stdout
    assert "agreed" in listed
    assert "1 (1.1)" in listed


def test_what_no_longer_holds_is_refused_with_the_preview_of_now(
    clinic: Clinic, run: Run, amended: int
) -> None:
    assert amended
    before = read_rows(clinic.database)

    refused = run("apply", "--to", "1.1", "--reason", "agreed", "--fingerprint", "0" * 64)

    assert refused.exit_code == 3
    assert "Version 1.1: what it would change." in refused.stderr
    assert "Nothing was changed" in refused.stderr
    assert read_rows(clinic.database) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["preview", "--to", "9.9"], "There is no version “9.9” of the protocol. Known: 1.0."),
        (["preview", "--to", "1.0", "--site", "77"], "There is no site “77”. Known: 15, 16."),
        (["apply", "--to", "1.0", "--reason", "  "], "reason: Say why, in at most 500 characters."),
        (["preview", "--to", "1.0", "--study", "other"], "There is no study “other”. Known: reluth."),
    ],
)
def test_unusable_arguments_are_said_in_words(
    clinic: Clinic, run: Run, *, arguments: list[str], says: str
) -> None:
    assert clinic
    answer = run(*arguments)
    assert (answer.exit_code, answer.stderr.splitlines()[-1]) == (2, says)
