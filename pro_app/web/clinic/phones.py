"""The phones on which a participant is remembered, and shutting out one of them."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import NotFound
from pro_app.services.devices import list_devices_of, load_device_of, revoke_device
from pro_app.services.participants import load_participant
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint


@blueprint.get("/clinic/participants/<int:participant_id>/phones")
@access.staff("nurse", "investigator")
def phones(participant_id: int) -> ResponseReturnValue:
    """List the phones and tablets on which the patient's PIN alone is enough."""
    return render_template(
        "clinic/phones.html",
        participant=load_participant(this.session(), participant_id, actor=this.actor()),
        devices=list_devices_of(this.session(), participant_id, actor=this.actor()),
    )


@blueprint.get("/clinic/participants/<int:participant_id>/phones/<int:device_id>")
@access.staff("nurse", "investigator")
def confirm_shutting_out(participant_id: int, device_id: int) -> ResponseReturnValue:
    """Say what shutting out one phone does, and ask."""
    return render_template(
        "clinic/phone.html",
        participant=load_participant(this.session(), participant_id, actor=this.actor()),
        device=load_device_of(this.session(), participant_id, device_id, actor=this.actor()),
    )


@blueprint.post("/clinic/participants/<int:participant_id>/phones/<int:device_id>")
@access.staff("nurse", "investigator")
def shut_out_phone(participant_id: int, device_id: int) -> ResponseReturnValue:
    """Shut out one phone; whoever does so a second time is told that it is done."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    try:
        revoke_device(
            this.session(),
            participant_id=participant.id,
            device_id=device_id,
            vault=this.parts().vault,
            actor=this.actor(),
            now=this.now(),
        )
    except NotFound:
        flash(gettext("This phone is not signed in any more. Nothing was changed."), "attention")
    else:
        flash(gettext("The phone is shut out. The others stay signed in."), "good")
    return redirect(url_for("clinic.phones", participant_id=participant.id))
