"""Corrections after a form was sent: asking, the list of the site, deciding, taking a request back."""

from datetime import date
from typing import cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, lazy_gettext
from wtforms.fields.choices import SelectChoice

from pro_app.errors import InputRejected
from pro_app.services.clarifications.decisions import Decision, decide_clarification
from pro_app.services.clarifications.facts import DATE, MODE, PARTICIPANT, VISIT
from pro_app.services.clarifications.requests import request_clarification, withdraw_clarification
from pro_app.services.clarifications.rules import ANSWER, Wanted, WantedItem
from pro_app.services.clarifications.views import (
    MOST,
    ClarificationView,
    RequestPage,
    list_clarifications,
    load_clarification,
    load_request_page,
)
from pro_app.services.read_log import note_read, record_read
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.clarification_forms import ClarificationForm, DecisionForm
from pro_app.web.clinic.clarification_words import EVIDENCE_WORDS, KIND_WORDS, STATE_CHIPS
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.words import MODES, known_word
from pro_app.web.problems import problem_words, show_problems

FIELDS = {"source_on": DATE, "mode": MODE, "to_visit": VISIT, "to_participant": PARTICIPANT}
"""The field that only one kind of correction asks for."""
ITEM = "item:"
NO_VALUE = ("not_applicable", "declined")
READ = "clarification"
"""What the read log says when an investigator sees the answers that a request is about."""


@blueprint.get("/clinic/clarifications")
@access.staff("nurse", "investigator")
def clarifications() -> ResponseReturnValue:
    """List the corrections that were asked for at the own site, those that wait first."""
    lines = list_clarifications(this.session(), actor=this.actor(), language=str(get_locale()))
    return render_template("clinic/clarifications.html", lines=lines, most=MOST, states=STATE_CHIPS)


@blueprint.get("/clinic/visits/<int:assessment_id>/correction")
@access.staff("nurse", "investigator")
def new_clarification(assessment_id: int) -> ResponseReturnValue:
    """Ask what should be corrected on a form that was sent; no answer is shown."""
    page = _load_page(assessment_id)
    return _render_request(page, _form(page))


