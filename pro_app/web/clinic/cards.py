"""Printing a sign-in card: its codes stand in the answer to one request, and nowhere else."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from markupsafe import Markup

from pro_app.clock import civil_date
from pro_app.services.cards import PrintedCard
from pro_app.services.cards import print_card as print_new_card
from pro_app.services.participants import load_participant
from pro_app.services.sign_in_codes import grouped_code
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.qr_drawing import draw_qr


@blueprint.get("/clinic/participants/<int:participant_id>/card")
@access.staff("nurse", "investigator")
def card(participant_id: int) -> ResponseReturnValue:
    """Say what printing a new card does, also to those who come back to a card that was shown once."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    return render_template("clinic/new_card.html", participant=participant)


@blueprint.post("/clinic/participants/<int:participant_id>/card")
@access.staff("nurse", "investigator")
def print_card(participant_id: int) -> ResponseReturnValue:
    """Make a card and show it once, in the participant's language."""
    settings = this.parts().settings
    printed = print_new_card(
        this.session(),
        participant_id=participant_id,
        secret_key=settings.secret_key,
        actor=this.actor(),
        now=this.now(),
    )
    address = f"{settings.public_url}/p/activate"
    qr = draw_qr(f"{address}#{printed.token}")
    return _render(printed, address=address, qr=qr)


def _render(printed: PrintedCard, *, address: str, qr: Markup) -> ResponseReturnValue:
    with force_locale(printed.language):
        face = render_template(
            "clinic/card_face.html",
            card=printed,
            qr=qr,
            address=address.split("://", 1)[-1],
            short_code=grouped_code(printed.short_code),
            sign_in_code=grouped_code(printed.sign_in_code),
            expires_on=civil_date(printed.expires_at, printed.zone),
        )
    return render_template("clinic/card.html", card=printed, face=Markup(face))  # noqa: S704  (our own template, escaped where it was made)
