from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pro_app.protocol.find import protocol_path
from pro_app.reminders.dispatch import open_post_office
from pro_app.settings import Settings
from pro_app.simulation.history import History, make_sender
from pro_app.simulation.people import Recruitment, plan_virtual_people
from pro_app.simulation.receiving import Mailboxes, make_channels
from pro_app.simulation.report import SimulationReport
from pro_app.simulation.run import Plan, found_trial
from pro_app.simulation.side_by_side import PartLost, simulate_groups, simulate_in_parts
from pro_app.simulation.world import load_world

PLAN = Plan(protocol_path("reluth"), participants=4, years=1, seed=3)


def simulate(folder: Path, processes: int, shares: list[float]) -> SimulationReport:
    return simulate_in_parts(folder, PLAN, processes=processes, report=shares.append, people_in_a_part=2)


def test_the_numbers_are_the_same_for_one_process_and_for_two(tmp_path: Path) -> None:
    shares: list[float] = []
    alone = simulate(tmp_path / "alone", 1, [])
    together = simulate(tmp_path / "together", 2, shares)

    assert together == alone
    assert together.violations == 0, together.examples
    assert together.happened["enrolled"] == 4
    assert (tmp_path / "together" / "part-2" / "pro_app.sqlite").exists()
    assert shares == sorted(shares)
    assert 0.9 < shares[-1] <= 1


def test_a_part_whose_process_ends_before_its_time_is_not_left_out_in_silence(tmp_path: Path) -> None:
    no_such_part = replace(PLAN, part=7, parts=2)

    with pytest.raises(PartLost):
        simulate_groups(tmp_path, [[no_such_part]], lambda _part, _share: None)


def test_what_a_message_sets_off_comes_before_whatever_comes_later(tmp_path: Path) -> None:
    settings = Settings.for_demo(tmp_path, 8000)
    found_trial(settings, PLAN)
    office = open_post_office(settings)
    mailboxes = Mailboxes(seed=1, clock=lambda: done[-1])
    office = replace(office, channels=make_channels(("email",), mailboxes))
    world, send = load_world(office), make_sender(office)
    done: list[datetime] = []
    reports: list[datetime] = []

    def look(at: datetime) -> None:
        done.append(at)
        send(at)
        history.schedule(at + timedelta(hours=3), report)

    def report(at: datetime) -> None:
        done.append(at)
        reports.append(at)

    history = History(world, send=look)
    recruitment = Recruitment(1, ("01",), world.protocol.trial.began_on, timedelta(0))
    (person,) = plan_virtual_people(world.protocol, recruitment, seed=2)
    history.add_person(person)
    later_at = person.enrolled_at + timedelta(days=150)
    history.schedule(later_at, done.append)
    history.run(later_at + timedelta(days=1))
    office.close()

    assert len(reports) > 1
    assert later_at in done
    assert done == sorted(done)
