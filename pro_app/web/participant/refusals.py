"""Saying why a sign-in did not work, in the same words for every reason."""

from typing import Any

from flask_babel import gettext, ngettext

from pro_app.errors import SignInRefused, TryLater

MINUTE = 60


def explain_refusal(
    field: Any,  # noqa: ANN401 -- WTForms ships no types
    refusal: SignInRefused | TryLater,
    *,
    words: str = "",
) -> int:
    """Put the refusal on a field of the form, in `words` if given; gives the status of the answer."""
    if isinstance(refusal, TryLater):
        minutes = -(-refusal.seconds // MINUTE)
        wait = ngettext(
            "You can try again in %(num)s second.", "You can try again in %(num)s seconds.", refusal.seconds
        )
        if refusal.seconds > MINUTE:
            wait = ngettext(
                "You can try again in %(num)s minute.", "You can try again in %(num)s minutes.", minutes
            )
        field.errors = [gettext("Too many tries."), wait]
        return 429
    field.errors = [words or gettext("Code or PIN do not fit. Check them and try again.")]
    return 403
