"""The app with one participant who has a card."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from participant_world import World, activate, build_world


@pytest.fixture
def world(app: Flask) -> World:
    """Enrol one participant and print the card."""
    parts = app.extensions["pro_app"]
    return build_world(parts.database, parts.vault)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Give a browser that nobody used yet."""
    return app.test_client()


@pytest.fixture
def signed_in(client: FlaskClient, world: World) -> FlaskClient:
    """Give a browser in which the participant has just activated the card."""
    assert activate(client, world.card).headers["Location"] == "/p/home"
    return client
