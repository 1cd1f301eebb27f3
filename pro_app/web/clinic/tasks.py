"""What the site is asked to do: the list, one task and what was done about it, the counts of all sites."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms.fields.choices import SelectChoice

from pro_app.clock import civil_date
from pro_app.errors import InputRejected
from pro_app.services.clinic_scope import load_scope
from pro_app.services.site_tasks import (
    GONE,
    SiteTaskLine,
    count_tasks_by_site,
    list_tasks_of_participant,
    list_tasks_of_sites,
    record_task,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import TaskForm
from pro_app.web.clinic.task_words import KINDS, choice_words, task_mark
from pro_app.web.clinic.words import is_site_staff
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/tasks")
@access.staff("nurse", "investigator", "monitor", "coordinator")
def tasks() -> ResponseReturnValue:
    """List what the own site is asked to do, the most urgent first; others see how much each site is."""
    language = str(get_locale())
    if not is_site_staff():
        counts = count_tasks_by_site(this.session(), actor=this.actor(), now=this.now())
        scope = load_scope(this.session(), actor=this.actor())
        return render_template("clinic/task_counts.html", counts=counts, kinds=KINDS, scope=scope)
    lines = list_tasks_of_sites(
        this.session(), site_ids=None, actor=this.actor(), language=language, now=this.now()
    )
    return render_template("clinic/tasks.html", lines=lines)


@blueprint.get("/clinic/participants/<int:participant_id>/tasks/<string:mark>")
@access.staff("nurse", "investigator")
def task(participant_id: int, mark: str) -> ResponseReturnValue:
    """Show one task: why, since when, what went out, what to do, and what may be recorded about it."""
    line = _find_line(participant_id, mark)
    if line is None:
        return _tell_gone()
    form = _form(line)
    form.task_key.data = line.task.task_key
    return render_template("clinic/task.html", form=form, line=line)


@blueprint.post("/clinic/participants/<int:participant_id>/tasks/<string:mark>")
@access.staff("nurse", "investigator")
def save_task(participant_id: int, mark: str) -> ResponseReturnValue:
    """Record what was done; a form that was sent twice counts once."""
    line = _find_line(participant_id, mark)
    form = _form(line)
    if task_mark(form.task_key.data or "") != mark:
        return _tell_gone()
    if line is not None and not form.validate_on_submit():
        return render_template("clinic/task.html", form=form, line=line), 400
    try:
        record_task(
            this.session(),
            form.task_key.data,
            outcome=form.outcome.data or "",
            note=form.note.data or "",
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        if line is None:
            return _tell_gone()
        show_problems(form, rejected)
        return render_template("clinic/task.html", form=form, line=line), 400
    flash(gettext("What was done is recorded."), "good")
    return redirect(url_for("clinic.tasks"))


def _find_line(participant_id: int, mark: str) -> SiteTaskLine | None:
    """Find the task that an address names; None once it is settled or its reason is gone."""
    lines = list_tasks_of_participant(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    return next((line for line in lines if task_mark(line.task.task_key) == mark), None)


def _form(line: SiteTaskLine | None) -> TaskForm:
    form = TaskForm()
    form.outcome.choices = []
    if line is not None:
        today = civil_date(this.now(), line.zone)
        form.outcome.choices = [
            SelectChoice(outcome.code, choice_words(line, outcome, today=today)) for outcome in line.outcomes
        ]
    return form


def _tell_gone() -> ResponseReturnValue:
    flash(gettext(GONE), "attention")
    return redirect(url_for("clinic.tasks"))
