"""`pro-app init`: makes the tables of both stores, or brings them up to date."""

import click

from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.storage.grants import grant_application_role
from pro_app.storage.migrate import Store, migrate, schema_revision


@click.command(
    "init",
    help=mark(
        "Make or upgrade the tables of the main store and of the contact vault. Run it as the owner of "
        "the databases, at the installation and after every upgrade; running it again changes nothing."
    ),
)
@click.option(
    "--grant-to",
    "role",
    help=mark("PostgreSQL: the role that the application signs in under, which gets what it needs."),
)
def init(role: str | None) -> None:
    """Migrate both stores, then grant."""
    settings = Settings.from_env()
    stores: tuple[tuple[Store, str], ...] = (
        ("main", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    for store, url in stores:
        with opened_database(url) as database:
            _check_can_grant(database, role)
            click.echo(_upgrade(database, store, role))


def _upgrade(database: Database, store: Store, role: str | None) -> str:
    """Migrate one store and grant; gives what happened in words."""
    before = schema_revision(database, store)
    migrate(database, store)
    if role is not None:
        _grant(database, role)
    after = schema_revision(database, store)
    message = mark("%(store)s: up to date (%(after)s).")
    if before != after:
        message = mark("%(store)s: brought from %(before)s to %(after)s.")
    return translate(message, store=store, before=before or "–", after=after or "–")


def _check_can_grant(database: Database, role: str | None) -> None:
    """Refuse `--grant-to` where there are no roles."""
    if role is not None and database.engine.dialect.name != "postgresql":
        message = mark("SQLite has no roles: leave --grant-to out.")
        raise InputRejected((Problem(message),))


def _grant(database: Database, role: str) -> None:
    """Grant, or say that the role's name cannot be one."""
    try:
        with database.engine.begin() as connection:
            grant_application_role(connection, role)
    except ValueError as unusable:
        message = mark("--grant-to: a role's name has small letters, digits and underscores.")
        raise InputRejected((Problem(message),)) from unusable
