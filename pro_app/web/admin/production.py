"""The page on which a study is brought to production: what is missing, the documents, going live."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from pro_app.errors import InputRejected, Problem, ProductionRefused
from pro_app.services.production.entries import ENTRY_WORDS, LONGEST_REFERENCE, NewEntry, record_entry
from pro_app.services.production.overview import bring_to_production, load_production_overview
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.problems import problem_words, show_problems

WRITERS = access.staff("administrator", "coordinator")
_REQUIRED = InputRequired(lazy_gettext("Please fill this in."))


class DocumentForm(FlaskForm):
    """One document that production stands on; the names of the fields are the places of its problems."""

    kind = SelectField(lazy_gettext("Document"), validators=[_REQUIRED])
    reference = StringField(
        lazy_gettext("Reference"),
        description=lazy_gettext("Its number or version, as it is filed."),
        validators=[_REQUIRED, Length(max=LONGEST_REFERENCE)],
    )
    on = DateField(lazy_gettext("Dated"), validators=[_REQUIRED])
    until = DateField(
        lazy_gettext("Last day on which it holds"),
        description=lazy_gettext("For the certificate of the hosting."),
        validators=[Optional()],
    )
    allows_listening = BooleanField(
        lazy_gettext("It allows the questions to be read aloud"),
        description=lazy_gettext("For the licence of the electronic version."),
    )


@blueprint.get("/admin/study/production")
@WRITERS
def production() -> ResponseReturnValue:
    """Show what blocks production, and the documents that are recorded."""
    return _render(_make_form())


@blueprint.post("/admin/study/production")
@WRITERS
def record_document() -> ResponseReturnValue:
    """Record a document; an earlier one of its kind is replaced and kept."""
    form = _make_form()
    if not form.validate_on_submit():
        return _render(form, status=400)
    said = NewEntry(
        form.kind.data,
        form.reference.data.strip(),
        form.on.data,
        form.until.data,
        form.allows_listening.data,
    )
    try:
        record_entry(this.session(), said, study_id=this.staff().study_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, status=400)
    flash(gettext("The document is recorded."), "good")
    return redirect(url_for("admin.production"))


@blueprint.get("/admin/study/production/go-live")
@WRITERS
def confirm_go_live() -> ResponseReturnValue:
    """Ask before the study goes to production; where something is missing there is nothing to confirm."""
    overview = load_production_overview(this.session(), study_id=this.staff().study_id, now=this.now())
    if overview.is_live or overview.report.obstacles:
        return redirect(url_for("admin.production"))
    return render_template("admin/go_live.html", study_code=overview.study_code)


@blueprint.post("/admin/study/production/go-live")
@WRITERS
def go_live() -> ResponseReturnValue:
    """Bring the study to production, or say everything that is missing and change nothing."""
    try:
        bring_to_production(
            this.session(), study_id=this.staff().study_id, actor=this.actor(), now=this.now()
        )
    except ProductionRefused as refused:
        return _render(_make_form(), refused=[_words(problem) for problem in refused.problems], status=409)
    flash(gettext("The study is in production from now on."), "good")
    return redirect(url_for("admin.production"))


def _make_form() -> DocumentForm:
    form = DocumentForm()
    form.kind.choices = [SelectChoice(kind, _capital(words)) for kind, words in ENTRY_WORDS.items()]
    return form


def _capital(words: str) -> str:
    """Write the name of a document as it begins a line; no other letter changes, as those of EORTC."""
    text = str(gettext(words))
    return text[:1].upper() + text[1:]


def _words(problem: Problem) -> str:
    """Say what is missing; the name of a document is itself a message."""
    values = dict(problem.values or {})
    if "document" in values:
        values["document"] = gettext(str(values["document"]))
    return problem_words(Problem(problem.message, values, place=problem.place))


def _render(
    form: DocumentForm, *, status: int = 200, refused: list[str] | None = None
) -> ResponseReturnValue:
    overview = load_production_overview(this.session(), study_id=this.staff().study_id, now=this.now())
    page = render_template(
        "admin/production.html",
        form=form,
        overview=overview,
        documents=[(_capital(words), overview.entries.get(kind)) for kind, words in ENTRY_WORDS.items()],
        missing=refused or [_words(problem) for problem in overview.missing],
        remarks=[] if refused else [_words(problem) for problem in overview.remarks],
    )
    return page, status
