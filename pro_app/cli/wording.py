"""`pro-app wording`: the licensed text of a questionnaire, from an empty template to an approved pack."""

import sys
from pathlib import Path

import click

from pro_app.audit.actor import system_actor
from pro_app.cli.file_problems import file_problem
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.cli.wording_template import template
from pro_app.clock import system_clock
from pro_app.definitions.files import read_definition
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.instruments.find import find_worded_instrument_path, list_wording_paths
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.pack_check import check_pack
from pro_app.instruments.pack_files.pack_file import PackFile
from pro_app.instruments.pack_files.reading import read_pack_file
from pro_app.instruments.parse import parse_instrument, read_wording
from pro_app.instruments.wording import WordingPack
from pro_app.language import mark
from pro_app.services.wording_packs.importing import import_pack
from pro_app.services.wording_packs.records import NEEDED_APPROVALS, PackRecord, find_pack, list_packs
from pro_app.settings import Settings
from pro_app.storage.tables.definitions import StoredDefinition

ACTOR = system_actor("command", "wording")
STATES = {
    "waiting": mark("waits for approval (%(given)s of %(needed)s)"),
    "approved": mark("approved, not in use"),
    "in_use": mark("in use"),
    "refused": mark("refused"),
}
_STUDY_HELP = mark("The study; it may be left out where there is only one.")


@click.group("wording", help=mark("Bring the licensed text of a questionnaire into the app."))
def wording() -> None:
    """Hold the commands about wording packs together."""


wording.add_command(template)


@wording.command(
    help=mark("Say everything that is wrong with a pack, by line, or by sheet and cell; needs no setting.")
)
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
def check(pack: Path) -> None:
    """Check a pack against the questionnaire that comes with the app; exit status 0 well, 2 otherwise."""
    read = _read(pack)
    instrument = _find_instrument(read)
    placeholders = [
        other
        for path in list_wording_paths(instrument.code, instrument.version)
        if (other := read_definition(path)).data.get("placeholder") is True
    ]
    problems = check_pack(read.definition, instrument, placeholders=placeholders)
    if problems:
        raise read.reject(problems)
    _say_pack(read_wording(read.definition))
    click.echo(translate(mark("Nothing is wrong with this pack.")))


@wording.command(
    "import",
    help=mark(
        "Check a pack (YAML, JSON or XLSX) and store it under its SHA-256: two people approve it before any "
        "patient reads it. Nothing is stored unless all of it is sound."
    ),
)
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.option("--study", "study_code", help=_STUDY_HELP)
def import_command(pack: Path, study_code: str | None) -> None:
    """Import the pack; exit status 0 well, 2 for a pack that cannot be used, with every problem."""
    settings = Settings.from_env()
    read = _read(pack)
    with opened_database(settings.database_url) as database, database.writing() as session:
        study = choose_study(session, study_code)
        imported = import_pack(session, read, study_id=study.id, actor=ACTOR, now=system_clock())
    _say_pack(imported.record.wording)
    if not imported.is_new:
        click.echo(translate(mark("This text was imported before; nothing was changed.")))
    click.echo(_say_state(imported.record))
    if imported.record.state == "waiting":
        message = mark("Two people read and approve it at %(address)s.")
        click.echo(translate(message, address=f"{settings.public_url}/admin/wording"))


@wording.command("list", help=mark("List the packs that were imported, the newest first."))
@click.option("--study", "study_code", help=_STUDY_HELP)
def list_command(study_code: str | None) -> None:
    """Print one line for each pack."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.reading() as session:
        packs = list_packs(session, choose_study(session, study_code).id)
    for pack in packs:
        text = pack.wording
        named = f"{text.instrument_code} {text.instrument_version} {text.language}"
        click.echo(f"{text.sha256}  {named}  {text.pack}  {_say_state(pack)}")
    if not packs:
        click.echo(translate(mark("No pack was imported yet.")))


@wording.command(
    "show", help=mark("Write an imported pack exactly as it is kept: the SHA-256 of this text is its hash.")
)
@click.argument("sha256", metavar="SHA256")
@click.option("--study", "study_code", help=_STUDY_HELP)
def show(sha256: str, study_code: str | None) -> None:
    """Print the text, byte for byte."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.reading() as session:
        study = choose_study(session, study_code)
        record = find_pack(session, study_id=study.id, sha256=sha256.lower())
        if record is None:
            raise NotFound("wording_pack")
        stored = session.get_one(StoredDefinition, record.wording.sha256).text
    sys.stdout.buffer.write(stored.encode("utf-8"))


def _read(path: Path) -> PackFile:
    try:
        return read_pack_file(path)
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error


def _find_instrument(pack: PackFile) -> Instrument:
    """Give the questionnaire that the pack names; raises InputRejected."""
    path = find_worded_instrument_path(pack.definition)
    if path is None:
        problem = Problem(mark("There is no instrument for this pack."), place="instrument")
        raise pack.reject([problem])
    return parse_instrument(read_definition(path))


def _say_pack(text: WordingPack) -> None:
    message = mark("%(pack)s: %(instrument)s %(version)s, language %(language)s")
    names = {"pack": text.pack, "instrument": text.instrument_code, "version": text.instrument_version}
    click.echo(translate(message, language=text.language, **names))
    click.echo(f"SHA-256 {text.sha256}")


def _say_state(pack: PackRecord) -> str:
    return translate(STATES[pack.state], given=len(pack.approvals), needed=NEEDED_APPROVALS)
