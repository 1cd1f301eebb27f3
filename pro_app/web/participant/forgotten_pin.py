"""A forgotten PIN: ask for a code with the card, then choose another PIN with it.

Every page says the same whether the sign-in code is somebody's or not, and whether a message can reach them.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import SignInRefused, TryLater
from pro_app.services.new_pins import ask_new_pin, choose_new_pin, prepare_new_pin
from pro_app.services.sign_in_codes import code_digest
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.device_cookie import device_label, find_device_secret
from pro_app.web.participant.door import claim_carried, enter
from pro_app.web.participant.face import blueprint
from pro_app.web.participant.forms import ForgottenPinForm, NewPinForm
from pro_app.web.participant.refusals import explain_refusal
from pro_app.web.questionnaire.carried import find_carried


@blueprint.get("/p/forgotten-pin")
@access.public
def show_forgotten_pin() -> ResponseReturnValue:
    """Ask for the sign-in code of the card."""
    return _render_asking(ForgottenPinForm())


@blueprint.post("/p/forgotten-pin")
@access.public
def ask_for_new_pin() -> ResponseReturnValue:
    """Note the wish, and show where the code goes that may come by message."""
    form = ForgottenPinForm()
    if "forgotten" in request.form:  # from the page that asks for the PIN of an answer, which comes along
        return _render_asking(ForgottenPinForm(formdata=None, carried=form.carried.data))
    if not form.validate_on_submit():
        return _render_asking(form), 400
    secret_key, code = this.parts().settings.secret_key, form.sign_in_code.data
    keys = (f"new-pin:{code_digest(secret_key, 'sign-in', code)}", source_key(request.remote_addr))
    try:
        count_tries(this.parts().database, *keys, now=this.now())
    except TryLater as wait:
        status = explain_refusal(form.sign_in_code, wait)
        return _render_asking(form), status
    ask_new_pin(this.session(), sign_in_code=code, secret_key=secret_key, now=this.now())
    return _render_choice(NewPinForm(formdata=None, sign_in_code=code, carried=form.carried.data))


@blueprint.get("/p/new-pin")
@access.public
def start_again() -> ResponseReturnValue:
    """Lead whoever loads this address to where it begins."""
    return redirect(url_for("participant.show_forgotten_pin"))


@blueprint.post("/p/new-pin")
@access.public
def choose_pin_anew() -> ResponseReturnValue:
    """Set the new PIN with the code of the message, and sign in."""
    form = NewPinForm()
    if not form.validate_on_submit():
        return _render_choice(form), 400
    secret_key = this.parts().settings.secret_key
    digest = code_digest(secret_key, "sign-in", form.sign_in_code.data)
    # The same key as at the door: whoever guesses here has no tries left there.
    keys = (f"code:{digest}", source_key(request.remote_addr))
    try:
        count_tries(this.parts().database, *keys, now=this.now())
        new = prepare_new_pin(form.sign_in_code.data, form.code.data, form.pin.data)
        claim_carried(find_carried(form.carried.data))
        device = choose_new_pin(
            this.session(),
            new,
            secret_key=secret_key,
            device_secret=find_device_secret(),
            remember=form.remember.data,
            device_label=device_label(),
            now=this.now(),
            request_id=this.request_id(),
        )
    except (SignInRefused, TryLater) as refusal:
        words = gettext(
            "This code does not fit, or its ten minutes are over. Check it, or ask for another one."
        )
        return _render_choice(form), explain_refusal(form.code, refusal, words=words)
    forget_tries(this.session(), *keys, f"new-pin:{digest}")
    return enter(device.session_token, device_secret=device.device_secret, carried=form.carried.data)


def _render_asking(form: ForgottenPinForm) -> str:
    carried = find_carried(form.carried.data)
    return render_template("participant/forgotten_pin.html", form=form, carried=carried)


def _render_choice(form: NewPinForm) -> str:
    return render_template(
        "participant/new_pin.html",
        form=form,
        carried=find_carried(form.carried.data),
        remembered=bool(find_device_secret()),
    )
