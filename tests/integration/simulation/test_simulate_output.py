"""What `pro-app simulate` says of a trial, and how it ends where something that must hold does not."""

import json
import re

import pytest
from click.testing import CliRunner, Result

from pro_app.cli import main
from pro_app.simulation import run
from pro_app.simulation.invariants import Violation

SMALL = ("simulate", "--participants", "2", "--years", "1", "--seed", "5")


def simulate(*more: str) -> Result:
    return CliRunner().invoke(main, [*SMALL, *more])


def test_it_prints_visits_messages_and_both_rates_and_that_everything_holds() -> None:
    told = json.loads(simulate("--format", "json").output)
    written = simulate()

    assert written.exit_code == 0
    for counted in (told["visits"], told["messages"]):
        assert sum(counted.values()) > 0
        for name, count in counted.items():
            assert re.search(rf"(?m)^ +{count}  {name}$", written.output), name
    assert told["rates"]
    for row in told["rates"]:
        shares = rf"{row['completed']}/{row['expected']} .* {row['available']}/{row['randomised']} "
        assert re.search(rf"(?m)^  {row['visit']} +{shares}", written.output), row
    assert told["violations"] == 0
    assert "0 violation" in written.output


def test_it_ends_with_1_and_names_the_rule_where_something_does_not_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "check_invariants", lambda *_, **__: [Violation("twice", "15-001", "planted")])
    found = simulate()
    assert found.exit_code == 1
    assert "twice" in found.output
    assert "planted" in found.output
