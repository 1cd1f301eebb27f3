"""The sheet of one visit: what is to be done with it, opening it for typing, putting it aside, printing."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale, gettext
from markupsafe import Markup

from pro_app.errors import InputRejected
from pro_app.services.paper.desk import Desk, Stage, load_desk
from pro_app.services.paper.entries import SheetHead, discard, open_form
from pro_app.services.paper.sheet import print_sheet
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.paper_forms import DiscardForm, SheetHeadForm, list_respondents
from pro_app.web.clinic.paper_races import leads_back
from pro_app.web.problems import show_problems
from pro_app.web.qr_drawing import draw_qr

NEXT_PAGES = {Stage.TYPE: "clinic.paper_entry", Stage.DIFFERENCES: "clinic.paper_differences"}


@blueprint.get("/clinic/visits/<int:assessment_id>/paper")
@access.staff("nurse", "investigator")
def paper(assessment_id: int) -> ResponseReturnValue:
    """Show what there is to do with the sheet of a visit, or go there at once."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    stage = desk.stage(this.actor().account_id)
    if stage in NEXT_PAGES:
        return redirect(url_for(NEXT_PAGES[stage], assessment_id=assessment_id))
    return _render(desk, _head_form(desk))


@blueprint.post("/clinic/visits/<int:assessment_id>/paper")
@access.staff("nurse", "investigator")
@leads_back
def open_paper(assessment_id: int) -> ResponseReturnValue:
    """Open a sheet for typing."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    form = _head_form(desk)
    if desk.stage(this.actor().account_id) is not Stage.NEW:
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    if not form.validate_on_submit():
        return _render(desk, form), 400
    head = SheetHead(
        form.source_on.data,
        form.respondent.data,
        form.sheet_code.data or "",
        wants_second=form.wants_second.data,
        late_reason=form.late_reason.data or "",
    )
    language = str(get_locale())
    try:
        open_form(this.session(), assessment_id, head, actor=this.actor(), now=this.now(), language=language)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(desk, form), 400
    return redirect(url_for("clinic.paper_entry", assessment_id=assessment_id))


@blueprint.get("/clinic/visits/<int:assessment_id>/paper/discard")
@access.staff("nurse", "investigator")
def paper_discarding(assessment_id: int) -> ResponseReturnValue:
    """Ask why an open sheet is put aside."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    if desk.form is None or desk.assessment.submitted_at is not None:
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    return render_template("clinic/paper_discard.html", form=DiscardForm(), desk=desk, label=label_of(desk))


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/discard")
@access.staff("nurse", "investigator")
@leads_back
def discard_paper(assessment_id: int) -> ResponseReturnValue:
    """Put an open sheet aside."""
    desk = load_desk(this.session(), assessment_id, actor=this.actor())
    if desk.form is None or desk.assessment.submitted_at is not None:
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    form = DiscardForm()
    page = "clinic/paper_discard.html"
    if not form.validate_on_submit():
        return render_template(page, form=form, desk=desk, label=label_of(desk)), 400
    try:
        discard(this.session(), assessment_id, reason=form.reason.data, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_template(page, form=form, desk=desk, label=label_of(desk)), 400
    flash(gettext("The sheet is put aside: what was typed counts nowhere."), "good")
    return redirect(url_for("clinic.paper", assessment_id=assessment_id))


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/sheet")
@access.staff("nurse", "investigator")
def print_paper(assessment_id: int) -> ResponseReturnValue:
    """Show the sheet of a visit to be printed, in the patient's language; that it was is on record."""
    sheet = print_sheet(this.session(), assessment_id, actor=this.actor(), now=this.now())
    with force_locale(sheet.assessment.language):
        face = render_template("clinic/paper_sheet_face.html", sheet=sheet, draw_qr=draw_qr)
    face = Markup(face)  # noqa: S704  (our own template, escaped where it was made)
    return render_template("clinic/paper_sheet.html", sheet=sheet, face=face)


def label_of(desk: Desk) -> str:
    """Give the words for the visit of a sheet."""
    record = desk.assessment
    return record.protocol.visit_label(record.visit_code, str(get_locale()))


def _head_form(desk: Desk) -> SheetHeadForm:
    form = SheetHeadForm()
    form.respondent.choices = list_respondents(desk, str(get_locale()))
    return form


def _render(desk: Desk, form: SheetHeadForm) -> str:
    stage = desk.stage(this.actor().account_id)
    return render_template("clinic/paper.html", form=form, desk=desk, stage=stage, label=label_of(desk))
