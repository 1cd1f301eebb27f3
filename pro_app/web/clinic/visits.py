"""What the site does about one form: reopen its window, or say why it is missing."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms.fields.choices import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.visits import (
    MAY_HAVE_REASON,
    AssessmentRecord,
    NotDone,
    SaidMeanwhile,
    find_reopening_day,
    load_visit,
    mark_not_done,
    record_not_done,
    reopen_visit,
    withdraw_not_done,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import NotDoneForm, ReopeningForm
from pro_app.web.problems import show_problems

FROM_TASKS = "tasks"
"""Where somebody came from who is to go on with the list of tasks."""


@blueprint.get("/clinic/visits/<int:assessment_id>/reopen")
@access.staff("nurse", "investigator")
def reopening(assessment_id: int) -> ResponseReturnValue:
    """Say until when a closed questionnaire can be reopened, and ask why."""
    return _render_reopening(ReopeningForm(), _load(assessment_id))


@blueprint.post("/clinic/visits/<int:assessment_id>/reopen")
@access.staff("nurse", "investigator")
def reopen(assessment_id: int) -> ResponseReturnValue:
    """Reopen a closed questionnaire."""
    visit, form = _load(assessment_id), ReopeningForm()
    if not form.validate_on_submit():
        return _render_reopening(form, visit, status=400)
    try:
        reopen_visit(
            this.session(), assessment_id, reason=form.reason.data, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_reopening(form, visit, status=400)
    flash(gettext("The questionnaire is open again."), "good")
    return redirect(url_for("clinic.participant", participant_id=visit.participant_id))


@blueprint.get("/clinic/visits/<int:assessment_id>/reason")
@access.staff("nurse", "investigator")
def missing_reason(assessment_id: int) -> ResponseReturnValue:
    """Ask why a form is missing or late."""
    visit = _load(assessment_id)
    form = _reason_form(visit)
    form.reason.data, form.said_by.data = visit.not_done_reason, visit.not_done_said_by
    form.text.data, form.seen.data = visit.not_done_text, mark_not_done(visit)
    return _render_reason(form, visit)


@blueprint.post("/clinic/visits/<int:assessment_id>/reason")
@access.staff("nurse", "investigator")
def save_missing_reason(assessment_id: int) -> ResponseReturnValue:
    """Record why a form is missing or late."""
    visit = _load(assessment_id)
    form = _reason_form(visit)
    if not form.validate_on_submit():
        return _render_reason(form, visit, status=400)
    said = NotDone(form.reason.data, form.said_by.data, form.text.data or "")
    try:
        record_not_done(
            this.session(),
            assessment_id,
            said,
            seen=form.seen.data or "",
            actor=this.actor(),
            now=this.now(),
        )
    except SaidMeanwhile as other:
        return _tell_said_meanwhile(form, other.record)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_reason(form, visit, status=400)
    flash(gettext("The reason is recorded."), "good")
    if request.args.get("from") == FROM_TASKS:
        return redirect(url_for("clinic.tasks"))
    return redirect(url_for("clinic.participant", participant_id=visit.participant_id))


@blueprint.post("/clinic/visits/<int:assessment_id>/reason/withdraw")
@access.staff("nurse", "investigator")
def withdraw_missing_reason(assessment_id: int) -> ResponseReturnValue:
    """Take a reason back, because the form will be answered after all; its messages go out again."""
    visit = _load(assessment_id)
    try:
        withdraw_not_done(this.session(), assessment_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        flash(gettext(rejected.problems[0].message), "attention")
    else:
        flash(gettext("The reason is taken back. Messages about this questionnaire go out again."), "good")
    return redirect(url_for("clinic.participant", participant_id=visit.participant_id))


def _load(assessment_id: int) -> AssessmentRecord:
    return load_visit(this.session(), assessment_id, actor=this.actor())


def _reason_form(visit: AssessmentRecord) -> NotDoneForm:
    language, form = str(get_locale()), NotDoneForm()
    form.reason.choices = [
        SelectChoice(reason.code, reason.label.text(language))
        for reason in visit.protocol.missing_reasons
        if not reason.automatic
    ]
    form.said_by.choices = [
        SelectChoice(person.code, person.label.text(language)) for person in visit.protocol.said_by
    ]
    return form


def _render_reopening(
    form: ReopeningForm, visit: AssessmentRecord, *, status: int = 200
) -> ResponseReturnValue:
    until_on = find_reopening_day(this.session(), visit, now=this.now())
    page = render_template(
        "clinic/reopening.html", form=form, visit=visit, label=_label(visit), until_on=until_on
    )
    return page, status


def _render_reason(form: NotDoneForm, visit: AssessmentRecord, *, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "clinic/missing_reason.html",
        form=form,
        visit=visit,
        label=_label(visit),
        is_wanted=visit.state(this.now()) in MAY_HAVE_REASON,
        is_open=visit.is_answerable(this.now()),
    )
    return page, status


def _tell_said_meanwhile(form: NotDoneForm, visit: AssessmentRecord) -> ResponseReturnValue:
    """Say what a colleague recorded in the meantime, and keep what was typed; saved again, it counts."""
    form.seen.raw_data, form.seen.data = None, mark_not_done(visit)
    language = str(get_locale())
    reasons = {reason.code: reason.label.text(language) for reason in visit.protocol.missing_reasons}
    people = {person.code: person.label.text(language) for person in visit.protocol.said_by}
    if visit.not_done_reason is None:
        words = gettext("Somebody took the reason back in the meantime. Save again if yours is to count.")
    else:
        words = gettext(
            "In the meantime this was recorded: “%(reason)s”, said by: %(said_by)s. "
            "Save again if yours is to replace it.",
            reason=reasons.get(visit.not_done_reason, visit.not_done_reason),
            said_by=people.get(visit.not_done_said_by or "", "–"),
        )
    form.form_errors.append(words)
    return _render_reason(form, visit, status=409)


def _label(visit: AssessmentRecord) -> str:
    return visit.protocol.visit_label(visit.visit_code, str(get_locale()))
