from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pro_app.definitions.files import parse_definition_text
from pro_app.protocol.events import Event
from pro_app.protocol.find import load_protocol
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol


@pytest.fixture(scope="session")
def reluth() -> Protocol:
    return load_protocol("reluth", "1.0")


@pytest.fixture(scope="session")
def other_trial() -> Protocol:
    """Read a made-up trial that shares neither anchors nor rhythm with the first one."""
    path = Path(__file__).with_name("other-trial.yaml")
    return parse_protocol(parse_definition_text(path.read_text(encoding="utf-8"), str(path)))


class Recorder:
    """Makes events with rising ids, each recorded at noon of its day unless told otherwise."""

    def __init__(self) -> None:
        self.last_id = 0

    def __call__(self, kind: str, on: str, **given: object) -> Event:
        """Make the next event."""
        self.last_id += 1
        occurred_on = date.fromisoformat(on)
        recorded_at = datetime(occurred_on.year, occurred_on.month, occurred_on.day, 12, tzinfo=UTC)
        return Event(self.last_id, kind, occurred_on, **{"recorded_at": recorded_at, **given})


@pytest.fixture
def event() -> Recorder:
    return Recorder()
