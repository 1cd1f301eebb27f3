"""Patients who go to another site: asking, the list of both sites, accepting, refusing, taking back."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms.fields.choices import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.transfers.decisions import accept_transfer, refuse_transfer
from pro_app.services.transfers.requests import request_transfer, withdraw_transfer
from pro_app.services.transfers.rules import WantedTransfer
from pro_app.services.transfers.views import (
    MOST,
    TransferOffer,
    list_transfers,
    load_offer,
    load_transfer,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.transfer_forms import RefusalForm, TransferForm
from pro_app.web.clinic.transfer_words import STATES
from pro_app.web.problems import problem_words, show_problems
from pro_app.web.site_words import site_words


@blueprint.get("/clinic/transfers")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def transfers() -> ResponseReturnValue:
    """List the patients who go, went or were to go from or to a site."""
    lines = list_transfers(this.session(), actor=this.actor(), now=this.now())
    return render_template("clinic/transfers.html", lines=lines, most=MOST, states=STATES)


@blueprint.get("/clinic/participants/<int:participant_id>/transfer")
@access.staff("nurse", "investigator")
def new_transfer(participant_id: int) -> ResponseReturnValue:
    """Ask which site follows a patient from when on."""
    offer = _load_offer(participant_id)
    form = _form(offer)
    form.moves_on.data = offer.today
    return _render_offer(offer, form)


@blueprint.post("/clinic/participants/<int:participant_id>/transfer")
@access.staff("nurse", "investigator")
def save_transfer(participant_id: int) -> ResponseReturnValue:
    """Ask another site to follow a patient."""
    offer = _load_offer(participant_id)
    form = _form(offer)
    if not form.validate_on_submit():
        return _render_offer(offer, form, status=400)
    wanted = WantedTransfer(int(form.to_site_id.data), form.moves_on.data, form.reason.data)
    try:
        key = request_transfer(this.session(), participant_id, wanted, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_offer(offer, form, status=400)
    flash(gettext("The other site is asked. You follow the patient until it has accepted."), "good")
    return redirect(url_for("clinic.transfer", transfer_id=key))


@blueprint.get("/clinic/transfers/<int:transfer_id>")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def transfer(transfer_id: int) -> ResponseReturnValue:
    """Show a request to either site, with what may be done about it."""
    return _render(transfer_id, RefusalForm())


@blueprint.post("/clinic/transfers/<int:transfer_id>/acceptance")
@access.staff("nurse", "investigator")
def accept_arrival(transfer_id: int) -> ResponseReturnValue:
    """Follow a patient from now on."""
    try:
        participant_id = accept_transfer(this.session(), transfer_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return _tell(transfer_id, rejected)
    flash(gettext("Your site follows this patient from now on. Check the contact and the time zone."), "good")
    return redirect(url_for("clinic.participant", participant_id=participant_id))


@blueprint.post("/clinic/transfers/<int:transfer_id>/refusal")
@access.staff("nurse", "investigator")
def refuse_arrival(transfer_id: int) -> ResponseReturnValue:
    """Say that a patient is not followed here, and why."""
    form = RefusalForm()
    if not form.validate_on_submit():
        return _render(transfer_id, form, status=400)
    try:
        refuse_transfer(
            this.session(), transfer_id, reason=form.reason.data, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        return _tell(transfer_id, rejected)
    flash(gettext("Refused: the other site goes on following the patient."), "good")
    return redirect(url_for("clinic.transfer", transfer_id=transfer_id))


@blueprint.post("/clinic/transfers/<int:transfer_id>/withdrawal")
@access.staff("nurse", "investigator")
def take_back_transfer(transfer_id: int) -> ResponseReturnValue:
    """Take back one's own request while the other site has not answered."""
    try:
        withdraw_transfer(this.session(), transfer_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return _tell(transfer_id, rejected)
    flash(gettext("The request is withdrawn; you go on following the patient."), "good")
    return redirect(url_for("clinic.transfer", transfer_id=transfer_id))


def _tell(transfer_id: int, rejected: InputRejected) -> ResponseReturnValue:
    """Lead back to the request, and say why nothing was done."""
    for problem in rejected.problems:
        flash(problem_words(problem), "attention")
    return redirect(url_for("clinic.transfer", transfer_id=transfer_id))


def _load_offer(participant_id: int) -> TransferOffer:
    return load_offer(this.session(), participant_id, actor=this.actor(), now=this.now())


def _form(offer: TransferOffer) -> TransferForm:
    form = TransferForm()
    choices = [SelectChoice(str(site.site_id), site_words(site)) for site in offer.sites]
    # Nothing is chosen beforehand: the first of the list is as good as any other one.
    form.to_site_id.choices = [SelectChoice("", gettext("Please choose.")), *choices]
    return form


def _render_offer(offer: TransferOffer, form: TransferForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("clinic/transfer_new.html", offer=offer, form=form), status


def _render(transfer_id: int, form: RefusalForm, *, status: int = 200) -> ResponseReturnValue:
    line = load_transfer(this.session(), transfer_id, actor=this.actor(), now=this.now())
    return render_template("clinic/transfer.html", line=line, form=form, states=STATES), status
