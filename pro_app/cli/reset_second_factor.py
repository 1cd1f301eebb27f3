"""`pro-app reset-second-factor`: lets an account set up another phone at its next sign-in."""

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.account_records import find_account
from pro_app.services.second_factors.removal import reset_second_factor as reset
from pro_app.settings import Settings


@click.command(
    "reset-second-factor",
    help=mark(
        "Reset the second factor of an account whose phone and recovery codes are lost: the account is "
        "signed out everywhere and sets up another phone at its next sign-in. The password stays."
    ),
)
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """Reset it; exit status 0 well, 2 for an unknown account."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.writing() as session:
        account = find_account(session, username)
        if account is None:
            message = mark("There is no account “%(username)s”.")
            raise InputRejected((Problem(message, {"username": username[:64]}),))
        actor = system_actor("command", "reset-second-factor")
        reset(session, account_id=account.id, actor=actor, now=system_clock())
    done = mark("The account %(username)s sets up its second factor at the next sign-in.")
    click.echo(translate(done, username=account.username))
