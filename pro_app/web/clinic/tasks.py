"""What the site is asked to do: the list, one task and what was done about it, the counts of all sites."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.errors import InputRejected
from pro_app.reminders.task_outcomes import NOT_THIS_TIME
from pro_app.reminders.task_ranking import STEPS
from pro_app.services.clinic_scope import load_scope
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.services.read_log import record_read
from pro_app.services.site_tasks import (
    SiteTaskLine,
    count_tasks,
    count_tasks_by_site,
    divide_sites,
    list_tasks_of_participant,
    list_tasks_of_sites,
)
from pro_app.services.task_history import list_recorded_tasks
from pro_app.services.task_records import GONE, record_task
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.matter_words import find_matter, list_matter_titles
from pro_app.web.clinic.task_forms import TaskForm
from pro_app.web.clinic.task_words import (
    KINDS,
    has_telephone,
    may_be_written_to,
    recorded_words,
    silenced_words,
    task_mark,
)
from pro_app.web.clinic.words import is_site_staff
from pro_app.web.problems import show_problems
from pro_app.web.task_count import remember_task_count

PAGE_SIZE = 50
RECORDS_LOOKED_THROUGH = 200


@blueprint.get("/clinic/tasks")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def tasks() -> ResponseReturnValue:
    """List what the own site is asked to do, the most urgent first; others see how much each site is."""
    if not is_site_staff():
        return _show_counts()
    lines = list_tasks_of_sites(
        this.session(), site_ids=None, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    remember_task_count(len(lines))
    page_count = max(1, -(-len(lines) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), page_count)
    return render_template(
        "clinic/tasks.html",
        lines=lines[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        total=len(lines),
        page=page,
        page_count=page_count,
    )


@blueprint.get("/clinic/tasks/ranking")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def task_ranking() -> ResponseReturnValue:
    """Explain in which order the list stands, and what it never looks at."""
    if is_site_staff():
        # The page itself reads nothing, and the menu counts only where a transaction is under way.
        remember_task_count(count_tasks(this.session(), actor=this.actor(), now=this.now()))
    return render_template("clinic/task_ranking.html", steps=STEPS)


@blueprint.get("/clinic/participants/<int:participant_id>/tasks/<string:mark>")
@access.staff("nurse", "investigator")
def task(participant_id: int, mark: str) -> ResponseReturnValue:
    """Show one task: why, since when, what went out, what to do, and what may be recorded about it."""
    line = _find_line(participant_id, mark)
    if line is None:
        return _tell_gone(participant_id, mark)
    if (matter := find_matter(line.task.kind)) is not None:
        return redirect(matter.url(line.task))
    return _render(line, _form(participant_id, line))


@blueprint.get("/clinic/participants/<int:participant_id>/tasks/<string:mark>/telephone")
@access.staff("nurse", "investigator")
def task_telephone(participant_id: int, mark: str) -> ResponseReturnValue:
    """Show a task with the number to call; the look is written into the read log."""
    line = _find_line(participant_id, mark)
    if line is None or not has_telephone(line):
        return _tell_gone(participant_id, mark)
    if (matter := find_matter(line.task.kind)) is not None:
        return redirect(matter.url(line.task))
    record_read(
        this.parts().database,
        participant_id=participant_id,
        what="telephone",
        actor=this.actor(),
        now=this.now(),
    )
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    number = this.parts().vault.find(participant.contact_ref).telephone
    return _render(line, _form(participant_id, line), is_number_shown=True, number=number)


@blueprint.post("/clinic/participants/<int:participant_id>/tasks/<string:mark>")
@access.staff("nurse", "investigator")
def save_task(participant_id: int, mark: str) -> ResponseReturnValue:
    """Record what was done; a form that was sent twice counts once, and whoever comes second is told."""
    line = _find_line(participant_id, mark)
    form = _form(participant_id, line)
    if task_mark(form.task_key.data or "") != mark:
        return _tell_gone(participant_id, mark)
    if line is not None and not form.validate_on_submit():
        return _render(line, form, status=400)
    try:
        row = record_task(
            this.session(), form.task_key.data, said=form.read(), actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        if line is None:
            return _tell_gone(participant_id, mark)
        show_problems(form, rejected)
        return _render(line, form, status=400)
    flash(gettext("What was done is recorded."), "good")
    if row.outcome == NOT_THIS_TIME and (line is None or may_be_written_to(line)):
        flash(silenced_words(participant_id), "info")
    return redirect(url_for("clinic.tasks"))


def _show_counts() -> ResponseReturnValue:
    """Show how much each site is asked to do: all sites at once, or in parts where many are enrolled."""
    parts = divide_sites(this.session(), actor=this.actor())
    page = min(max(request.args.get("page", 1, type=int), 1), max(1, len(parts)))
    site_ids = parts[page - 1] if parts else ()
    counts = count_tasks_by_site(this.session(), site_ids=site_ids, actor=this.actor(), now=this.now())
    asked = {kind for count in counts for kind, tasks in count.by_kind.items() if tasks}
    # A kind that nobody is asked today would be a column of dashes, and all of them fit no screen.
    kinds = {kind: words for kind, words in {**KINDS, **list_matter_titles()}.items() if kind in asked}
    return render_template(
        "clinic/task_counts.html",
        counts=counts,
        kinds=kinds,
        scope=load_scope(this.session(), actor=this.actor()),
        first=sum(map(len, parts[: page - 1])) + 1,
        site_count=sum(map(len, parts)),
        page=page,
        page_count=max(1, len(parts)),
    )


def _find_line(participant_id: int, mark: str) -> SiteTaskLine | None:
    """Find the task that an address names; None once it is settled or its reason is gone."""
    lines = list_tasks_of_participant(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    return next((line for line in lines if task_mark(line.task.task_key) == mark), None)


def _form(participant_id: int, line: SiteTaskLine | None) -> TaskForm:
    form = TaskForm()
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    form.offer(line, load_protocol_of(this.session(), participant))
    if line is not None and not form.is_submitted():
        form.task_key.data = line.task.task_key
    return form


def _render(
    line: SiteTaskLine,
    form: TaskForm,
    *,
    status: int = 200,
    is_number_shown: bool = False,
    number: str | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "clinic/task.html", form=form, line=line, is_number_shown=is_number_shown, number=number
    )
    return page, status


def _tell_gone(participant_id: int, mark: str) -> ResponseReturnValue:
    """Lead back to the list, and say who did the task what way and when, if somebody did."""
    records = list_recorded_tasks(
        this.session(),
        participant_id,
        actor=this.actor(),
        language=str(get_locale()),
        most=RECORDS_LOOKED_THROUGH,
    )
    done = next((record for record in records if task_mark(record.task_key) == mark), None)
    if done is None:
        flash(gettext(GONE), "attention")
    else:
        zone = load_participant(this.session(), participant_id, actor=this.actor()).zone
        said = recorded_words(done, zone)
        flash(gettext("%(done)s Nothing more was recorded.", done=said), "attention")
    return redirect(url_for("clinic.tasks"))
