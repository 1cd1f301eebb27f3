"""The way in: the PIN on a remembered device, the sign-in code elsewhere; and the way out."""

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from pro_app.errors import ProAppError, SignInRefused, TryLater
from pro_app.services.answers import claim_assessment, save_operations
from pro_app.services.participant_home import find_centre_of_device
from pro_app.services.participant_sign_in import NewDevice, load_new_actor, sign_in
from pro_app.services.pin_proofs import ProvenPin, prove_pin_on_device, prove_pin_with_code
from pro_app.services.sessions import end_participant_session, token_digest
from pro_app.services.sign_in_codes import code_digest
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.participant.device_cookie import device_label, find_device_secret, remember_device
from pro_app.web.participant.face import blueprint
from pro_app.web.participant.forms import CodeForm, PinForm
from pro_app.web.participant.refusals import explain_refusal
from pro_app.web.questionnaire.carried import CarriedAnswer, find_carried


@blueprint.get("/")
@access.public
def door() -> ResponseReturnValue:
    """Lead to where this person goes on: home, the PIN, or the sign-in code."""
    if current_user.is_authenticated:
        return redirect(url_for("participant.home"))
    if find_device_secret():
        return redirect(url_for("participant.show_pin"))
    return render_template("participant/sign_in.html", form=CodeForm())


@blueprint.get("/p/pin")
@access.public
def show_pin() -> ResponseReturnValue:
    """Ask for the PIN on a remembered device."""
    secret = find_device_secret()
    if secret is None or find_centre_of_device(this.session(), device_secret=secret) is None:
        return redirect(url_for("participant.show_sign_in"))
    return _render_pin(PinForm(), secret)


@blueprint.post("/p/pin")
@access.public
def sign_in_by_pin() -> ResponseReturnValue:
    """Sign in with the PIN, then save the answer that waited for it."""
    form, secret = PinForm(), find_device_secret() or ""
    if not form.validate_on_submit():
        return _render_pin(form, secret), 400
    keys = (f"device:{token_digest(secret)}", source_key(request.remote_addr))
    try:
        count_tries(this.parts().database, *keys, now=this.now())
        proof = prove_pin_on_device(this.parts().database, device_secret=secret, pin=form.pin.data.strip())
        token = _begin(proof, find_carried(form.carried.data)).session_token
    except (SignInRefused, TryLater) as refusal:
        status = explain_refusal(form.pin, refusal)
        return _render_pin(form, secret), status
    forget_tries(this.session(), *keys)
    return enter(token, device_secret=secret, carried=form.carried.data)


@blueprint.get("/p/sign-in")
@access.public
def show_sign_in() -> ResponseReturnValue:
    """Ask for the sign-in code of the card and the PIN."""
    return render_template("participant/sign_in.html", form=CodeForm())


@blueprint.post("/p/sign-in")
@access.public
def sign_in_by_code() -> ResponseReturnValue:
    """Sign in with the code and the PIN on any device."""
    form = CodeForm()
    carried = find_carried(form.carried.data)
    if not form.validate_on_submit():
        return render_template("participant/sign_in.html", form=form, carried=carried), 400
    secret_key = this.parts().settings.secret_key
    code = form.sign_in_code.data
    keys = (f"code:{code_digest(secret_key, 'sign-in', code)}", source_key(request.remote_addr))
    try:
        count_tries(this.parts().database, *keys, now=this.now())
        proof = prove_pin_with_code(
            this.parts().database, sign_in_code=code, pin=form.pin.data.strip(), secret_key=secret_key
        )
        device = _begin(proof, carried, remember=form.remember.data)
    except (SignInRefused, TryLater) as refusal:
        status = explain_refusal(form.sign_in_code, refusal)
        return render_template("participant/sign_in.html", form=form, carried=carried), status
    forget_tries(this.session(), *keys)
    return enter(device.session_token, device_secret=device.device_secret, carried=form.carried.data)


@blueprint.post("/p/sign-out")
@access.participants
def sign_out() -> ResponseReturnValue:
    """End the session; the device stays remembered, so that the PIN is enough next time."""
    end_participant_session(this.session(), session_id=this.participant().session_id, now=this.now())
    principals.sign_out()
    return redirect(url_for("participant.door"))


def claim_carried(carried: CarriedAnswer | None) -> None:
    """Claim the questionnaire of a carried answer before anything else is locked or put on record."""
    if carried and carried.operation:
        claim_assessment(this.session(), assessment_id=carried.assessment_id)


def enter(token: str, *, device_secret: str | None, carried: str | None = None) -> Response:
    """Begin the signed-in session in this browser and go on where the person was."""
    target = _save_carried(token, carried) or url_for("participant.home")
    principals.sign_in(token, kind=principals.PARTICIPANT)
    response = make_response(redirect(target))
    if device_secret:
        remember_device(response, device_secret)
    return response


def _begin(proof: ProvenPin, carried: CarriedAnswer | None, *, remember: bool = False) -> NewDevice:
    """Begin the session of a proven person, the questionnaire of a carried answer claimed first."""
    claim_carried(carried)
    return sign_in(
        this.session(),
        proof,
        remember=remember,
        device_label=device_label(),
        now=this.now(),
        request_id=this.request_id(),
    )


def _render_pin(form: PinForm, device_secret: str) -> str:
    """Render the PIN page with the centre to call."""
    return render_template(
        "participant/pin.html",
        form=form,
        carried=find_carried(form.carried.data),
        centre=find_centre_of_device(this.session(), device_secret=device_secret),
    )


def _save_carried(token: str, text: str | None) -> str | None:
    """Save an answer that was carried through the sign-in; gives where its person goes on.

    Where it can no longer be saved the page that follows says why, and the sign-in stands.
    """
    carried = find_carried(text)
    if carried is None:
        return None
    if carried.operation is not None:
        actor = load_new_actor(this.session(), session_token=token, request_id=this.request_id())
        try:
            save_operations(
                this.session(),
                assessment_id=carried.assessment_id,
                operations=[carried.operation],
                actor=actor,
                now=this.now(),
            )
        except ProAppError:
            return f"/p/q/{carried.assessment_id}"
    return carried.path
