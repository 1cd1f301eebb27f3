"""Enrolling a participant at consent, and what to do before the person leaves."""

from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro_app.errors import InputRejected, NotFound
from pro_app.protocol.protocol import Protocol
from pro_app.services.clinic_scope import load_scope
from pro_app.services.contact_changes import find_shared_contact
from pro_app.services.enrolment import Enrolment, enrol_participant
from pro_app.services.enrolment_checks import Typed, find_usual_notice, list_findings
from pro_app.services.participants import load_participant
from pro_app.services.protocol_versions import load_site_protocol
from pro_app.services.sites import load_site
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.contact_problems import show_contact_problems
from pro_app.web.clinic.contact_ways import contact_warnings, list_channel_choices, list_ways
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import EnrolmentForm
from pro_app.web.problems import problem_words, show_problems


@blueprint.get("/clinic/participants/new")
@access.staff("nurse", "investigator")
def new_participant() -> ResponseReturnValue:
    """Show the form of enrolment."""
    form = _form()
    form.zone.data = load_site(this.session(), _own_site_id(), actor=this.actor()).zone
    form.reminder_hour.data = str(_protocol().messages.hour)
    form.notice_version.data = find_usual_notice(this.session(), site_id=_own_site_id(), actor=this.actor())
    return _render(form)


@blueprint.get("/clinic/participants/check")
@access.staff("nurse", "investigator")
def check_enrolment() -> ResponseReturnValue:
    """Say of what is typed so far what will be refused and what is worth a look, as a part of a page."""
    typed = Typed(
        participant_code=request.args.get("participant_code"),
        consented_on=_find_date(request.args.get("consented_on")),
        notice_version=request.args.get("notice_version"),
    )
    found = list_findings(this.session(), typed, site_id=_own_site_id(), actor=this.actor(), now=this.now())
    findings = [
        {"place": one.problem.place, "tone": one.tone, "words": problem_words(one.problem)} for one in found
    ]
    return render_template("clinic/enrolment_findings.html", findings=findings)


@blueprint.post("/clinic/participants/new")
@access.staff("nurse", "investigator")
def enrol() -> ResponseReturnValue:
    """Enrol; a contact that someone else has too is asked about once, never refused."""
    form = _form()
    if not form.validate_on_submit():
        show_contact_problems(form)
        return _render(form, status=400)
    said = _read(form)
    vault = this.parts().vault
    try:
        shared = find_shared_contact(this.session(), said, vault=vault, actor=this.actor())
        if shared and not form.shared_confirmed.data:
            return _render(form, shared=shared)
        enrolled = enrol_participant(this.session(), said, vault=vault, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, status=400)
    return redirect(url_for("clinic.first_steps", participant_id=enrolled.id))


@blueprint.get("/clinic/participants/<int:participant_id>/first-steps")
@access.staff("nurse", "investigator")
def first_steps(participant_id: int) -> ResponseReturnValue:
    """Show what to do before the participant leaves: the card, the activation, the test message."""
    enrolled = load_participant(this.session(), participant_id, actor=this.actor())
    return render_template(
        "clinic/first_steps.html",
        participant=enrolled,
        ways=[way for way in list_ways(enrolled) if way.is_on],
        warnings=contact_warnings(enrolled),
    )


def _find_date(text: str | None) -> date | None:
    """Read a date as the control sends it; None for anything else, which is not finished yet."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _own_site_id() -> int:
    site_id = this.staff().site_id
    if site_id is None:
        raise NotFound("site")
    return site_id


def _protocol() -> Protocol:
    site = load_site(this.session(), _own_site_id(), actor=this.actor())
    return load_site_protocol(this.session(), site)


def _form() -> EnrolmentForm:
    form = EnrolmentForm()
    protocol = _protocol()
    form.offer_zones(protocol.zones)
    form.offer_channels(list_channel_choices(protocol))
    return form


def _read(form: EnrolmentForm) -> Enrolment:
    return Enrolment(
        site_id=_own_site_id(),
        participant_code=form.participant_code.data,
        consented_on=form.consented_on.data,
        notice_version=form.notice_version.data,
        email=form.email.data,
        telephone=form.telephone.data,
        language=form.language.data,
        zone=form.zone.data,
        reminder_hour=int(form.reminder_hour.data),
        channels=form.wanted_channels or (),
    )


def _render(form: EnrolmentForm, *, shared: object = None, status: int = 200) -> ResponseReturnValue:
    scope = load_scope(this.session(), actor=this.actor())
    site = scope.site(_own_site_id())
    return render_template("clinic/enrolment.html", form=form, shared=shared, site=site), status
