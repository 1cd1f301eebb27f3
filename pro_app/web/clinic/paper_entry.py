"""Typing a sheet of paper in: the grid, the counts before it is filed, the differences of two entries."""

from collections.abc import Iterable, Mapping

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, ngettext

from pro_app.errors import InputRejected, Problem
from pro_app.services.paper.decisions import Decision, decide, list_open_differences
from pro_app.services.paper.desk import Desk, Stage, load_desk
from pro_app.services.paper.entries import finish_entry, save_marks, say_untyped
from pro_app.services.paper.heads import HEAD_FIELDS
from pro_app.services.paper.marks import clean_mark, list_untyped
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.paper import label_of
from pro_app.web.clinic.paper_forms import EntryForm
from pro_app.web.clinic.paper_heads import render_correction
from pro_app.web.clinic.paper_races import leads_back, refuse_script
from pro_app.web.clinic.paper_words import count_words, list_instruments, list_keys, mark_words
from pro_app.web.errors import wants_json
from pro_app.web.problems import problem_words


@blueprint.get("/clinic/visits/<int:assessment_id>/paper/entry")
@access.staff("nurse", "investigator")
def paper_entry(assessment_id: int) -> ResponseReturnValue:
    """Show the grid with what one typed so far; nothing of what a colleague typed."""
    desk = _load(assessment_id)
    if _stage(desk) is not Stage.TYPE:
        return _back(desk)
    return _render_grid(desk, desk.own_marks(this.actor().account_id), ())


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/entry")
@access.staff("nurse", "investigator")
@leads_back
def save_paper_entry(assessment_id: int) -> ResponseReturnValue:
    """Save what was typed, also on the way; `go=review` goes on to the counts once all is typed."""
    desk = _load(assessment_id)
    marks = {cell.key: clean_mark(request.form.get(cell.key, "")) for cell in desk.open_cells}
    try:
        problems = save_marks(this.session(), assessment_id, marks, actor=this.actor(), now=this.now())
    except InputRejected:
        return refuse_script() if wants_json() else _back(desk)
    if wants_json():
        return jsonify(saved=sum(map(bool, marks.values())), problems=[p.place for p in problems])
    is_done = request.form.get("go") == "review"
    problems += say_untyped(desk.open_cells, marks) if is_done else []
    if problems:
        return _render_grid(desk, marks, problems), 400
    if not is_done:
        flash(gettext("What was typed is saved. You can go on later."), "good")
        return redirect(url_for("clinic.participant", participant_id=desk.assessment.participant_id))
    return redirect(url_for("clinic.paper_review", assessment_id=assessment_id))


@blueprint.get("/clinic/visits/<int:assessment_id>/paper/review")
@access.staff("nurse", "investigator")
def paper_review(assessment_id: int) -> ResponseReturnValue:
    """Show how many questions were answered, left empty and so on, before the sheet is filed."""
    desk = _load(assessment_id)
    if _stage(desk) is not Stage.TYPE:
        return _back(desk)
    marks = desk.own_marks(this.actor().account_id)
    if list_untyped(desk.open_cells, marks):
        return redirect(url_for("clinic.paper_entry", assessment_id=assessment_id))
    waits = desk.form is not None and desk.form.wants_second
    return render_template(
        "clinic/paper_review.html",
        form=EntryForm(),
        desk=desk,
        label=label_of(desk),
        counts=count_words(desk, marks),
        is_first=waits and len(desk.typed) == 1,
    )


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/review")
@access.staff("nurse", "investigator")
@leads_back
def finish_paper_entry(assessment_id: int) -> ResponseReturnValue:
    """Finish one's entry: the form is filed, or waits for somebody else."""
    desk = _load(assessment_id)
    who, language = this.actor(), str(get_locale())
    try:
        finished = finish_entry(this.session(), assessment_id, actor=who, now=this.now(), language=language)
    except InputRejected as rejected:
        if rejected.problems[0].place in HEAD_FIELDS:
            return render_correction(desk, rejected), 400
        flash(" ".join(problem_words(problem) for problem in rejected.problems[:1]), "attention")
        return redirect(url_for("clinic.paper", assessment_id=assessment_id))
    if finished.receipt is not None:
        return _tell_filed(desk, finished.receipt.receipt_code)
    if finished.outcome == "differences":
        return redirect(url_for("clinic.paper_differences", assessment_id=assessment_id))
    return redirect(url_for("clinic.paper", assessment_id=assessment_id))


