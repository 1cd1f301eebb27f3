"""Putting the problems that a service found beside the fields of the form they are about."""

import re
from collections.abc import Mapping
from datetime import date

from flask_babel import format_date, gettext
from wtforms import Form

from pro_app.errors import InputRejected, Problem

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def problem_words(problem: Problem) -> str:
    """Give one problem in the language of the page, the dates in it as people write them."""
    return sentence(problem.message, problem.values or {})


def sentence(message: str, values: Mapping[str, str | int]) -> str:
    """Give a message with its values in the language of the page, the dates in it as people write them."""
    return str(gettext(message, **{name: _shown(value) for name, value in values.items()}))


def _shown(value: str | int) -> str | int:
    if isinstance(value, str) and ISO_DATE.fullmatch(value):
        return str(format_date(date.fromisoformat(value), "d MMMM y"))
    return value


def show_problems(form: Form, rejected: InputRejected) -> None:
    """Put each problem at its field (`place` names it), or on top of the form where it has none."""
    for problem in rejected.problems:
        field = form._fields.get(problem.place)
        errors = form.form_errors if field is None else field.errors
        words = problem_words(problem)
        if field is None:
            errors.append(words)
        else:
            field.errors = [*errors, words]
