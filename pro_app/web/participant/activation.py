"""Using the printed card: scan or type, tap, choose a PIN. Opening the page uses nothing up."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from pro_app.errors import TokenRefused, TryLater
from pro_app.services.participant_sign_in import activate_card, check_card
from pro_app.services.sign_in_codes import code_digest
from pro_app.services.throttle import count_tries, forget_tries, source_key
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.device_cookie import device_label
from pro_app.web.participant.door import enter
from pro_app.web.participant.face import blueprint
from pro_app.web.participant.forms import CardForm, PinChoiceForm
from pro_app.web.participant.refusals import explain_refusal


@blueprint.get("/p/activate")
@access.public
def show_activation() -> ResponseReturnValue:
    """Show where to begin; a scanned card's token is in the address after #, which no server sees."""
    return render_template("participant/activate.html", form=CardForm())


@blueprint.post("/p/activate")
@access.public
def activate() -> ResponseReturnValue:
    """Check the card after a human tap, then use it once the PIN is chosen."""
    return _choose_pin() if "card" in request.form else _check_card()


def _check_card() -> ResponseReturnValue:
    form = CardForm()
    if not form.validate_on_submit():
        return render_template("participant/activate.html", form=form), 400
    card = form.token.data or form.code.data
    try:
        count_tries(this.parts().database, *_keys(card), now=this.now())
        check_card(
            this.session(), token_or_code=card, secret_key=this.parts().settings.secret_key, now=this.now()
        )
    except (TokenRefused, TryLater) as refusal:
        return _refuse(refusal)
    forget_tries(this.session(), *_keys(card))
    return render_template("participant/choose_pin.html", form=PinChoiceForm(formdata=None, card=card))


def _choose_pin() -> ResponseReturnValue:
    form = PinChoiceForm()
    if not form.validate_on_submit():
        return render_template("participant/choose_pin.html", form=form), 400
    card = form.card.data
    try:
        count_tries(this.parts().database, *_keys(card), now=this.now())
        device = activate_card(
            this.session(),
            token_or_code=card,
            pin=form.pin.data,
            device_label=device_label(),
            secret_key=this.parts().settings.secret_key,
            now=this.now(),
            request_id=this.request_id(),
        )
    except (TokenRefused, TryLater) as refusal:
        return _refuse(refusal)
    forget_tries(this.session(), *_keys(card))
    return enter(device.session_token, device_secret=device.device_secret)


def _keys(card: str) -> tuple[str, str]:
    digest = code_digest(this.parts().settings.secret_key, "short", card)
    return f"card:{digest}", source_key(request.remote_addr)


def _refuse(refusal: TokenRefused | TryLater) -> ResponseReturnValue:
    """Show the first page again with what to do; unknown, used and old cards get the same words."""
    form = CardForm(formdata=None)
    status = 403
    if isinstance(refusal, TryLater):
        status = explain_refusal(form.code, refusal)
    return render_template("participant/activate.html", form=form, refused=status == 403), status  # noqa: PLR2004 -- the status of a refused card
