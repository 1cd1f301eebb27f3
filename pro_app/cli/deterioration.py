"""`pro-app deterioration`: time to deterioration of everyone in a CSV file of scores by visit."""

import csv
import errno
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, TextIO, cast

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import problem_text, translate
from pro_app.cli.utf8_lines import open_utf8_lines
from pro_app.cli.whole_file import replace_when_done
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.analysis import DeteriorationRule
from pro_app.scoring.deterioration.find import find_deterioration
from pro_app.scoring.deterioration.names import NAME_FORM, STANDARD_NAMES, find_rule
from pro_app.scoring.deterioration.visit_columns import ScoreDirections
from pro_app.scoring.deterioration.visit_rows import RejectedField
from pro_app.scoring.deterioration.visit_table import VisitTable, parse_visit_table

UNUSABLE_INPUT = 2
SOME_ROWS_REJECTED = 3

_HEADER = ("id", "definition", "score", "event", "time_months")
_REJECT_HEADER = ("line", "id", "column", "value", "reason")
_WORSE_WHEN_LOWER = ("PF2", "QL2")
_WORSE_WHEN_HIGHER = ("FA",)
_LARGEST_DIFFERENCE = 100
_File = click.Path(path_type=Path)

_HELP = mark(
    "Find the time to deterioration of each score in a CSV file (UTF-8, commas) with the columns id, visit "
    "(0 is the baseline), date (a whole number of days, or YYYY-MM-DD), death (the same, or empty) and "
    "scores from 0 to 100, one visit a row in any order. An empty field is no score. Time counts in months "
    "of 30.4375 days from the first date of a person; event is 1 for a deterioration (or a death that "
    "counts as one) and 0 where the time is censored, and both are empty without any score. A person with "
    "a row that cannot be read, or that contradicts another one, is left out and named on standard error. "
    "Exit status: 0 well, 2 unusable input or arguments, 3 somebody left out."
)


@click.command("deterioration", help=_HELP)
@click.argument("visits_file", metavar="VISITS.csv", type=_File)
@click.option("--out", type=_File, help=mark("The file for the outcomes; by default standard output."))
@click.option(
    "--minimal-difference",
    type=float,
    default=10,
    show_default=True,
    help=mark("The change of a score from which on it counts, on the scale from 0 to 100."),
)
@click.option(
    "--worse-when-lower",
    help=mark("The scores of which a lower one is worse, with commas between them; by default PF2,QL2."),
)
@click.option(
    "--worse-when-higher",
    help=mark("The scores of which a higher one is worse, with commas between them; by default FA."),
)
@click.option(
    "--definition",
    "names",
    multiple=True,
    metavar="NAME",
    help=mark(
        "A definition, as often as needed or several with commas between them: TTD_baseline, TTD_best, "
        "TTD_previous, TUDD_baseline_def1 to _def3 (also TUDD_best, TUDD_previous), each also with _death, "
        "or with _SA1 to _SA3 for the sensitivity analyses. By default the twelve usual ones."
    ),
)
@click.pass_context
def deterioration(
    context: click.Context,
    *,
    visits_file: Path,
    out: Path | None,
    minimal_difference: float,
    worse_when_lower: str | None,
    worse_when_higher: str | None,
    names: tuple[str, ...],
) -> None:
    """Write one row for each definition, score and person; exit status 0 well, 2 unusable, 3 left out."""
    try:
        rules = _find_rules(names)
        _check_arguments(visits_file, out, minimal_difference)
        directions = _find_directions(worse_when_lower, worse_when_higher)
        death_needed = any(rule.death == "event" for rule in rules.values())
        with open_utf8_lines(visits_file) as lines:
            table = parse_visit_table(lines, directions, death_needed=death_needed)
        with ExitStack() as files:
            write_row = csv.writer(_open_output(files, out), lineterminator="\n").writerow
            write_row(_HEADER)
            for row in _list_outcomes(table, rules, minimal_difference):
                write_row(row)
    except InputRejected as unusable:
        _refuse(context, unusable.problems)
    except OSError as error:
        if error.errno == errno.EPIPE:  # who reads our output has seen enough; click ends quietly
            raise
        _refuse(context, [file_problem(error)])
    _show_rejected(table.rejected)
    done = mark("People with outcomes: %(people)s. People left out: %(rejected)s.")
    click.echo(translate(done, people=len(table.people), rejected=len(table.rejected)), err=True)
    context.exit(SOME_ROWS_REJECTED if table.rejected else 0)


