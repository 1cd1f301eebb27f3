"""What becomes of a consent after enrolment: recorded, and corrected by a next entry."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.services.consent_records import (
    ConsentLine,
    ConsentSaid,
    correct_consent,
    list_consent_lines,
    load_consent_line,
    record_consent,
)
from pro_app.services.participants import load_participant
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.consent_forms import KIND_WORDS, ConsentCorrectionForm, ConsentForm
from pro_app.web.clinic.face import blueprint
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/consent")
@access.staff("nurse", "investigator")
def consent(participant_id: int) -> ResponseReturnValue:
    """Show what was recorded about a consent, and ask what happened since."""
    return _render(participant_id, ConsentForm())


@blueprint.post("/clinic/participants/<int:participant_id>/consent")
@access.staff("nurse", "investigator")
def save_consent(participant_id: int) -> ResponseReturnValue:
    """Record something about a consent."""
    form = ConsentForm()
    load_participant(this.session(), participant_id, actor=this.actor())
    if not form.validate_on_submit():
        return _render(participant_id, form, status=400)
    try:
        record_consent(this.session(), participant_id, _read(form), actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(participant_id, form, status=400)
    flash(gettext("It is recorded."), "good")
    return redirect(url_for("clinic.consent", participant_id=participant_id))


@blueprint.get("/clinic/participants/<int:participant_id>/consent/<int:record_id>")
@access.staff("nurse", "investigator")
def consent_correction(participant_id: int, record_id: int) -> ResponseReturnValue:
    """Show an entry, and ask what it should have said."""
    line = _load(participant_id, record_id)
    return _render_correction(participant_id, line, ConsentCorrectionForm(obj=line))


@blueprint.post("/clinic/participants/<int:participant_id>/consent/<int:record_id>")
@access.staff("nurse", "investigator")
def save_consent_correction(participant_id: int, record_id: int) -> ResponseReturnValue:
    """Put another entry, or none, in the place of one."""
    line, form = _load(participant_id, record_id), ConsentCorrectionForm()
    if not form.validate_on_submit():
        return _render_correction(participant_id, line, form, status=400)
    try:
        correct_consent(
            this.session(),
            record_id,
            None if form.never_happened.data else _read(form),
            participant_id=participant_id,
            reason=form.reason.data,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_correction(participant_id, line, form, status=400)
    flash(gettext("The entry is corrected; what it said before is kept."), "good")
    return redirect(url_for("clinic.consent", participant_id=participant_id))


def _read(form: ConsentForm) -> ConsentSaid:
    return ConsentSaid(
        form.kind.data, form.occurred_on.data, form.notice_version.data or "", form.remark.data or ""
    )


def _load(participant_id: int, record_id: int) -> ConsentLine:
    return load_consent_line(this.session(), record_id, participant_id=participant_id, actor=this.actor())


def _render(participant_id: int, form: ConsentForm, *, status: int = 200) -> ResponseReturnValue:
    html = render_template(
        "clinic/consent.html",
        person=load_participant(this.session(), participant_id, actor=this.actor()),
        lines=list_consent_lines(this.session(), participant_id, actor=this.actor()),
        form=form,
        kinds=KIND_WORDS,
    )
    return html, status


def _render_correction(
    participant_id: int, line: ConsentLine, form: ConsentCorrectionForm, *, status: int = 200
) -> ResponseReturnValue:
    html = render_template(
        "clinic/consent_correction.html",
        person=load_participant(this.session(), participant_id, actor=this.actor()),
        line=line,
        form=form,
        kinds=KIND_WORDS,
    )
    return html, status
