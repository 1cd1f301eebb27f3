"""`pro-app create-account`: makes an account of staff with its first role."""

import sys
from datetime import date, datetime

import click
from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.cli.civil_dates import DATE
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import end_of_day, system_clock
from pro_app.errors import InputRejected, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.account_rules import ROLES, check_end, check_role
from pro_app.services.accounts import create_account as add_account
from pro_app.services.staff_roles import grant_role
from pro_app.services.studies import load_current_protocol
from pro_app.settings import Settings
from pro_app.storage.queries.participants import list_sites


@click.command(
    "create-account",
    help=mark(
        "Make an account of staff with a role in a study. The password is asked for, or read as the first "
        "line of standard input; it needs at least 15 characters."
    ),
)
@click.option("--username", required=True, help=mark("What the person types to sign in."))
@click.option("--display-name", help=mark("The person's name as others see it; by default the username."))
@click.option("--role", required=True, type=click.Choice(ROLES), help=mark("The first role."))
@click.option("--site", "site_code", help=mark("The code of the site, for nurses and investigators."))
@click.option(
    "--until",
    "last_on",
    type=DATE,
    help=mark("The last day, for inspectors and, if wanted, monitors."),
)
@click.option("--study", "study_code", help=mark("The study; it may be left out where there is only one."))
@click.option(
    "--language",
    default=LANGUAGES[0],
    show_default=True,
    type=click.Choice(LANGUAGES),
    help=mark("The language of the pages."),
)
def create_account(
    *,
    username: str,
    display_name: str | None,
    role: str,
    site_code: str | None,
    study_code: str | None,
    last_on: date | None,
    language: str,
) -> None:
    """Make the account and its role, both or neither; exit status 0 well, 2 unusable arguments."""
    settings = Settings.from_env()
    now = system_clock()
    actor = system_actor("command", "create-account")
    with opened_database(settings.database_url) as database:
        with database.reading() as session:
            study_id = choose_study(session, study_code).id
            zone = load_current_protocol(session, study_id).default_zone
            site_id = _find_site_id(session, study_id, site_code)
        ends_at = end_of_day(last_on, zone) if last_on else None
        _check_role(role, site_id, ends_at, now=now)
        password = _read_password()
        with database.writing() as session:
            account = add_account(
                session,
                username=username,
                display_name=display_name or username,
                password=password,
                language=language,
                actor=actor,
                now=now,
            )
            grant_role(
                session,
                account_id=account.id,
                study_id=study_id,
                role=role,
                site_id=site_id,
                actor=actor,
                now=now,
                ends_at=ends_at,
            )
    message = mark("The account %(username)s was made, role %(role)s.")
    click.echo(translate(message, username=account.username, role=role))


def _check_role(role: str, site_id: int | None, ends_at: datetime | None, *, now: datetime) -> None:
    """Refuse a role that does not fit its site or its end before a password is asked for."""
    problems = [*check_role(role, site_id), *check_end(role, ends_at, now=now)]
    if problems:
        raise InputRejected(tuple(problems))


def _find_site_id(session: Session, study_id: int, site_code: str | None) -> int | None:
    """Find the site of that code, or say which ones there are."""
    if site_code is None:
        return None
    sites = {site.site_code: site.id for site in list_sites(session, study_id=study_id)}
    if site_code.upper() not in sites:
        message = mark("There is no site “%(code)s”. Known: %(known)s.")
        known = ", ".join(sites) or "–"
        raise InputRejected((Problem(message, {"code": site_code, "known": known}),))
    return sites[site_code.upper()]


def _read_password() -> str:
    """Ask twice on a terminal; take the first line of anything else, for programs."""
    if sys.stdin.isatty():
        return str(
            click.prompt(
                translate(mark("Password")),
                hide_input=True,
                confirmation_prompt=translate(mark("Once more")),
            )
        )
    return sys.stdin.readline().rstrip("\r\n")
