"""`pro-app study`: what production needs, recording it, and going live."""

from datetime import date, datetime

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import gate_line, translate
from pro_app.clock import system_clock
from pro_app.language import mark
from pro_app.services.production.entries import ENTRY_WORDS, NewEntry, list_entries, record_entry
from pro_app.services.production.gate import check_gate
from pro_app.services.production.go_live import go_live
from pro_app.services.wording_packs.records import list_wordings_in_use
from pro_app.settings import Settings

ACTOR = system_actor("command", "study")
NOT_READY = 1
MODES = {"test": mark("in test"), "production": mark("in production")}

study_option = click.option(
    "--study", "study_code", help=mark("The study; it may be left out where there is only one.")
)
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("study", help=mark("Bring a study into production: what it needs, and going live."))
def study() -> None:
    """Hold the commands about a study together."""


@study.command(
    "status",
    help=mark(
        "Show the mode of the study, the documents recorded, the texts in use, and what is missing before it "
        "may run in production. Exit status 1 if anything is."
    ),
)
@study_option
@click.pass_context
def status(context: click.Context, /, study_code: str | None) -> None:
    """Print what is there, then what is missing."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.reading() as session:
        chosen = choose_study(session, study_code)
        entries = list_entries(session, chosen.id)
        in_use = list_wordings_in_use(session, chosen.id)
        report = check_gate(session, chosen, today=system_clock().date())
    message = mark("The study %(study)s is %(mode)s.")
    click.echo(translate(message, study=chosen.study_code, mode=translate(MODES[chosen.mode])))
    for kind, entry in entries.items():
        click.echo(f"  {translate(ENTRY_WORDS[kind])}: {_say(entry.said)} [{kind}]")
    for used in in_use:
        text = used.wording
        named = f"{text.instrument_code} {text.instrument_version} ({text.language})"
        click.echo(f"  {named}: {text.pack}, SHA-256 {text.sha256}")
    for problem in (*report.notes, *report.problems):
        click.echo(gate_line(problem))
    if report.problems:
        context.exit(NOT_READY)
    click.echo(translate(mark("Nothing is missing for production.")))


@study.command(
    "document",
    help=mark(
        "Record one document that production needs; a later one of the same kind replaces it, and both are "
        "kept. The kinds are those that “pro-app study status” names in brackets."
    ),
)
@click.argument("kind", type=click.Choice(list(ENTRY_WORDS)))
@click.option("--reference", required=True, help=mark("Its number or version, as it is filed."))
@click.option("--on", "dated_on", required=True, type=_DAY, help=mark("The day it dates from."))
@click.option("--until", type=_DAY, help=mark("The last day on which it holds (hosting certificate)."))
@click.option(
    "--allows-listening", is_flag=True, help=mark("The licence allows the questions to be read aloud.")
)
@study_option
def document(
    *,
    kind: str,
    reference: str,
    dated_on: datetime,
    until: datetime | None,
    allows_listening: bool,
    study_code: str | None,
) -> None:
    """Record the document; exit status 0 well, 2 for what cannot be used."""
    settings = Settings.from_env()
    last_day = None if until is None else until.date()
    said = NewEntry(kind, reference.strip(), dated_on.date(), last_day, allows_listening)
    with opened_database(settings.database_url) as database, database.writing() as session:
        chosen = choose_study(session, study_code)
        record_entry(session, said, study_id=chosen.id, actor=ACTOR, now=system_clock())
    message = mark("Recorded: %(document)s, %(what)s.")
    click.echo(translate(message, document=translate(ENTRY_WORDS[kind]), what=_say(said)))


@study.command(
    "go-live",
    help=mark(
        "Bring the study from test to production. It is refused, naming everything that is missing, "
        "until all documents are recorded and every text in use is licensed and approved by two people."
    ),
)
@study_option
def go_live_command(study_code: str | None) -> None:
    """Go live; exit status 0 well, 2 if anything is missing."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.writing() as session:
        chosen = choose_study(session, study_code)
        done = go_live(session, chosen, actor=ACTOR, now=system_clock())
    for pack in done.retired:
        click.echo(translate(mark("Placeholder taken out of use: %(pack)s."), pack=pack))
    message = (
        mark("The study %(study)s was in production already, and nothing is missing.")
        if done.was_live
        else mark("The study %(study)s is in production from now on.")
    )
    click.echo(translate(message, study=chosen.study_code))


def _say(said: NewEntry) -> str:
    """Give a document in one line."""
    parts = [said.reference, _day(said.dated_on)]
    if said.valid_until is not None:
        parts.append(translate(mark("until %(day)s"), day=_day(said.valid_until)))
    if said.allows_listening:
        parts.append(translate(mark("listening allowed")))
    return ", ".join(parts)


def _day(day: date) -> str:
    return day.isoformat()
