"""`pro-app wording template`: an empty pack to be filled in by whoever holds the licence."""

from pathlib import Path

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import translate
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.instruments.find import list_instrument_codes, load_instrument
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.pack_files.template import write_json_template, write_yaml_template
from pro_app.instruments.pack_files.workbook_template import write_workbook_template
from pro_app.language import LANGUAGES, mark

FORMS = ("yaml", "json", "xlsx")
ADVICE = (
    mark("Fill in the yellow cells with the text of the licensed questionnaire, exactly as it is printed."),
    mark("Leave the sheets, the first row, the numbers and the codes as they are."),
    mark("Bold and italic type are not kept."),
    mark("Then: pro-app wording check FILE, and pro-app wording import FILE."),
    mark("Of a response set in one row only the two ends carry a label."),
)  # fmt: skip


@click.command(
    "template",
    help=mark(
        "Write an empty pack: item numbers, blocks and response sets, and empty texts to be filled in. It "
        "holds no text of the questionnaire."
    ),
)
@click.option(
    "--instrument", "named", required=True, help=mark("Code of the questionnaire, or CODE/VERSION.")
)
@click.option(
    "--language", default=LANGUAGES[0], show_default=True, type=click.Choice(LANGUAGES),
    help=mark("The language of the text."),
)  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMS), help=mark("By default that of the file’s name."))
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help=mark("The file; it must not exist yet.")
)
def template(named: str, language: str, form: str | None, output: Path) -> None:
    """Write the template; exit status 0 well, 2 unusable arguments."""
    instrument = _load_named(named)
    chosen = form or output.suffix.lower().lstrip(".").replace("yml", "yaml")
    if chosen not in FORMS:
        message = mark("Name the form with --format: yaml, json or xlsx.")
        raise InputRejected((Problem(message),))
    if output.exists():
        # Somebody's hours of typing may be in it.
        message = mark("%(file)s: the file is there already.")
        raise InputRejected((Problem(message, {"file": str(output)}),))
    try:
        _write(output, instrument, form=chosen, language=language)
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
    message = mark("%(file)s: %(items)s items to be filled in.")
    click.echo(translate(message, file=str(output), items=len(instrument.items)))


def _write(output: Path, instrument: Instrument, *, form: str, language: str) -> None:
    if form == "xlsx":
        output.touch()  # The library reports a folder that is missing in a way of its own.
        write_workbook_template(output, instrument, language, advice=[translate(words) for words in ADVICE])
        return
    write = write_json_template if form == "json" else write_yaml_template
    output.write_text(write(instrument, language), encoding="utf-8")


def _load_named(named: str) -> Instrument:
    code, _, version = named.partition("/")
    try:
        return load_instrument(code.lower(), version or None)
    except NotFound as missing:
        message = mark("There is no questionnaire “%(named)s”. Known: %(known)s.")
        known = ", ".join(list_instrument_codes())
        raise InputRejected((Problem(message, {"named": named[:60], "known": known}),)) from missing
