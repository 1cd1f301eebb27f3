"""The language of the commands: messages are translated without Flask, in the system's language."""

import gettext
from functools import cache
from pathlib import Path

from pro_app.errors import Problem
from pro_app.settings import command_language

TRANSLATIONS = Path(__file__).parents[2] / "translations"


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("messages", TRANSLATIONS, [command_language()], fallback=True)


def translate(message: str, /, **values: str | float) -> str:
    """Give `message` in the language of the commands, its `%(name)s` places filled."""
    translated = _catalogue().gettext(message)
    return translated % values if values else translated


def translate_plural(singular: str, plural: str, count: int) -> str:
    """Give the form of a counted message that fits `count`, its `%(count)s` filled."""
    return _catalogue().ngettext(singular, plural, count) % {"count": count}


def problem_text(problem: Problem) -> str:
    """Give one problem in words."""
    return translate(problem.message, **(problem.values or {}))


def gate_line(problem: Problem) -> str:
    """Give one line on what production lacks, with the name under which a document is recorded."""
    values = dict(problem.values or {})
    if "document" not in values:
        return f"  {translate(problem.message, **values)}"
    # The name of a document is itself a message.
    values["document"] = translate(str(values["document"]))
    return f"  {translate(problem.message, **values)} [{problem.place}]"
