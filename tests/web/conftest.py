"""The app under test."""

from collections.abc import Iterator

import pytest
from conftest import SettableClock
from flask import Flask

from pro_app.app import create_app
from pro_app.settings import Settings


@pytest.fixture
def app(settings: Settings, clock: SettableClock) -> Iterator[Flask]:
    """Make the app on SQLite with a clock that stands still; CSRF protection stays on."""
    made = create_app(settings, clock=clock)
    yield made
    parts = made.extensions["pro_app"]
    parts.database.engine.dispose()
    parts.vault.database.engine.dispose()
