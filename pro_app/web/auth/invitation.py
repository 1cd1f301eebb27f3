"""Using an invitation: scan, click or type, then choose a password. Opening the page uses nothing up."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected, TokenRefused, TryLater
from pro_app.services.invitations import (
    PURPOSE,
    InvitedAccount,
    accept_invitation,
    check_invitation,
)
from pro_app.services.passwords import prepare_password
from pro_app.services.sign_in_codes import code_digest
from pro_app.services.staff_sign_in import sign_in_staff
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.forms import InvitationCodeForm, InvitedPasswordForm
from pro_app.web.problems import show_problems


@blueprint.get("/staff/invitation")
@access.public
def invitation() -> ResponseReturnValue:
    """Show where to begin; the code of a link is in the address after #, which no server sees."""
    return render_template("auth/invitation.html", form=InvitationCodeForm(), refused="", wait_seconds=0)


@blueprint.post("/staff/invitation")
@access.public
def use_invitation() -> ResponseReturnValue:
    """Check the code after a click by a human, then use it once the password is chosen."""
    try:
        return _choose_password() if "invitation" in request.form else _check_code()
    except TokenRefused as refused:
        return _render_first(refused=_refusal_words(refused.why), status=403)
    except TryLater as wait:
        return _render_first(wait_seconds=wait.seconds, status=429)


def _check_code() -> ResponseReturnValue:
    form = InvitationCodeForm()
    if not form.validate_on_submit():
        return render_template("auth/invitation.html", form=form, refused="", wait_seconds=0), 400
    code = form.token.data or form.code.data
    invited = _check(code)
    return _render_password(InvitedPasswordForm(formdata=None, invitation=code), invited)


def _choose_password() -> ResponseReturnValue:
    form = InvitedPasswordForm()
    code = form.invitation.data or ""
    if not form.validate_on_submit():
        return _render_password(form, _check(code), status=400)
    count_tries(this.parts().database, *_keys(code), now=this.now())
    password = prepare_password(form.password.data)  # before anything is written, since it takes a while
    try:
        proof = accept_invitation(
            this.session(),
            typed=code,
            password=password,
            secret_key=this.parts().settings.secret_key,
            now=this.now(),
            request_id=this.request_id(),
        )
    except InputRejected as rejected:
        invited = check_invitation(
            this.session(), typed=code, secret_key=this.parts().settings.secret_key, now=this.now()
        )
        show_problems(form, rejected)
        return _render_password(form, invited, status=400)
    forget_tries(this.session(), *_keys(code))
    token = sign_in_staff(this.session(), proof, now=this.now(), request_id=this.request_id())
    principals.sign_in(token, kind=principals.STAFF)
    return redirect(url_for("auth.start"))


def _check(code: str) -> InvitedAccount:
    """Count the try and give whom the code is for; raises TokenRefused and TryLater."""
    count_tries(this.parts().database, *_keys(code), now=this.now())
    invited = check_invitation(
        this.session(), typed=code, secret_key=this.parts().settings.secret_key, now=this.now()
    )
    forget_tries(this.session(), *_keys(code))
    return invited


def _keys(code: str) -> tuple[str, str]:
    digest = code_digest(this.parts().settings.secret_key, PURPOSE, code)
    return f"invitation:{digest}", source_key(request.remote_addr)


def _refusal_words(why: str) -> str:
    """Say what became of the invitation: whoever has its code may know."""
    ask = gettext("Ask whoever invited you for a new one.")
    words = {
        "used": gettext(
            "It was used already: each invitation works once. Sign in with the password that was chosen. If "
            "that was not you, tell whoever invited you at once."
        ),
        "replaced": gettext("A newer invitation was made. Use the last one that you received."),
        "revoked": gettext("It was taken back. If you do not know why, ask whoever invited you."),
        "expired": gettext("It is older than seven days. %(ask)s", ask=ask),
        "closed": gettext("The account is closed or has no role any more. %(ask)s", ask=ask),
    }
    return str(words.get(why) or gettext("There is no such invitation. Check the code that you typed."))


def _render_first(*, refused: str = "", wait_seconds: int = 0, status: int) -> ResponseReturnValue:
    form = InvitationCodeForm(formdata=None)
    page = render_template("auth/invitation.html", form=form, refused=refused, wait_seconds=wait_seconds)
    return page, status


def _render_password(
    form: InvitedPasswordForm, invited: InvitedAccount, *, status: int = 200
) -> ResponseReturnValue:
    return render_template("auth/invited.html", form=form, invited=invited), status
