from pathlib import Path

import pytest
from click.testing import CliRunner

from pro_app.cli import main
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.settings import Settings
from pro_app.simulation.report import SimulationReport, make_report
from pro_app.simulation.run import Plan, open_stores, simulate_trial

PROTOCOL = QUESTIONNAIRES / "protocols" / "reluth" / "1.0" / "protocol.yaml"


def simulate(folder: Path, *, seed: int, workers: int = 1, participants: int = 3) -> SimulationReport:
    settings = Settings.for_demo(folder, 8000)
    open_stores(settings)
    plan = Plan(PROTOCOL, participants=participants, years=2, seed=seed, workers=workers)
    return make_report(simulate_trial(settings, plan))


def test_the_same_seed_gives_the_same_trial_and_another_seed_another_one(tmp_path: Path) -> None:
    first = simulate(tmp_path / "first", seed=7)
    again = simulate(tmp_path / "again", seed=7)
    other = simulate(tmp_path / "other", seed=8)

    assert first == again
    assert other.happened != first.happened or other.messages != first.messages
    assert first.happened["enrolled"] == 3
    assert first.messages["sent"] > 10


def test_several_workers_send_side_by_side_and_nothing_arrives_twice(tmp_path: Path) -> None:
    report = simulate(tmp_path, seed=11, workers=3, participants=5)

    assert report.violations == 0, report.examples
    assert report.arrived >= report.messages["sent"] > 10


def run_command(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["simulate", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--participants", "0"), "--participants"),
        (("--years", "eleven"), "--years"),
        (("--workers", "9"), "--workers"),
        (("--processes", "0"), "--processes"),
        (("--protocol", "nowhere.yaml"), "nowhere.yaml"),
        (("--protocol", "nowhere"), "nowhere"),
        (("--database", "mysql://there"), "--database"),
    ],
)
def test_numbers_and_places_that_cannot_be_are_refused_by_name(arguments: tuple[str, str], said: str) -> None:
    status, output = run_command(*arguments)

    assert status == 2
    assert said in output


def test_a_database_that_holds_a_study_is_left_alone(tmp_path: Path) -> None:
    settings = Settings.for_demo(tmp_path, 8000)
    open_stores(settings)
    simulate_trial(settings, Plan(PROTOCOL, participants=1, years=1, seed=1))

    status, output = run_command("--database", settings.database_url)

    assert status == 2
    assert "--database" in output
