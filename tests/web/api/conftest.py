"""A study with its staff and one release of it, and a program that asks for it."""

from collections.abc import Callable, Mapping

import pytest
from conftest import SettableClock
from flask import Flask
from staff_fixtures import database, sqlite_url, staffed_template, world
from staff_world import StaffWorld
from werkzeug.test import TestResponse

from pro_app.audit.actor import system_actor
from pro_app.services.api_tokens import create_token
from pro_app.services.releases.make import make_due_releases
from pro_app.services.releases.request import request_release
from pro_app.settings import Settings
from pro_app.storage.database import Database

__all__ = ["database", "sqlite_url", "staffed_template", "world"]

WORKER = system_actor("worker", "releases")
Ask = Callable[..., TestResponse]


@pytest.fixture
def make_token(database: Database, world: StaffWorld, clock: SettableClock) -> Callable[[str], str]:
    """Give what makes a token of the member of staff with a role."""

    def make(role: str = "statistician") -> str:
        with database.writing() as session:
            return create_token(session, label="R", days=30, actor=world.actor(role), now=clock())

    return make


@pytest.fixture
def released(  # noqa: PLR0917 -- fixtures
    database: Database, world: StaffWorld, settings: Settings, clock: SettableClock
) -> None:
    """Make one release."""
    with database.writing() as session:
        request_release(
            session,
            study_id=world.study_id,
            reason="Comité « de suivi »",
            purpose="data_check",
            demographics=None,
            actor=world.actor("statistician"),
            now=clock(),
        )
    assert make_due_releases(database, folder=settings.releases_folder, actor=WORKER, clock=clock) == 1


@pytest.fixture
def ask(app: Flask, make_token: Callable[[str], str]) -> Ask:
    """Give what asks for an address below /api/v1, with a good token unless another one is given."""
    default = make_token("statistician")

    def get(path: str, token: str | None = default, **options: object) -> TestResponse:
        headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        return app.test_client().open(f"/api/v1/{path}", headers=headers, **options)

    return get
