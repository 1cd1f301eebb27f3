"""The pages of signing in and out, changing role and password."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected, SignInRefused, TryLater
from pro_app.services.account_passwords import change_password as change_password_of_account
from pro_app.services.account_passwords import require_own_password
from pro_app.services.account_rules import normalise_username
from pro_app.services.passwords import prepare_password
from pro_app.services.second_factors.passkey_party import find_relying_party
from pro_app.services.second_factors.passkey_records import list_passkeys
from pro_app.services.second_factors.records import find_second_factor_state
from pro_app.services.staff_directory import list_own_roles
from pro_app.services.staff_sessions import end_staff_session
from pro_app.services.staff_sign_in import prove_password, sign_in_staff, switch_role
from pro_app.services.task_digest import find_digest_hour
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.foreign_changes import list_warnings, tell_foreign_changes
from pro_app.web.auth.forms import PasswordForm, SignInForm
from pro_app.web.auth.menu import first_page, is_staff_signed_in
from pro_app.web.problems import show_problems

ANY_STAFF = access.staff(*access.STAFF_ROLES)


@blueprint.route("/staff/", strict_slashes=False)
@access.public
def start() -> ResponseReturnValue:
    """Lead to the first page of the role, or to the sign-in page."""
    if is_staff_signed_in():
        return redirect(first_page(this.staff().role))
    return redirect(url_for("auth.sign_in"))


@blueprint.get("/staff/sign-in")
@access.public
def sign_in() -> ResponseReturnValue:
    """Show the sign-in page to those who are not signed in yet."""
    if is_staff_signed_in():
        return redirect(url_for("auth.start"))
    return _render_sign_in(SignInForm())


@blueprint.post("/staff/sign-in")
@access.public
def check_sign_in() -> ResponseReturnValue:
    """Sign in; a wrong name, a wrong password and a closed account get the same answer."""
    form = SignInForm()
    if not form.validate_on_submit():
        return _render_sign_in(form, status=400)
    keys = _throttle_keys(form.username.data)
    try:
        count_tries(this.parts().database, *keys, now=this.now())
        proof = prove_password(
            this.parts().database, username=form.username.data, password=form.password.data
        )
        token = sign_in_staff(this.session(), proof, now=this.now(), request_id=this.request_id())
    except TryLater as wait:
        return _render_sign_in(form, status=429, wait_seconds=wait.seconds)
    except SignInRefused:
        return _render_sign_in(form, status=403, refused=True)
    forget_tries(this.session(), *keys)
    principals.sign_in(token, kind=principals.STAFF)
    is_required = this.parts().settings.second_factor == "required"
    if not (is_required or find_second_factor_state(this.session(), proof.account_id)):
        tell_foreign_changes(proof.account_id)
    return redirect(url_for("auth.start"))


@blueprint.post("/staff/sign-out")
@access.public
def sign_out() -> ResponseReturnValue:
    """End the session here and on the server."""
    if is_staff_signed_in():
        end_staff_session(this.session(), session_id=this.staff().session_id, now=this.now())
    principals.sign_out()
    return redirect(url_for("auth.sign_in"))


@blueprint.get("/staff/account")
@ANY_STAFF
def account() -> ResponseReturnValue:
    """Show one's own account: roles to change to, and the password."""
    return _render_account(PasswordForm())


@blueprint.post("/staff/role")
@ANY_STAFF
def change_role() -> ResponseReturnValue:
    """Go on under another role of the same account, in a new session."""
    wanted = request.form.get("staff_role_id", 0, type=int)
    token = switch_role(
        this.session(), this.staff(), staff_role_id=wanted, now=this.now(), request_id=this.request_id()
    )
    principals.sign_in(token, kind=principals.STAFF)
    return redirect(url_for("auth.start"))


@blueprint.post("/staff/password")
@ANY_STAFF
def change_password() -> ResponseReturnValue:
    """Change one's own password; every session ends, and one signs in anew."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _render_account(form, status=400)
    count_tries(this.parts().database, f"staff-password:{this.staff().account_id}", now=this.now())
    try:
        require_own_password(
            this.parts().database, current_password=form.current_password.data, actor=this.actor()
        )
        password = prepare_password(form.password.data)
        change_password_of_account(
            this.session(),
            account_id=this.staff().account_id,
            password=password,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_account(form, status=400)
    forget_tries(this.session(), f"staff-password:{this.staff().account_id}")
    principals.sign_out()
    flash(gettext("Your password is changed. Please sign in with the new one."), "good")
    return redirect(url_for("auth.sign_in"))


def _throttle_keys(username: str) -> tuple[str, str]:
    """Name what tries are counted by: the account that was typed, and where the request came from."""
    return f"staff:{normalise_username(username)}", source_key(request.remote_addr)


def _render_sign_in(
    form: SignInForm, *, status: int = 200, refused: bool = False, wait_seconds: int = 0
) -> ResponseReturnValue:
    page = render_template("auth/sign_in.html", form=form, refused=refused, wait_seconds=wait_seconds)
    return page, status


def _render_account(form: PasswordForm, *, status: int = 200) -> ResponseReturnValue:
    account_id = this.staff().account_id
    page = render_template(
        "auth/account.html",
        form=form,
        roles=list_own_roles(this.session(), account_id=account_id, now=this.now()),
        staff=this.staff(),
        second_factor=find_second_factor_state(this.session(), account_id),
        warnings=list_warnings(account_id),
        passkeys=list_passkeys(this.session(), account_id),
        may_have_passkeys=find_relying_party(this.parts().settings) is not None,
        digest_hour=find_digest_hour(this.session(), account_id),
    )
    return page, status
