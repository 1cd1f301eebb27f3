"""The tables of an import as files: the one to fill in, and the one of the rows that were rejected."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import TextIO

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import Problem
from pro_app.services.answer_import.columns import REJECTED_COLUMN, REJECTED_WHY, list_columns
from pro_app.services.answer_import.importing import RejectedRow
from pro_app.services.responses import list_asked_instruments
from pro_app.storage.queries.assessments import list_assessments

DELIMITER = ";"
"""What a spreadsheet expects of CSV where the comma is the decimal sign."""
BYTE_ORDER_MARK = "\ufeff"
"""By which a spreadsheet knows the file to be UTF-8."""
_FORMULA_START = ("=", "+", "@", "\t", "\r", "\n")


def write_template(session: Session, *, actor: Actor, site_id: int, now: datetime) -> str:
    """Write the table for one site: a row for each form that may be on paper, and a column an item.

    These are the visits whose period has begun and of which nothing was received.
    """
    waiting = [
        form
        for form in list_assessments(session, site_ids=[site_id])
        if actor.may_reach_site(form.study_id, form.site_id)
        and form.submitted_at is None
        and form.window.opens_at <= now
    ]
    keys: dict[str, None] = {}
    for form in {form.protocol.sha256 + form.visit_code: form for form in waiting}.values():
        for part in list_asked_instruments(session, form):
            keys |= dict.fromkeys(f"{part.instrument.code}:{item.number}" for item in part.instrument.items)
    columns = list_columns(list(keys))
    text = StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    table = csv.writer(text, delimiter=DELIMITER)
    table.writerow(columns)
    for form in waiting:
        table.writerow([form.participant_code, form.visit_code, *([""] * (len(columns) - 2))])
    return text.getvalue()


def write_rejects(
    stream: TextIO,
    columns: Sequence[str],
    rejected: Iterable[RejectedRow],
    *,
    say: Callable[[Problem], str],
) -> None:
    """Write the rejected rows as they came, each with its column and why.

    Mended, they can be handed in again as they are. `say` puts a problem into words.
    """
    stream.write(BYTE_ORDER_MARK)
    table = csv.writer(stream, delimiter=DELIMITER)
    own = [name for name in columns if name not in {REJECTED_COLUMN, REJECTED_WHY}]
    table.writerow([*own, REJECTED_COLUMN, REJECTED_WHY])
    for one in rejected:
        places = " ".join(dict.fromkeys(problem.place for problem in one.problems))
        why = " ".join(say(problem) for problem in one.problems)
        table.writerow(
            [*(_as_text(one.row.values.get(name, "")) for name in own), _as_text(places), _as_text(why)]
        )


def _as_text(value: str) -> str:
    """Keep a spreadsheet from taking what somebody wrote for a formula (OWASP, CSV injection).

    A refusal written on the sheet is a lone minus and stays one.
    """
    starts = value.startswith(_FORMULA_START) or (value.startswith("-") and len(value) > 1)
    return f"'{value}" if starts else value
