"""An installation with a real server on each database, which the tests kill."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from durable_world import DurableWorld, build_durable_world
from server_process import ServerProcess

from pro_app.app import create_app
from pro_app.settings import Settings


@pytest.fixture(params=["settings", "postgres_settings"], ids=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest) -> Settings:
    """Give the settings of a fresh installation on each of the two databases in turn."""
    settings = request.getfixturevalue(request.param)
    assert isinstance(settings, Settings)
    return settings


@pytest.fixture
def world(installation: Settings, tmp_path: Path) -> Iterator[DurableWorld]:
    """Start the server of the installation, and open its stores in this process too."""
    server = ServerProcess(partial(create_app, installation), tmp_path / "server.log")
    server.start()
    try:
        built = build_durable_world(create_app(installation), server)
        yield built
        built.close()
    finally:
        server.kill()
