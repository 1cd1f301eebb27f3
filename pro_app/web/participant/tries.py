"""Counting sign-in tries, and saying why one did not work, in the same words for every reason."""

from typing import Any

from flask_babel import gettext, ngettext

from pro_app.errors import SignInRefused, TryLater
from pro_app.services.throttle import count_try, forget_tries
from pro_app.web import request as this

MINUTE = 60


def count_tries(*keys: str) -> None:
    """Count one try under each key, before the request's transaction begins; raises TryLater."""
    for key in keys:
        count_try(this.parts().database, key, now=this.now())


def forget_good_tries(*keys: str) -> None:
    """Forget the tries once one was good, the source's too: a ward shares one address."""
    for key in keys:
        forget_tries(this.session(), key)


def explain_refusal(field: Any, refusal: SignInRefused | TryLater) -> int:  # noqa: ANN401 -- WTForms ships no types
    """Put the refusal on a field of the form; gives the status of the answer."""
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
    field.errors = [gettext("Code or PIN do not fit. Check them and try again.")]
    return 403
