"""Age and sex from the trial's main database: a small CSV file, checked before it is taken."""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.storage.queries.participants import list_participants

COLUMNS = ("participant_code", "age", "sex")
OLDEST = 130
LARGEST_FILE = 1 << 20
"""In bytes: below what the app takes of any request, so that the form itself can refuse a bigger file."""
SEXES: Mapping[str, str | None] = {"F": "F", "M": "M", "U": "U", "": None}
MOST_PROBLEMS = 50
"""Nobody reads more of them at once."""

Described = dict[str, dict[str, Any]]
"""Participant code -> `age` (whole years or None) and `sex` (F, M, U or None)."""


def parse_demographics(session: Session, content: bytes, *, study_id: int) -> Described:
    """Read the columns participant_code, age, sex (commas or semicolons); other columns are passed over.

    Raises InputRejected naming each line that cannot be used: a participant that the study does not have,
    one that comes twice, an age that is no whole number of years, a sex that is not F, M, U or empty.
    """
    rows = _read_rows(content)
    known = {person.participant_code for person in list_participants(session, study_id=study_id)}
    described: Described = {}
    problems = []
    for line, row in rows:
        problem = _check_row(row, line, known=known, described=described)
        if problem is None:
            age = row["age"]
            described[row["participant_code"]] = {"age": int(age) if age else None, "sex": SEXES[row["sex"]]}
        else:
            problems.append(problem)
    if problems:
        raise InputRejected(tuple(problems[:MOST_PROBLEMS]))
    return described


def _read_rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Give the rows with their lines, each with the three columns stripped of spaces."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(mark("The file is not UTF-8.")) from error
    if len(content) > LARGEST_FILE:
        raise _refuse(mark("The file is too large."))
    first, _, _ = text.partition("\n")
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            message = mark("The file needs the columns %(columns)s; it has no %(missing)s.")
            raise _refuse(message, columns=", ".join(COLUMNS), missing=", ".join(missing))
        return [
            (reader.line_num, {name: (row[name] or "").strip() for name in COLUMNS})
            for row in reader
            if any(isinstance(value, str) and value.strip() for value in row.values())
        ]
    except csv.Error as error:
        message = mark("Line %(line)s: the quotes do not match.")
        raise _refuse(message, line=reader.line_num) from error


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


def _refuse(message: str, **values: str | int) -> InputRejected:
    return InputRejected((Problem(message, values or None, place="demographics"),))
