"""Correcting the day of an open sheet, who filled it in and why it counts late."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.errors import InputRejected
from pro_app.services.paper.desk import Desk, load_desk
from pro_app.services.paper.entries import SheetHead
from pro_app.services.paper.heads import correct_head
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.paper import label_of
from pro_app.web.clinic.paper_forms import CorrectionForm, list_respondents
from pro_app.web.clinic.paper_races import leads_back
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/visits/<int:assessment_id>/paper/head")
@access.staff("nurse", "investigator")
def paper_head(assessment_id: int) -> ResponseReturnValue:
    """Show what was said about an open sheet, to be corrected."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    if desk.form is None or desk.assessment.submitted_at is not None:
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    return render_correction(desk)


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/head")
@access.staff("nurse", "investigator")
@leads_back
def correct_paper_head(assessment_id: int) -> ResponseReturnValue:
    """Correct what was said about an open sheet, and go on where one was."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    if desk.form is None:
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    form = _fill(CorrectionForm(), desk)
    if not form.validate_on_submit():
        return _render(desk, form), 400
    head = SheetHead(form.source_on.data, form.respondent.data, late_reason=form.late_reason.data or "")
    who, language = this.actor(), str(get_locale())
    try:
        correct_head(this.session(), assessment_id, head, actor=who, now=this.now(), language=language)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(desk, form), 400
    flash(gettext("The sheet is corrected; what was typed stays as it is."), "good")
    return redirect(url_for("clinic.paper", assessment_id=assessment_id))


def render_correction(desk: Desk, rejected: InputRejected | None = None) -> str:
    """Render the page on which an open sheet is corrected, with what stands in the way of filing it."""
    # What was sent may be the form of another page: the fields show what is stored.
    form = _fill(CorrectionForm(formdata=None, obj=desk.form), desk)
    if rejected is not None:
        show_problems(form, rejected)
    return _render(desk, form)


def _fill(form: CorrectionForm, desk: Desk) -> CorrectionForm:
    form.respondent.choices = list_respondents(desk, str(get_locale()))
    return form


def _render(desk: Desk, form: CorrectionForm) -> str:
    return render_template("clinic/paper_head.html", form=form, desk=desk, label=label_of(desk))
