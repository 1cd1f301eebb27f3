"""How a participant is reached: shown and changed by the own site only, each look logged."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.protocol.protocol import Protocol
from pro_app.services.channel_stops import lift_channel_stop
from pro_app.services.contact_changes import change_contact, find_shared_change
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.participants import Participant, load_participant, load_protocol_of
from pro_app.services.read_log import record_read
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.contact_problems import show_contact_problems
from pro_app.web.clinic.contact_ways import (
    contact_warnings,
    list_channel_choices,
    list_ways,
    own_order,
)
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import ContactForm
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/contact")
@access.staff("nurse", "investigator")
def contact(participant_id: int) -> ResponseReturnValue:
    """Show the contact; the look is written into the read log."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    record_read(
        this.parts().database,
        participant_id=participant_id,
        what="contact",
        actor=this.actor(),
        now=this.now(),
    )
    known = this.parts().vault.find(participant.contact_ref)
    form = _form(load_protocol_of(this.session(), participant))
    form.email.data, form.telephone.data = known.email, known.telephone
    form.language.data, form.zone.data = participant.language, participant.zone
    form.reminder_hour.data = str(participant.reminder_hour)
    if form.channels is not None:
        form.channels.data = own_order(participant)
    return _render(form, participant)


@blueprint.post("/clinic/participants/<int:participant_id>/contact")
@access.staff("nurse", "investigator")
def save_contact(participant_id: int) -> ResponseReturnValue:
    """Change the contact; one that someone else has too is asked about once, never refused."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    form = _form(load_protocol_of(this.session(), participant))
    if not form.validate_on_submit():
        show_contact_problems(form)
        return _render(form, participant, status=400)
    wanted = ContactChange(
        email=form.email.data,
        telephone=form.telephone.data,
        language=form.language.data,
        zone=form.zone.data,
        reminder_hour=int(form.reminder_hour.data),
        channels=form.wanted_channels,
    )
    vault = this.parts().vault
    try:
        shared = find_shared_change(this.session(), participant_id, wanted, vault=vault, actor=this.actor())
        if shared and not form.shared_confirmed.data:
            return _render(form, participant, shared=shared)
        change_contact(
            this.session(), participant_id, wanted, vault=vault, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, participant, status=400)
    flash(gettext("The contact is saved."), "good")
    for warning in contact_warnings(participant):
        flash(warning, "attention")
    return redirect(url_for("clinic.participant", participant_id=participant_id))


@blueprint.post("/clinic/participants/<int:participant_id>/channels/<int:stop_id>")
@access.staff("nurse", "investigator")
def lift_stop(participant_id: int, stop_id: int) -> ResponseReturnValue:
    """Let a resting way of sending be used again."""
    if lift_channel_stop(this.session(), participant_id, stop_id, actor=this.actor(), now=this.now()):
        flash(gettext("Messages go out by this way again. Send a test message to be sure."), "good")
    else:
        flash(gettext("Nothing was changed: this way was in use already."), "info")
    return redirect(url_for("clinic.contact", participant_id=participant_id))


def _form(protocol: Protocol) -> ContactForm:
    form = ContactForm()
    form.offer_zones(protocol.zones)
    form.offer_channels(list_channel_choices(protocol))
    return form


def _render(
    form: ContactForm, participant: Participant, *, shared: object = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "clinic/contact.html",
        form=form,
        participant=participant,
        shared=shared,
        ways=list_ways(participant),
        warnings=contact_warnings(participant),
    )
    return page, status
