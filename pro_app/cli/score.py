"""`pro-app score`: scores a CSV file of answers of any length, in constant memory."""

import csv
import errno
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NoReturn, TextIO, cast

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.translation import problem_text, translate
from pro_app.cli.utf8_blocks import open_utf8_blocks
from pro_app.cli.whole_file import replace_when_done
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.instruments.find import list_instrument_paths, load_instrument
from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.language import mark
from pro_app.scoring.answer_blocks import AnswerBlock
from pro_app.scoring.answer_reader import AnswerReader
from pro_app.scoring.answer_table import AnswerRow, RejectedValue
from pro_app.scoring.score_texts import ScoreTexts
from pro_app.scoring.scores import plan_scoring
from pro_app.scoring.vectorised.scorers import plan_vectorised_scoring

UNUSABLE_INPUT = 2
SOME_ROWS_REJECTED = 3

_REJECT_HEADER = ("line", "id", "column", "value", "reason")
_File = click.Path(path_type=Path)


_HELP = mark(
    "Score a CSV file (UTF-8, commas) with the columns id, q1 … q30 or q31 … q51, one response a row; other "
    "columns are passed through. An empty field is a missing answer, N is “not applicable” where the item "
    "offers it; 2.0 is read as 2. A row with anything else is rejected and the others are scored. "
    "Exit status: 0 well, 2 unusable input or arguments, 3 some rows rejected."
)


@click.command("score", help=_HELP)
@click.argument("items_file", metavar="ITEMS.csv", type=_File)
@click.option("--instrument", "code", required=True, help=mark("The questionnaire: qlq-c30 or qlq-ginet21."))
@click.option("--definition", "name", help=mark("The scoring definition; by default that of the manual."))
@click.option("--out", type=_File, help=mark("The file for the scores; by default standard output."))
@click.option("--rejects", type=_File, help=mark("The file for rejected rows; by default standard error."))
@click.pass_context
def score(
    context: click.Context,
    *,
    items_file: Path,
    code: str,
    name: str | None,
    out: Path | None,
    rejects: Path | None,
) -> None:
    """Score the file; exit status 0 well, 2 unusable input or arguments, 3 some rows rejected."""
    try:
        instrument, scoring = _load_scoring(code, name)
        _check_paths(items_file, out, rejects)
        with ExitStack() as files:
            text = files.enter_context(open_utf8_blocks(items_file))
            reader = AnswerReader(text, instrument, scoring)
            reject_table = _RejectTable(_open_output(files, rejects, "stderr"), at_once=rejects is not None)
            score_table = _ScoreTable(_open_output(files, out, "stdout"), instrument, scoring)
            score_table.save_header([*reader.columns.other_names, *scoring.scale_codes])
            for read in reader:
                if isinstance(read, AnswerBlock):
                    score_table.save_block(read)
                    for row in read.rejected:
                        reject_table.save(row)
                elif isinstance(read, AnswerRow):
                    score_table.save(read)
                else:
                    reject_table.save(read)
    except InputRejected as unusable:
        _refuse(context, unusable.problems)
    except OSError as error:
        if error.errno == errno.EPIPE:  # who reads our output has seen enough; click ends quietly
            raise
        _refuse(context, [file_problem(error)])
    done = mark("Rows scored: %(scored)s. Rows rejected: %(rejected)s.")
    click.echo(translate(done, scored=score_table.rows, rejected=reject_table.rows), err=True)
    context.exit(SOME_ROWS_REJECTED if reject_table.rows else 0)