@blueprint.get("/clinic/visits/<int:assessment_id>/paper/differences")
@access.staff("nurse", "investigator")
def paper_differences(assessment_id: int) -> ResponseReturnValue:
    """Show where two entries differ, item by item, to be decided with the sheet at hand."""
    desk = _load(assessment_id)
    if _stage(desk) is not Stage.DIFFERENCES:
        return _back(desk)
    return _render_differences(desk, {}, ())


@blueprint.post("/clinic/visits/<int:assessment_id>/paper/differences")
@access.staff("nurse", "investigator")
@leads_back
def decide_paper(assessment_id: int) -> ResponseReturnValue:
    """Decide every difference with a reason, and file the form."""
    desk = _load(assessment_id)
    if _stage(desk) is not Stage.DIFFERENCES:
        return _back(desk)
    made = {
        cell.key: Decision(
            clean_mark(request.form.get(cell.key, "")), request.form.get(f"why-{cell.key}", "").strip()
        )
        for cell in list_open_differences(desk)
    }
    who, language = this.actor(), str(get_locale())
    try:
        receipt = decide(this.session(), assessment_id, made, actor=who, now=this.now(), language=language)
    except InputRejected as rejected:
        return _render_differences(desk, made, rejected.problems), 400
    return _tell_filed(desk, receipt.receipt_code)


def _load(assessment_id: int) -> Desk:
    return load_desk(this.session(), assessment_id, actor=this.actor())


def _stage(desk: Desk) -> Stage:
    return desk.stage(this.actor().account_id)


def _back(desk: Desk) -> ResponseReturnValue:
    """Lead to the page that says what is next with this sheet."""
    return redirect(url_for("clinic.paper", assessment_id=desk.assessment.assessment_id))


def _tell_filed(desk: Desk, receipt_code: str) -> ResponseReturnValue:
    flash(gettext("The paper form is filed. Receipt code: %(code)s.", code=receipt_code), "good")
    return redirect(url_for("clinic.participant", participant_id=desk.assessment.participant_id))


def _render_grid(desk: Desk, marks: Mapping[str, str], problems: Iterable[Problem]) -> str:
    open_count = len(desk.open_cells)
    wrong = {problem.place: problem_words(problem) for problem in problems}
    return render_template(
        "clinic/paper_entry.html",
        form=EntryForm(),
        desk=desk,
        label=label_of(desk),
        instruments=list_instruments(desk),
        keys=list_keys(desk),
        marks=marks,
        wrong=wrong,
        count=sum(bool(marks.get(cell.key)) for cell in desk.open_cells),
        questions=ngettext("%(num)s question", "%(num)s questions", open_count),
        ordinal=2 if _is_second(desk) else 1,
    )


def _is_second(desk: Desk) -> bool:
    """Tell whether the entry of this person is the second one."""
    own = [typed for typed in desk.typed if typed.account_id == this.actor().account_id]
    return (own[0].ordinal if own else len(desk.typed) + 1) != 1


def _render_differences(desk: Desk, made: Mapping[str, Decision], problems: Iterable[Problem]) -> str:
    return render_template(
        "clinic/paper_differences.html",
        form=EntryForm(),
        desk=desk,
        label=label_of(desk),
        cells=list_open_differences(desk),
        keys=list_keys(desk),
        made=made,
        wrong={problem.place: problem_words(problem) for problem in problems},
        head_fields=HEAD_FIELDS,
        mark_words=mark_words,
    )
