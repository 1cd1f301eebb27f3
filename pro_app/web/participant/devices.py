"""The devices on which the participant is remembered, and signing one of them out."""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.services.own_devices import forget_own_device, list_own_devices, load_own_device
from pro_app.services.participant_home import load_centre
from pro_app.web import access, principals
from pro_app.web import request as this
from pro_app.web.participant.device_cookie import forget_device
from pro_app.web.participant.face import blueprint


@blueprint.get("/p/devices")
@access.participants
def devices() -> ResponseReturnValue:
    """List the phones and tablets on which the PIN alone is enough."""
    return render_template(
        "participant/devices.html",
        devices=list_own_devices(this.session(), actor=this.actor()),
        centre=load_centre(this.session(), participant_id=this.participant().participant_id),
    )


@blueprint.get("/p/devices/<int:device_id>")
@access.participants
def confirm_forgetting(device_id: int) -> ResponseReturnValue:
    """Say what signing a device out means, and ask."""
    device = load_own_device(this.session(), device_id, actor=this.actor())
    return render_template("participant/forget_device.html", device=device)


@blueprint.post("/p/devices/<int:device_id>")
@access.participants
def forget(device_id: int) -> ResponseReturnValue:
    """Sign a device out."""
    return _forget(device_id)


@blueprint.post("/p/devices/<int:device_id>/sign-out")
@access.participants
def forget_this(device_id: int) -> ResponseReturnValue:
    """Sign this device out; by this address its scripts know to erase what they keep."""
    return _forget(device_id)


def _forget(device_id: int) -> ResponseReturnValue:
    """Sign a device out; where it is this one, its door is next."""
    device = forget_own_device(
        this.session(), device_id, vault=this.parts().vault, actor=this.actor(), now=this.now()
    )
    if not device.is_this:
        flash(gettext("The device is signed out."), "good")
        return redirect(url_for("participant.devices"))
    principals.sign_out()
    return forget_device(make_response(redirect(url_for("participant.door"))))
