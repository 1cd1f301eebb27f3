"""`pro-app load-study`: takes a protocol with its questionnaires and wording packs into the database."""

from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected
from pro_app.language import mark
from pro_app.services.studies import load_current_protocol
from pro_app.services.studies import load_study as load_study_files
from pro_app.settings import Settings


@click.command(
    "load-study",
    help=mark(
        "Store a protocol, the questionnaires that it names and their wording packs, each under its SHA-256, "
        "and make its study use them. Loading the same files again changes nothing."
    ),
)
@click.argument("protocol_file", metavar="PROTOCOL.yaml", type=click.Path(path_type=Path))
def load_study(protocol_file: Path) -> None:
    """Load the study; exit status 0 well, 2 for a file that cannot be used, with every problem."""
    settings = Settings.from_env()
    actor = system_actor("command", "load-study")
    with opened_database(settings.database_url) as database, database.writing() as session:
        try:
            study = load_study_files(session, protocol_path=protocol_file, actor=actor, now=system_clock())
        except OSError as error:
            raise InputRejected((file_problem(error),)) from error
        protocol = load_current_protocol(session, study.id)
    message = mark("The study %(study)s is loaded: protocol %(version)s, %(instruments)s.")
    instruments = ", ".join(f"{used.code} {used.version}" for used in protocol.instruments)
    click.echo(translate(message, study=study.study_code, version=protocol.version, instruments=instruments))
