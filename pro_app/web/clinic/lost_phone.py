"""A lost phone: one confirmed click shuts out every device of the participant."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.services.devices import revoke_devices
from pro_app.services.participants import load_participant
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint


@blueprint.get("/clinic/participants/<int:participant_id>/lost-phone")
@access.staff("nurse", "investigator")
def lost_phone(participant_id: int) -> ResponseReturnValue:
    """Say what shutting out the phones of a participant does, and ask."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    return render_template("clinic/lost_phone.html", participant=participant)


@blueprint.post("/clinic/participants/<int:participant_id>/lost-phone")
@access.staff("nurse", "investigator")
def shut_out_phones(participant_id: int) -> ResponseReturnValue:
    """Revoke every remembered device and end every session."""
    revoke_devices(
        this.session(),
        participant_id=participant_id,
        vault=this.parts().vault,
        actor=this.actor(),
        now=this.now(),
    )
    flash(gettext("The phones are shut out. To sign in anew takes the code of the card and the PIN."), "good")
    return redirect(url_for("clinic.participant", participant_id=participant_id))
