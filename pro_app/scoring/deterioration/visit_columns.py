"""The columns of a table of visits: those with a name of their own, and the scores with their direction."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark

ID, VISIT, DATE, DEATH = "id", "visit", "date", "death"


@dataclass(frozen=True, slots=True)
class ScoreDirections:
    """For each score column whether a lower score is a worse one; `named` ones have to be there."""

    worse_when_lower: Mapping[str, bool]
    named: Collection[str] = field(default=())


@dataclass(frozen=True, slots=True)
class VisitColumns:
    """Where everything stands in a row; `scores` are position, name and direction in the file's order."""

    count: int
    id: int
    visit: int
    date: int
    death: int | None
    scores: tuple[tuple[int, str, bool], ...]


def parse_visit_columns(
    header: Sequence[str], directions: ScoreDirections, *, death_needed: bool
) -> VisitColumns:
    """Find the columns by name, in any order; raises InputRejected with every problem of the header."""
    names = [name.strip() for name in header]
    required = [ID, VISIT, DATE, *([DEATH] if death_needed else [])]
    problems = tuple(_check_header(names, required, directions))
    if problems:
        raise InputRejected(problems)
    return VisitColumns(
        count=len(names),
        id=names.index(ID),
        visit=names.index(VISIT),
        date=names.index(DATE),
        death=names.index(DEATH) if DEATH in names else None,
        scores=tuple(
            (position, name, directions.worse_when_lower[name])
            for position, name in enumerate(names)
            if name not in {ID, VISIT, DATE, DEATH}
        ),
    )


def _check_header(
    names: Sequence[str], required: Sequence[str], directions: ScoreDirections
) -> Iterator[Problem]:
    """List what is wrong with the column names."""
    joined = ",".join(names)
    for separator, message in (
        (";", mark("The columns are separated by semicolons. Save the file with commas as separators.")),
        ("\t", mark("The columns are separated by tabs. Save the file with commas as separators.")),
    ):
        if joined.count(separator) > joined.count(","):
            yield Problem(message, line=1)
            return
    if missing := [name for name in (*required, *sorted(directions.named)) if name not in names]:
        yield Problem(mark("Missing columns: %(columns)s."), {"columns": ", ".join(missing)}, line=1)
    if double := [name for name, count in Counter(names).items() if count > 1]:
        yield Problem(mark("Columns that occur twice: %(columns)s."), {"columns": ", ".join(double)}, line=1)
    scores = [name for name in names if name not in {ID, VISIT, DATE, DEATH}]
    if not scores:
        yield Problem(mark("There is no column with a score."), line=1)
    if unknown := [name or "“”" for name in scores if name not in directions.worse_when_lower]:
        message = mark(
            "Nobody said in which direction these columns get worse: %(columns)s. Name scores in "
            "--worse-when-lower or --worse-when-higher, and leave out all other columns."
        )
        yield Problem(message, {"columns": ", ".join(unknown)}, line=1)
