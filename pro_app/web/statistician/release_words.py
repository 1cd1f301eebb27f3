"""What states, steps and failures of a release are called."""

from babel.units import format_unit
from flask_babel import get_locale, gettext, lazy_gettext

from pro_app.language import mark
from pro_app.services.releases.steps import STEP_WORDS

STATE_WORDS = {
    "requested": lazy_gettext("waits to be made"),
    "making": lazy_gettext("is being made"),
    "made": lazy_gettext("made"),
    "failed": lazy_gettext("not made"),
}
FAILURE_WORDS = {
    "scores_disagree": lazy_gettext(
        "The stored scores and the two ways of computing them do not agree, so nothing was released. The "
        "list below names the differences, at most 200 of them."
    ),
    "gave_up": lazy_gettext(
        "Making it was begun several times and broken off each time, so it is not tried any more. The data "
        "are untouched. Tell the administrator before you ask for the release again."
    ),
    "error": lazy_gettext(
        "Something went wrong while the files were written. Nothing was released; the data are untouched. "
        "Ask for the release again, and tell the administrator if it happens twice."
    ),
}
_SOME_STEP = mark("Writing the files")
_KB, _MB = 1000, 1_000_000


def step_words(code: str) -> str:
    """Put the step that a release is at into words; one that has none is simply work."""
    return str(gettext(STEP_WORDS.get(code, _SOME_STEP)))


def file_size(size: int | None) -> str:
    """Write a size in kB or MB, in the signs of the language (French: ko, Mo)."""
    if size is None:
        return ""
    if size < _MB:
        return format_unit(max(1, round(size / _KB)), "digital-kilobyte", "short", locale=get_locale())
    return format_unit(size / _MB, "digital-megabyte", "short", format="#,##0.0", locale=get_locale())
