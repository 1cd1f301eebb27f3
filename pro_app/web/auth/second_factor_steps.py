"""What every way of proving the second factor shares: counting tries, and going on once it is proven."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import principals
from pro_app.web import request as this
from pro_app.web.auth.foreign_changes import tell_foreign_changes


def is_half() -> bool:
    """Tell whether only the password was proven yet."""
    return bool(current_user.role == principals.HALF)


def account_key() -> str:
    """Name what tries are counted by: apart from those of the password, which a good password forgets."""
    return f"second-factor:{this.staff().account_id}"


def count_try() -> None:
    """Count a try for the account and for where it comes from; raises TryLater."""
    count_tries(this.parts().database, account_key(), source_key(request.remote_addr), now=this.now())


def finish(token: str) -> None:
    """Put the new token into the cookie, forget the tries that came before, and tell what others replaced."""
    forget_tries(this.session(), account_key())
    principals.sign_in(token, kind=principals.STAFF)
    tell_foreign_changes(this.staff().account_id)


def go_on(token: str) -> ResponseReturnValue:
    """Finish, and lead to the first page of the role."""
    finish(token)
    return redirect(url_for("auth.start"))
