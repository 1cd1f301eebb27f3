"""Age and sex from the trial's main database: a small table, checked before it is taken."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.table_files import read_table
from pro_app.storage.queries.participants import list_participants

COLUMNS = ("participant_code", "age", "sex")
OLDEST = 130
SEXES: Mapping[str, str | None] = {"F": "F", "M": "M", "U": "U", "": None}
MOST_PROBLEMS = 50
"""Nobody reads more of them at once."""

Described = dict[str, dict[str, Any]]
"""Participant code -> `age` (whole years or None) and `sex` (F, M, U or None)."""


def parse_demographics(session: Session, content: bytes, *, study_id: int) -> Described:
    """Read the columns participant_code, age, sex of a CSV file or workbook; other columns are passed over.

    Raises InputRejected naming each line that cannot be used: a participant that the study does not have,
    one that comes twice, an age that is no whole number of years, a sex that is not F, M, U or empty.
    """
    table = read_table(content, needed=COLUMNS, place="demographics")
    misfits = [row.line for row in table.rows if row.is_misfit]
    if misfits:
        message = mark("Line %(line)s: more or fewer fields than the first line.")
        raise InputRejected((Problem(message, {"line": misfits[0]}, place="demographics"),))
    known = {person.participant_code for person in list_participants(session, study_id=study_id)}
    described: Described = {}
    problems = []
    for line, row in ((row.line, row.values) for row in table.rows):
        problem = _check_row(row, line, known=known, described=described)
        if problem is None:
            age = row["age"]
            described[row["participant_code"]] = {"age": int(age) if age else None, "sex": SEXES[row["sex"]]}
        else:
            problems.append(problem)
    if problems:
        raise InputRejected(tuple(problems[:MOST_PROBLEMS]))
    return described


def _check_row(row: Mapping[str, str], line: int, *, known: set[str], described: Described) -> Problem | None:
    """Say what is wrong with a row, the first thing only."""
    code, age, sex = (row[name] for name in COLUMNS)
    if code not in known:
        message = mark("Line %(line)s: the study has no participant “%(code)s”.")
    elif code in described:
        message = mark("Line %(line)s: the participant “%(code)s” comes twice.")
    elif age and not _is_age(age):
        message = mark("Line %(line)s: “%(age)s” is not an age in whole years.")
    elif sex not in SEXES:
        message = mark("Line %(line)s: “%(sex)s” is not a sex; write F, M, U or nothing.")
    else:
        return None
    values: dict[str, str | int] = {"line": line, "code": code[:64], "age": age[:64], "sex": sex[:64]}
    used = {name: value for name, value in values.items() if f"%({name})s" in message}
    return Problem(message, used, place="demographics")


def _is_age(text: str) -> bool:
    # Three digits at most before it is read as a number: nobody waits for one of a million digits.
    return len(text) <= len(str(OLDEST)) and text.isascii() and text.isdigit() and int(text) <= OLDEST
