"""The pages of passkeys: adding one, using one as the second step of the sign-in, removing one.

The browser is asked by a script; its answer comes back in a form like any other.
"""

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected, NotFound, Problem, TryLater
from pro_app.services.account_passwords import require_own_password
from pro_app.services.second_factors.passkey_party import RelyingParty, find_relying_party
from pro_app.services.second_factors.passkey_records import KnownPasskey, list_passkeys, remove_passkey
from pro_app.services.second_factors.passkeys import (
    add_passkey,
    begin_adding,
    begin_proving,
    prove_by_passkey,
)
from pro_app.services.throttle import forget_tries
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.second_factor_forms import NewPasskeyForm, OwnPasswordForm, PasskeyAnswerForm
from pro_app.web.auth.second_factor_steps import account_key, count_try, go_on, is_half
from pro_app.web.problems import problem_words, show_problems

ANY_STAFF = access.staff(*access.STAFF_ROLES)


@blueprint.get("/staff/passkeys/new")
@ANY_STAFF
def new_passkey() -> ResponseReturnValue:
    """Show the form by which a passkey is made."""
    _load_party()
    if not this.staff().has_second_factor:
        return redirect(url_for("auth.new_second_factor"))
    return render_template("auth/passkey_new.html", form=NewPasskeyForm())


@blueprint.post("/staff/passkeys/options")
@ANY_STAFF
def passkey_options() -> ResponseReturnValue:
    """Give the script what to ask the browser for, once the password is right."""
    party, form = _load_party(), OwnPasswordForm()
    if not form.validate_on_submit():
        return _refuse_script([gettext("Please type your present password.")], status=400)
    try:
        count_try()
        require_own_password(
            this.parts().database, current_password=form.current_password.data, actor=this.actor()
        )
        options = begin_adding(this.session(), this.staff(), party=party, now=this.now())
    except TryLater:
        return _refuse_script([gettext("Too many tries. Wait a little before the next one.")], status=429)
    except InputRejected as rejected:
        return _refuse_script(_say(rejected.problems), status=403)
    forget_tries(this.session(), account_key())
    return Response(options, mimetype="application/json")


@blueprint.post("/staff/passkeys/new")
@ANY_STAFF
def keep_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    party, form = _load_party(), NewPasskeyForm()
    if not form.validate_on_submit():
        return render_template("auth/passkey_new.html", form=form), 400
    try:
        made = add_passkey(
            this.session(),
            this.staff(),
            answer=form.answer.data or "",
            label=form.label.data,
            party=party,
            now=this.now(),
            request_id=this.request_id(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_template("auth/passkey_new.html", form=form), 403
    flash(gettext("The passkey “%(name)s” can be used from now on.", name=made.label), "good")
    return redirect(url_for("auth.account"))


@blueprint.get("/staff/passkeys/<int:passkey_id>/remove")
@ANY_STAFF
def confirm_remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Ask before a passkey is removed."""
    return render_template("auth/passkey_remove.html", passkey=_load_passkey(passkey_id))


@blueprint.post("/staff/passkeys/<int:passkey_id>/remove")
@ANY_STAFF
def drop_passkey(passkey_id: int) -> ResponseReturnValue:
    """Remove a passkey."""
    label = remove_passkey(this.session(), passkey_id, actor=this.actor(), now=this.now())
    flash(gettext("The passkey “%(name)s” opens nothing any more.", name=label), "good")
    return redirect(url_for("auth.account"))


@blueprint.post("/staff/second-factor/passkey/options")
@access.open_to_half
@ANY_STAFF
def passkey_question() -> ResponseReturnValue:
    """Give the script what the browser is to sign."""
    party = _load_party()
    if not is_half():
        raise NotFound("page")
    options = begin_proving(this.session(), this.staff(), party=party, now=this.now())
    return Response(options, mimetype="application/json")


@blueprint.post("/staff/second-factor/passkey")
@access.open_to_half
@ANY_STAFF
def use_passkey() -> ResponseReturnValue:
    """Complete the sign-in by what the browser signed."""
    party, form = _load_party(), PasskeyAnswerForm()
    if not is_half():
        return redirect(url_for("auth.start"))
    if not form.validate_on_submit():
        return redirect(url_for("auth.second_factor"))
    try:
        count_try()
        token = prove_by_passkey(
            this.session(),
            this.staff(),
            answer=form.answer.data or "",
            party=party,
            now=this.now(),
            request_id=this.request_id(),
        )
    except TryLater as wait:
        words = [gettext("Too many tries. Wait a little before the next one.")]
        return render_template("auth/passkey_refused.html", words=words, wait=wait.seconds), 429
    except InputRejected as rejected:
        return render_template("auth/passkey_refused.html", words=_say(rejected.problems)), 403
    return go_on(token)


def may_use_passkey() -> bool:
    """Tell whether the one who signs in has a passkey that can be used here."""
    is_possible = find_relying_party(this.parts().settings) is not None
    return is_possible and bool(list_passkeys(this.session(), this.staff().account_id))


def _load_party() -> RelyingParty:
    """Give whom passkeys are made for; raises NotFound where this installation can have none."""
    party = find_relying_party(this.parts().settings)
    if party is None:
        raise NotFound("page")
    return party


def _load_passkey(passkey_id: int) -> KnownPasskey:
    known = list_passkeys(this.session(), this.staff().account_id)
    found = next((each for each in known if each.passkey_id == passkey_id), None)
    if found is None:
        raise NotFound("passkey")
    return found


def _say(problems: tuple[Problem, ...]) -> list[str]:
    return [problem_words(problem) for problem in problems]


def _refuse_script(words: list[str], *, status: int) -> ResponseReturnValue:
    return {"words": " ".join(words)}, status
