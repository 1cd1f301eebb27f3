"""`pro-app check-standings`: compares the rows that rates are counted from with the facts, and mends them."""

import csv
import sys

import click

from pro_app.cli.stores import opened_database
from pro_app.cli.translation import translate_plural
from pro_app.language import mark, mark_plural
from pro_app.services.standings import StandingDifference, list_differences, write_standings
from pro_app.settings import Settings

STANDINGS_DIFFER = 3
_HEADER = ("assessment", "field", "stored", "due")
_WHOLE_ROW = "*"


@click.command(
    "check-standings",
    help=mark(
        "Compare the rows that the rates are counted from with the plan, the forms and the scores that they "
        "follow from. Each difference is a line of CSV on standard output: form, field, what is stored, what "
        "it should be. "
        "Exit status: 0 no difference or all mended, 3 some rows differ."
    ),
)
@click.option("--repair", is_flag=True, help=mark("Write the rows that differ anew from the facts."))
@click.pass_context
def check_standings(context: click.Context, repair: bool) -> None:  # noqa: FBT001 -- click's own way of flags
    """Compare and list; with `repair` write what differs, and look again."""
    with opened_database(Settings.from_env().database_url) as database:
        with database.reading() as session:
            differences = list(list_differences(session))
        if differences and repair:
            with database.writing() as session:
                write_standings(session, [difference.assessment_id for difference in differences])
    table = csv.writer(sys.stdout, lineterminator="\n")
    if differences:
        table.writerow(_HEADER)
    for difference in differences:
        table.writerows(_list_lines(difference))
    forms = mark_plural("%(count)s row differs", "%(count)s rows differ")
    mended = mark_plural("%(count)s row written anew", "%(count)s rows written anew")
    click.echo(translate_plural(*(mended if repair else forms), len(differences)), err=True)
    if differences and not repair:
        context.exit(STANDINGS_DIFFER)


def _list_lines(difference: StandingDifference) -> list[tuple[object, ...]]:
    """Give a line for each field that differs, one for a row that is missing or should not be."""
    key, stored, due = difference.assessment_id, difference.stored, difference.due
    if stored is None or due is None:
        return [(key, _WHOLE_ROW, "-" if stored is None else "row", "-" if due is None else "row")]
    return [(key, name, stored[name], due[name]) for name in due]
