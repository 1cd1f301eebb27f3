"""The pages of the second factor: proving it, setting it up, recovery codes."""

from datetime import datetime
from typing import TypedDict

from flask import flash, redirect, render_template, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm

from pro_app.errors import InputRejected, NotPermitted, TryLater
from pro_app.services.account_passwords import require_own_password
from pro_app.services.second_factors.proving import complete_sign_in, prove_by_app, prove_by_recovery_code
from pro_app.services.second_factors.records import TOTP
from pro_app.services.second_factors.sealing import find_sealed_secret, seal_secret
from pro_app.services.second_factors.setting_up import renew_recovery_codes, set_up_second_factor
from pro_app.services.second_factors.totp import grouped_secret, make_address, make_secret
from pro_app.services.throttle import forget_tries
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.passkeys import may_use_passkey
from pro_app.web.auth.second_factor_forms import (
    AppCodeForm,
    OtherAppForm,
    OwnPasswordForm,
    RecoveryCodeForm,
)
from pro_app.web.auth.second_factor_steps import account_key, count_try, finish, go_on, is_half
from pro_app.web.problems import show_problems
from pro_app.web.qr_drawing import draw_qr

ANY_STAFF = access.staff(*access.STAFF_ROLES)
DRAFT = "second_factor_draft"
"""Where the sealed secret waits in the cookie until a code confirms it, so that loading again keeps it."""
FEW_CODES = 3


class Circumstances(TypedDict):
    """What every step of the second factor is told of the request."""

    secret_key: str
    now: datetime
    request_id: str


@blueprint.get("/staff/second-factor")
@access.open_to_half
@ANY_STAFF
def second_factor() -> ResponseReturnValue:
    """Ask for the code of the app; who has none yet sets it up, who proved it goes on."""
    if not is_half():
        return redirect(url_for("auth.start"))
    if not this.staff().has_second_factor:
        return redirect(url_for("auth.new_second_factor"))
    return _render("auth/second_factor.html", AppCodeForm())


@blueprint.post("/staff/second-factor")
@access.open_to_half
@ANY_STAFF
def check_second_factor() -> ResponseReturnValue:
    """Complete the sign-in by the code of the app."""
    if not is_half():
        return redirect(url_for("auth.start"))
    form = AppCodeForm()
    refused = _refuse_try(form, "auth/second_factor.html")
    if refused is not None:
        return refused
    try:
        token = prove_by_app(this.session(), this.staff(), typed=form.code.data, **_circumstances())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render("auth/second_factor.html", form, status=403)
    return go_on(token)


@blueprint.get("/staff/second-factor/recovery")
@access.open_to_half
@ANY_STAFF
def recovery() -> ResponseReturnValue:
    """Ask for a recovery code in the place of the app's."""
    if not is_half() or not this.staff().has_second_factor:
        return redirect(url_for("auth.second_factor"))
    return _render("auth/recovery.html", RecoveryCodeForm())


