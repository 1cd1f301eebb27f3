"""Putting the problems that a service found beside the fields of the form they are about."""

from flask_babel import gettext
from wtforms import Form

from pro_app.errors import InputRejected, Problem


def problem_words(problem: Problem) -> str:
    """Give one problem in the language of the page."""
    return str(gettext(problem.message, **(problem.values or {})))


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