def _find_rules(names: Sequence[str]) -> dict[str, DeteriorationRule]:
    """Find the rules of the wanted definitions, each once, or say which names there are."""
    rules = {name: find_rule(name) for name in _split(names) or STANDARD_NAMES}
    unknown = [name for name, rule in rules.items() if rule is None]
    if unknown:
        message = mark("There is no definition “%(name)s”. Names have the form %(form)s.")
        raise InputRejected(tuple(Problem(message, {"name": name, "form": NAME_FORM}) for name in unknown))
    return {name: rule for name, rule in rules.items() if rule is not None}


def _check_arguments(visits_file: Path, out: Path | None, minimal_difference: float) -> None:
    """Refuse a difference that is none, and to write over the visits."""
    if not 0 < minimal_difference <= _LARGEST_DIFFERENCE:
        message = mark("The minimal difference must be more than 0 and at most 100.")
        raise InputRejected((Problem(message),))
    if out is not None and out.is_file() and out.resolve() == visits_file.resolve():
        raise InputRejected((Problem(mark("The visits and the outcomes need two different files.")),))


def _find_directions(lower: str | None, higher: str | None) -> ScoreDirections:
    """Put the two options together; what is named for one direction is no default of the other."""
    lower_names, higher_names = _split([lower or ""]), _split([higher or ""])
    both = [name for name in lower_names if name in higher_names]
    if both:
        message = mark("These scores cannot be worse in both directions: %(scores)s.")
        raise InputRejected((Problem(message, {"scores": ", ".join(both)}),))
    worse_when_lower = {
        **dict.fromkeys(_WORSE_WHEN_LOWER if lower is None else (), True),
        **dict.fromkeys(_WORSE_WHEN_HIGHER if higher is None else (), False),
        **dict.fromkeys(lower_names, True),
        **dict.fromkeys(higher_names, False),
    }
    return ScoreDirections(worse_when_lower, named=(*lower_names, *higher_names))


def _split(texts: Iterable[str]) -> list[str]:
    """Split lists of names with commas between them."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _list_outcomes(
    table: VisitTable, rules: dict[str, DeteriorationRule], minimal_difference: float
) -> Iterator[tuple[str, str, str, str, str]]:
    """Give the rows: by definition, then by score as the file has them, then by person."""
    for name, rule in rules.items():
        for place, (_, score, worse_when_lower) in enumerate(table.columns.scores):
            for person, courses in table.people:
                found = find_deterioration(
                    courses[place],
                    rule,
                    minimal_difference=minimal_difference,
                    worse_when_lower=worse_when_lower,
                )
                event = "" if found.event is None else str(int(found.event))
                yield person, name, score, event, "" if found.months is None else repr(found.months)


def _open_output(files: ExitStack, path: Path | None) -> TextIO:
    """Open the file for the outcomes, or standard output in its place."""
    if path is not None:
        return files.enter_context(replace_when_done(path))
    return cast("TextIO", files.enter_context(click.open_file("-", "w", encoding="utf-8")))


def _show_rejected(rejected: Iterable[Iterable[RejectedField]]) -> None:
    """Write a table of everything that is wrong with those who are left out to standard error."""
    fields = [field for person in rejected for field in person]
    if not fields:
        return
    write_row = csv.writer(sys.stderr, lineterminator="\n").writerow
    write_row(_REJECT_HEADER)
    for field in fields:
        problem = field.problem
        write_row((problem.line, field.person, problem.place, field.value, problem_text(problem)))


def _refuse(context: click.Context, problems: Iterable[Problem]) -> NoReturn:
    """Say every problem on standard error, with its line and column if it has them, and end."""
    for problem in problems:
        text = problem_text(problem)
        if problem.place:
            text = translate(mark("column %(column)s: %(text)s"), column=problem.place, text=text)
        if problem.line is not None:
            text = translate(mark("Line %(line)s: %(text)s"), line=problem.line, text=text)
        click.echo(text, err=True)
    context.exit(UNUSABLE_INPUT)
