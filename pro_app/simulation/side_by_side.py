"""Living through the parts of a trial side by side, in a process for each core, and pooling what happened."""

import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from pro_app.definitions.files import read_definition
from pro_app.protocol.parse import parse_protocol
from pro_app.settings import Settings
from pro_app.simulation.parts import PEOPLE_IN_A_PART, count_parts
from pro_app.simulation.report import SimulationReport, make_report, pool_reports
from pro_app.simulation.run import Plan, found_trial, simulate_trial

PORT = 8000
"""Only written into the texts of messages; nothing listens."""
SHARE_STEP = 0.01
"""After which share of its time a part says again how far it is."""
Report = Callable[[float], None]
"""Is told the share of the time that has passed, 0–1."""
Note = Callable[[int, float], None]
"""Is told of a part which share of its time has passed."""


class PartLost(Exception):
    """A process ended in the middle of its part of the trial; what it would have found is not known."""


def count_cores() -> int:
    """Tell how many processes can run at the same time on this machine."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def simulate_in_parts(
    folder: Path,
    plan: Plan,
    *,
    processes: int,
    report: Report = lambda _share: None,
    people_in_a_part: int = PEOPLE_IN_A_PART,
) -> SimulationReport:
    """Live through every part of a trial in stores under `folder`; gives the numbers of all together.

    They are the same for every number of processes. Raises PartLost where a process ends before its time.
    """
    parts = count_parts(plan.participants, people_in_a_part=people_in_a_part)
    _found_parts(folder, replace(plan, parts=parts))
    plans = [replace(plan, part=part, parts=parts) for part in range(parts)]
    shares = _Shares(parts, report)
    if parts == 1:
        return _simulate_part(folder, plans[0], shares.note)
    if processes == 1:
        found = [_simulate_part(folder, each, shares.note) for each in plans]
    else:
        groups = [plans[number::processes] for number in range(processes)]
        found = simulate_groups(folder, groups, shares.note)
    return pool_reports(found, parse_protocol(read_definition(plan.protocol_path)))


def _found_parts(folder: Path, plan: Plan) -> None:
    """Found the trial once, and give each part a copy of its stores."""
    first = _folder_of(folder, 0)
    found_trial(Settings.for_demo(first, PORT), plan)
    for part in range(1, plan.parts):
        shutil.copytree(first, _folder_of(folder, part))


def _folder_of(folder: Path, part: int) -> Path:
    return folder / f"part-{part + 1}"


class _Shares:
    """How far each part is."""

    def __init__(self, parts: int, report: Report) -> None:
        self._shares = [0.0] * parts
        self._report = report

    def note(self, part: int, share: float) -> None:
        """Note how far one part is, and say how far the whole is."""
        self._shares[part] = share
        self._report(sum(self._shares) / len(self._shares))


def _simulate_part(folder: Path, plan: Plan, note: Note) -> SimulationReport:
    """Live through one part in its own stores."""
    settings = Settings.for_demo(_folder_of(folder, plan.part), PORT)
    told = 0.0

    def report(share: float) -> None:
        nonlocal told
        if share >= told + SHARE_STEP:
            told = share
            note(plan.part, share)

    simulated = simulate_trial(settings, plan, report)
    try:
        return make_report(simulated)
    finally:
        simulated.world.office.close()


def simulate_groups(folder: Path, groups: Sequence[Sequence[Plan]], note: Note) -> list[SimulationReport]:
    """Give each group of founded parts a process, of which none outlives this call; in the order of parts.

    Raises PartLost where a process ends before its time.
    """
    context = _choose_context()
    running: dict[Connection, Any] = {}
    for plans in filter(None, groups):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run_group, args=(theirs, folder, plans), daemon=True)
        process.start()
        theirs.close()
        running[ours] = process
    processes = list(running.values())
    try:
        return _collect(running, note, wanted=sum(len(plans) for plans in groups))
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _choose_context() -> Any:  # noqa: ANN401 -- each platform has a class of its own
    """Choose how processes begin: on Linux as a copy of this one, which has everything loaded already."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _run_group(say: Connection, folder: Path, plans: Sequence[Plan]) -> None:
    """Live through parts one after the other in a process of its own, and say how it goes."""
    for plan in plans:
        done = _simulate_part(folder, plan, lambda part, share: say.send((part, share)))
        say.send((plan.part, done))
    say.close()


def _collect(running: dict[Connection, Any], note: Note, *, wanted: int) -> list[SimulationReport]:
    """Hear what the processes say until all have done; gives what each part found, in the order of parts."""
    found: dict[int, SimulationReport] = {}
    while running:
        for ready in wait(list(running)):
            connection = next(each for each in running if each is ready)
            try:
                part, said = connection.recv()
            except EOFError:
                running.pop(connection)
                connection.close()
                continue
            if isinstance(said, SimulationReport):
                found[part] = said
            else:
                note(part, said)
    if len(found) < wanted:
        raise PartLost
    return [found[part] for part in sorted(found)]
