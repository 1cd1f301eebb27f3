"""`pro-app screens`: one PDF of every screen that a participant sees."""

import sys
from pathlib import Path

import click

from pro_app.booklet.chromium import ChromiumFailed, find_chromium
from pro_app.booklet.make import Wishes, make_booklet
from pro_app.booklet.texts import BookletTexts, load_texts, read_texts
from pro_app.cli.file_problems import file_problem
from pro_app.cli.release_files import check_target
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, NotFound, Problem, SettingMissing
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.find import list_protocol_codes, protocol_path
from pro_app.settings import Settings

DATABASE_SETTING = "PRO_APP_DATABASE_URL"


@click.command(
    help=mark(
        "Make one PDF of every screen of every questionnaire of a study, at the size of a phone and of a "
        "tablet, with item numbers, and name, version and SHA-256 of the text on each sheet. The pages are "
        "the real ones, pictured in Chromium; no installation is needed, and no answer of anybody is touched."
    )
)
@click.option("--study", "study_code", help=mark("The study; it may be left out where there is only one."))
@click.option("--output", required=True, type=click.Path(path_type=Path), help=mark("The PDF file."))
@click.option(
    "--language", default=LANGUAGES[0], show_default=True, type=click.Choice(LANGUAGES),
    help=mark("The language of the patient’s pages."),
)  # fmt: skip
@click.option(
    "--imported", is_flag=True,
    help=mark("Show the newest imported texts instead of those in use, before they are approved."),
)  # fmt: skip
@click.option("--chromium", help=mark("Path or name of Chromium or Chrome."))
def screens(
    *, study_code: str | None, output: Path, language: str, imported: bool, chromium: str | None
) -> None:
    """Make the booklet; exit status 0 well, 2 where it cannot be made."""
    browser = find_chromium(chromium)
    texts = _find_texts(study_code, imported=imported)
    wishes = Wishes(browser, language, system_clock().date())
    check_target(output)
    try:
        with click.progressbar(length=100, file=sys.stderr, show_eta=False) as bar:
            booklet = make_booklet(
                texts,
                wishes,
                translate=translate,
                progress=lambda done, whole: bar.update(100 * done // whole - bar.pos),
            )
        output.write_bytes(booklet.pdf)
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
    except ChromiumFailed as error:
        message = mark("The browser did not do its part: %(detail)s.")
        raise InputRejected((Problem(message, {"detail": str(error)[:200]}),)) from error
    message = mark("%(file)s: %(screens)s screens in %(pictures)s pictures.")
    click.echo(translate(message, file=str(output), screens=booklet.screens, pictures=booklet.pictures))


def _find_texts(study_code: str | None, *, imported: bool) -> BookletTexts:
    """Give the texts of the installation; where none is set up, those that come with the app."""
    try:
        settings = Settings.from_env()
    except SettingMissing as missing:
        if missing.name != DATABASE_SETTING or imported:
            raise
        message = mark("No installation is set up: these are the texts that come with the app.")
        click.echo(translate(message), err=True)
        return _read_shipped(study_code)
    with opened_database(settings.database_url) as database, database.reading() as session:
        return load_texts(session, choose_study(session, study_code), imported=imported)


def _read_shipped(study_code: str | None) -> BookletTexts:
    known = list_protocol_codes()
    try:
        return read_texts(protocol_path((study_code or "").lower()))
    except NotFound as missing:
        message = mark("Name the study with --study. Known: %(known)s.")
        raise InputRejected((Problem(message, {"known": ", ".join(known)}),)) from missing