@blueprint.post("/clinic/visits/<int:assessment_id>/correction")
@access.staff("nurse", "investigator")
def save_clarification(assessment_id: int) -> ResponseReturnValue:
    """Ask the investigator of the site for a correction."""
    page = _load_page(assessment_id)
    form = _form(page)
    if not form.validate_on_submit():
        return _render_request(page, form, status=400)
    try:
        key = request_clarification(
            this.session(), assessment_id, _read_wanted(page, form), actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        wrong = {problem.place: problem_words(problem) for problem in rejected.problems}
        show_problems(form, rejected)
        return _render_request(page, form, wrong=wrong, status=400)
    flash(gettext("The request is recorded; an investigator of the site decides."), "good")
    return redirect(url_for("clinic.clarification", clarification_id=key))


@blueprint.get("/clinic/clarifications/<int:clarification_id>")
@access.staff("nurse", "investigator")
def clarification(clarification_id: int) -> ResponseReturnValue:
    """Show a request; the investigator's look at the answers it is about is logged before they are shown."""
    view = _load_view(clarification_id)
    if view.shows_present:
        record_read(
            this.parts().database,
            participant_id=view.line.participant_id,
            what=READ,
            actor=this.actor(),
            now=this.now(),
        )
    form = DecisionForm()
    form.basis.data = view.basis
    return _render_view(view, form)


@blueprint.post("/clinic/clarifications/<int:clarification_id>/decision")
@access.staff("investigator")
def decide(clarification_id: int) -> ResponseReturnValue:
    """Accept or refuse a request, with a reason."""
    view = _load_view(clarification_id)
    form = DecisionForm()
    try:
        if form.validate_on_submit():
            said = Decision(form.decision.data == "accepted", form.reason.data, form.basis.data or "")
            decide_clarification(this.session(), clarification_id, said, actor=this.actor(), now=this.now())
            flash(_say_decided(is_accepted=said.is_accepted), "good")
            return redirect(url_for("clinic.clarification", clarification_id=clarification_id))
    except InputRejected as rejected:
        show_problems(form, rejected)
    if view.shows_present:
        note_read(
            this.session(),
            participant_id=view.line.participant_id,
            what=READ,
            actor=this.actor(),
            now=this.now(),
        )
    form.basis.data = view.basis
    return _render_view(view, form, status=400)


@blueprint.post("/clinic/clarifications/<int:clarification_id>/withdrawal")
@access.staff("nurse", "investigator")
def withdraw(clarification_id: int) -> ResponseReturnValue:
    """Take back one's own request while nobody has decided."""
    try:
        withdraw_clarification(this.session(), clarification_id, actor=this.actor(), now=this.now())
        flash(gettext("The request is withdrawn; nothing was changed."), "good")
    except InputRejected as rejected:
        for problem in rejected.problems:
            flash(problem_words(problem), "attention")
    return redirect(url_for("clinic.clarification", clarification_id=clarification_id))


def _say_decided(*, is_accepted: bool) -> str:
    if is_accepted:
        return str(gettext("Accepted: the correction is made, and what stood before is kept."))
    return str(gettext("Refused: nothing was changed."))


def _load_page(assessment_id: int) -> RequestPage:
    return load_request_page(
        this.session(), assessment_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )


def _load_view(clarification_id: int) -> ClarificationView:
    return load_clarification(
        this.session(), clarification_id, actor=this.actor(), language=str(get_locale())
    )


def _kind(page: RequestPage) -> str:
    """Give the kind of correction that the address asks for, of those that the form can have."""
    wanted = request.args.get("kind", ANSWER)
    return wanted if wanted in page.kinds else ANSWER


def _form(page: RequestPage) -> ClarificationForm:
    """Give the form with the fields of one kind of correction."""
    form, kind = ClarificationForm(), _kind(page)
    form.mode.choices = [SelectChoice(mode, known_word(MODES, mode)) for mode in page.modes]
    if kind != ANSWER:
        form.asked_on.label.text = lazy_gettext("Date of the document")
    form.to_visit.choices = [SelectChoice(code, label) for code, label in page.visits]
    for name, of_kind in FIELDS.items():
        if kind != of_kind:
            del form[name]
    return form


def _read_wanted(page: RequestPage, form: ClarificationForm) -> Wanted:
    return Wanted(
        kind=_kind(page),
        asked_on=form.asked_on.data,
        evidence=form.evidence.data,
        evidence_ref=form.evidence_ref.data,
        request=form.request.data,
        items=tuple(_read_items(page)) if _kind(page) == ANSWER else (),
        source_on=cast("date", form.source_on.data) if "source_on" in form else None,
        mode=form.mode.data if "mode" in form else None,
        to=next((form[name].data for name in ("to_visit", "to_participant") if name in form), None),
    )


def _read_items(page: RequestPage) -> list[WantedItem]:
    """Read the new answers that were chosen; what is no code of an option is left to the rules."""
    items = []
    for sheet in page.sheets:
        for item in sheet.items:
            said = request.form.get(f"{ITEM}{sheet.instrument_code}:{item.number}", "")
            if said:
                state = said if said in NO_VALUE else "answered"
                value = int(said) if said in {str(code) for code in item.options} else None
                items.append(WantedItem(sheet.instrument_code, item.number, state, value))
    return items


def _render_request(
    page: RequestPage, form: ClarificationForm, *, wrong: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    kind = _kind(page)
    tabs = [
        {
            "label": KIND_WORDS[known],
            "url": url_for(
                "clinic.new_clarification", assessment_id=page.assessment.assessment_id, kind=known
            ),
            "current": known == kind,
        }
        for known in page.kinds
    ]
    html = render_template(
        "clinic/clarification_new.html",
        page=page,
        kind=kind,
        tabs=tabs,
        form=form,
        wrong=wrong or {},
        chosen=request.form,
        opened={place.removeprefix(ITEM).partition(":")[0] for place, said in request.form.items() if said},
    )
    return html, status


def _render_view(view: ClarificationView, form: DecisionForm, *, status: int = 200) -> ResponseReturnValue:
    html = render_template(
        "clinic/clarification.html",
        view=view,
        form=form,
        states=STATE_CHIPS,
        kinds=KIND_WORDS,
        evidences=EVIDENCE_WORDS,
    )
    return html, status