class _PlainLineEnds:
    """Ends rows with a newline alone.

    The writer of Python 3.11 quotes only the line ends that it writes itself: told to write newlines, it
    would leave a carriage return inside a passed-through text bare, and the row would fall in two.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        """Write one row that ends with a carriage return and a newline."""
        self._stream.write(row.removesuffix("\r\n") + "\n")


class _ScoreTable:
    """The table of scores while it is being written; `rows` counts its rows."""

    def __init__(self, stream: TextIO, instrument: Instrument, scoring: ScoringDefinition) -> None:
        self._stream = stream
        self._write_row = csv.writer(_PlainLineEnds(stream), lineterminator="\r\n").writerow
        self._score = plan_scoring(scoring)
        self._texts = ScoreTexts(plan_vectorised_scoring(instrument, scoring))
        self.rows = 0

    def save_header(self, names: Sequence[str]) -> None:
        """Write the names of the columns."""
        self._write_row(names)

    def save(self, row: AnswerRow) -> None:
        """Write one row: the columns passed through, then the scores in full precision."""
        values = [score.as_float for score in self._score(row.values)]
        self._write_row(row.others + ["" if value is None else repr(value) for value in values])
        self.rows += 1

    def save_block(self, block: AnswerBlock) -> None:
        """Write many rows in the same way."""
        self._stream.write(self._texts.render_lines(block.others, block.codes))
        self.rows += len(block.others)


class _RejectTable:
    """The table of what was not scored; `rows` counts rows, though each may take several lines.

    Its header waits for the first reject unless `at_once`.
    """

    def __init__(self, stream: TextIO, *, at_once: bool) -> None:
        self._write_row = csv.writer(_PlainLineEnds(stream), lineterminator="\r\n").writerow
        self._header_due = True
        self.rows = 0
        if at_once:
            self._write_header()

    def save(self, rejected: Iterable[RejectedValue]) -> None:
        """Write one line for each thing that is wrong with one row."""
        if self._header_due:
            self._write_header()
        for part in rejected:
            problem = part.problem
            self._write_row((problem.line, part.row_id, problem.place, part.value, problem_text(problem)))
        self.rows += 1

    def _write_header(self) -> None:
        self._write_row(_REJECT_HEADER)
        self._header_due = False


def _load_scoring(code: str, name: str | None) -> tuple[Instrument, ScoringDefinition]:
    """Load the instrument and one of its scoring definitions, or say which ones there are."""
    try:
        instrument = load_instrument(code)
    except NotFound as unknown:
        codes = sorted({path.parents[1].name for path in list_instrument_paths()})
        message = mark("There is no questionnaire “%(name)s”. Known: %(known)s.")
        raise InputRejected((Problem(message, {"name": code, "known": ", ".join(codes)}),)) from unknown
    known = instrument.scoring_definitions
    if name is not None and name not in known:
        message = mark("There is no scoring definition “%(name)s” of this questionnaire. Known: %(known)s.")
        raise InputRejected((Problem(message, {"name": name, "known": ", ".join(known)}),))
    return instrument, instrument.scoring(name)


def _check_paths(*paths: Path | None) -> None:
    """Refuse to write over the answers, or two tables into one file; devices may be named twice."""
    files = [path.resolve() for path in paths if path and (path.is_file() or not path.exists())]
    if len(set(files)) < len(files):
        message = mark("The answers, the scores and the rejected rows need three different files.")
        raise InputRejected((Problem(message),))


def _open_output(files: ExitStack, path: Path | None, standard: Literal["stdout", "stderr"]) -> TextIO:
    """Open the file for one table, or the standard stream in its place."""
    if path is not None:
        return files.enter_context(replace_when_done(path))
    if standard == "stderr":
        return sys.stderr
    return cast("TextIO", files.enter_context(click.open_file("-", "w", encoding="utf-8")))


def _refuse(context: click.Context, problems: Iterable[Problem]) -> NoReturn:
    """Say every problem on standard error, with its line if it has one, and end."""
    for problem in problems:
        text = problem_text(problem)
        if problem.line is not None:
            text = translate(mark("Line %(line)s: %(text)s"), line=problem.line, text=text)
        click.echo(text, err=True)
    context.exit(UNUSABLE_INPUT)
