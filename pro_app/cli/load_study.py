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
from pro_app.services.protocol_versions import find_version_in_force, list_versions
from pro_app.services.studies import load_study as load_study_files
from pro_app.settings import Settings
from pro_app.storage.catalogue import load_protocol


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
        versions = list_versions(session, study.id)
        in_force = find_version_in_force(session, study.id)
        loaded = load_protocol(session, versions[-1].sha256)
    message = mark("The study %(study)s is loaded: protocol %(version)s, %(instruments)s.")
    instruments = ", ".join(f"{used.code} {used.version}" for used in loaded.instruments)
    click.echo(translate(message, study=study.study_code, version=loaded.version, instruments=instruments))
    if in_force.sha256 != loaded.sha256:
        message = mark(
            "No site works under version %(version)s yet, and nothing has changed for anybody: see what it "
            "changes with “pro-app amendment preview --to %(version)s”."
        )
        click.echo(translate(message, version=loaded.version))