@blueprint.post("/staff/second-factor/recovery")
@access.open_to_half
@ANY_STAFF
def use_recovery_code() -> ResponseReturnValue:
    """Complete the sign-in by a recovery code, which is used up."""
    if not is_half():
        return redirect(url_for("auth.start"))
    form = RecoveryCodeForm()
    refused = _refuse_try(form, "auth/recovery.html")
    if refused is not None:
        return refused
    try:
        token, left = prove_by_recovery_code(
            this.session(), this.staff(), typed=form.code.data, **_circumstances()
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render("auth/recovery.html", form, status=403)
    answer = go_on(token)
    words = ngettext("%(num)s recovery code is left.", "%(num)s recovery codes are left.", left)
    advice = gettext("Under “My account” you can make new ones or set up another phone.")
    flash(f"{words} {advice}", "attention" if left <= FEW_CODES else "info")
    return answer


@blueprint.get("/staff/second-factor/new")
@access.open_to_half
@ANY_STAFF
def new_second_factor() -> ResponseReturnValue:
    """Show the QR code that an app reads, for the first time or for another phone."""
    if is_half() and this.staff().has_second_factor:
        return redirect(url_for("auth.second_factor"))
    return _render_new(_make_setup_form())


@blueprint.post("/staff/second-factor/new")
@access.open_to_half
@ANY_STAFF
def set_up() -> ResponseReturnValue:
    """Begin to use the app whose code is typed, and show the recovery codes, once."""
    if is_half() and this.staff().has_second_factor:
        return redirect(url_for("auth.second_factor"))
    form = _make_setup_form()
    if not form.validate_on_submit():
        return _render_new(form, status=400)
    try:
        count_try()
        if not is_half():
            _require_password(form)
        codes = set_up_second_factor(
            this.session(), this.staff(), sealed=_seal_draft(), typed=form.code.data, **_circumstances()
        )
    except NotPermitted:
        # Another form came first and set an app up: its code is what is asked for now.
        return redirect(url_for("auth.second_factor"))
    except TryLater as wait:
        return _render_new(form, status=429, wait_seconds=wait.seconds)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_new(form, status=403)
    finish(complete_sign_in(this.session(), this.staff(), kind=TOTP, now=this.now(),
                             request_id=this.request_id()))  # fmt: skip
    return render_template("auth/recovery_codes.html", codes=codes, is_set_up=True)


@blueprint.get("/staff/second-factor/codes")
@ANY_STAFF
def confirm_recovery_codes() -> ResponseReturnValue:
    """Ask for the password before new recovery codes are made."""
    if not this.staff().has_second_factor:
        return redirect(url_for("auth.new_second_factor"))
    return _render("auth/new_codes.html", OwnPasswordForm())


@blueprint.post("/staff/second-factor/codes")
@ANY_STAFF
def make_recovery_codes() -> ResponseReturnValue:
    """Make ten new recovery codes, and show them once."""
    form = OwnPasswordForm()
    refused = _refuse_try(form, "auth/new_codes.html")
    if refused is not None:
        return refused
    try:
        _require_password(form)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render("auth/new_codes.html", form, status=403)
    codes = renew_recovery_codes(
        this.session(),
        actor=this.actor(),
        secret_key=this.parts().settings.secret_key,
        now=this.now(),
    )
    forget_tries(this.session(), account_key())
    return render_template("auth/recovery_codes.html", codes=codes, is_set_up=False)


def _make_setup_form() -> AppCodeForm:
    """Give the form of setting up; whoever has gone through the sign-in gives the password once more."""
    return AppCodeForm() if is_half() else OtherAppForm()


def _draft() -> str:
    """Give the secret that this session sets up, made at the first look and kept sealed in the cookie."""
    staff = this.staff()
    sealed_for = {"account_id": staff.account_id, "session_id": staff.session_id}
    key = this.parts().settings.secret_key
    secret = find_sealed_secret(str(cookie.get(DRAFT, "")).encode(), secret_key=key, **sealed_for)
    if secret is None:
        secret = make_secret()
        cookie[DRAFT] = seal_secret(secret, secret_key=key, **sealed_for).decode()
    return secret


def _seal_draft() -> bytes:
    """Seal the secret that is being set up as it is stored, for its account alone."""
    return seal_secret(
        _draft(), account_id=this.staff().account_id, secret_key=this.parts().settings.secret_key
    )


def _circumstances() -> Circumstances:
    return {
        "secret_key": this.parts().settings.secret_key,
        "now": this.now(),
        "request_id": this.request_id(),
    }


def _require_password(form: FlaskForm) -> None:
    require_own_password(
        this.parts().database, current_password=form.current_password.data, actor=this.actor()
    )


def _refuse_try(form: FlaskForm, template: str) -> ResponseReturnValue | None:
    """Answer a form with nothing in it, and one try too many; None where the try counts."""
    if not form.validate_on_submit():
        return _render(template, form, status=400)
    try:
        count_try()
    except TryLater as wait:
        return _render(template, form, status=429, wait_seconds=wait.seconds)
    return None


def _render(
    template: str, form: FlaskForm, *, status: int = 200, wait_seconds: int = 0
) -> ResponseReturnValue:
    page = render_template(
        template, form=form, wait_seconds=wait_seconds, offers_passkey=is_half() and may_use_passkey()
    )
    return page, status


def _render_new(form: AppCodeForm, *, status: int = 200, wait_seconds: int = 0) -> ResponseReturnValue:
    staff, settings = this.staff(), this.parts().settings
    secret = _draft()
    address = make_address(secret, username=staff.username, issuer=settings.public_host)
    page = render_template(
        "auth/second_factor_new.html",
        form=form,
        qr=draw_qr(address),
        address=address,
        key=grouped_secret(secret),
        secret=secret,
        is_other=staff.has_second_factor,
        wait_seconds=wait_seconds,
    )
    return page, status
