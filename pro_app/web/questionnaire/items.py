"""The screens of a questionnaire: the instruction of each block, one item a screen, and going on later."""

from uuid import UUID, uuid4, uuid5

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro_app.errors import AnswerRejected, InputRejected, NotFound
from pro_app.services.answers import AnswerState, Operation, save_operations
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.questionnaire import KEPT, GivenAnswer, Questionnaire, Screen, load_questionnaire
from pro_app.services.responses import require_answerable
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.questionnaire.face import blueprint
from pro_app.web.questionnaire.forms import DECLINE, NOT_APPLICABLE, AnswerForm
from pro_app.web.tablet_reach import open_to_tablet


@blueprint.get("/p/q/<int:assessment_id>")
@access.participants
@open_to_tablet
def resume(assessment_id: int) -> ResponseReturnValue:
    """Lead to where the participant stopped, on whatever device; to the receipt of a sent form."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    if questionnaire.assessment.submitted_at is not None:
        return redirect(url_for("questionnaire.show_receipt", assessment_id=assessment_id))
    require_answerable(questionnaire.assessment, this.now())
    number = questionnaire.resume_number
    address = screen_url(assessment_id, number) if number else review_url(assessment_id)
    # A phone that keeps the questionnaire gives its own unless it is asked for the plain pages.
    return redirect(f"{address}?plain=1" if "plain" in request.args else address)


@blueprint.get("/p/q/<int:assessment_id>/<int:number>")
@access.participants
@open_to_tablet
def show_screen(assessment_id: int, number: int) -> ResponseReturnValue:
    """Show one screen: an instruction or an item; after the last one comes the review."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    if questionnaire.assessment.submitted_at is not None:
        return redirect(url_for("questionnaire.show_receipt", assessment_id=assessment_id))
    require_answerable(questionnaire.assessment, this.now())
    if number == len(questionnaire.screens) + 1:
        return redirect(review_url(assessment_id))
    screen = questionnaire.screen(number)
    if screen.item is None:
        back = request.args.get("back", type=int)
        return render_template(
            "questionnaire/instruction.html", questionnaire=questionnaire, screen=screen, back=back
        )
    return render_item(questionnaire, screen, _empty_form(screen))


@blueprint.post("/p/q/<int:assessment_id>/<int:number>")
@access.participants
@open_to_tablet
def save_screen(assessment_id: int, number: int) -> ResponseReturnValue:
    """Keep the answer of one item and go on; an empty one is asked about once."""
    form = AnswerForm()
    if not form.validate():
        raise _rejected(form)
    operation = read_operation(form)
    if operation is not None:
        actor = this.actor()
        if actor.mode == INTERVIEW and form.before.data != KEPT and _is_kept(assessment_id, number, form):
            return redirect(screen_url(assessment_id, number))
        save_operations(
            this.session(), assessment_id=assessment_id, operations=[operation], actor=actor, now=this.now()
        )
    elif form.go.data != "previous" and not form.before.data and not form.answer.data:
        return _ask_once(assessment_id, number, form)
    if form.back.data:
        return redirect(review_url(assessment_id))
    step = -1 if form.go.data == "previous" else 1
    return redirect(url_for("questionnaire.show_screen", assessment_id=assessment_id, number=number + step))


def _is_kept(assessment_id: int, number: int, form: AnswerForm) -> bool:
    """Tell whether the person answered an item meanwhile; only what the person changes is asked anew."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    screen = questionnaire.screen(number)
    is_same = screen.item is not None and screen.item.number == form.item.data
    return is_same and screen.answer is not None and screen.answer.is_kept


def render_item(
    questionnaire: Questionnaire, screen: Screen, form: AnswerForm, *, asking: bool = False
) -> ResponseReturnValue:
    """Render one item; `asking` shows the one question about an empty item.

    What the person answered is not asked again in an interview, unless the person changes it.
    """
    is_kept = form.before.data == KEPT and "change" not in request.args
    return render_template(
        "questionnaire/item.html",
        questionnaire=questionnaire,
        screen=screen,
        total=len(questionnaire.item_screens),
        form=form,
        asking=asking,
        chosen=form.before.data or None,
        is_kept=is_kept,
    )


def screen_url(assessment_id: int, number: int) -> str:
    """Give the address of a screen."""
    return url_for("questionnaire.show_screen", assessment_id=assessment_id, number=number)


def review_url(assessment_id: int) -> str:
    """Give the address of the review."""
    return url_for("questionnaire.review", assessment_id=assessment_id)


def said(answer: GivenAnswer | None) -> str:
    """Give an answer as the form carries it: a response code, `N`, a state without a value, or nothing."""
    if answer is None:
        return ""
    if answer.state == "not_applicable":
        return NOT_APPLICABLE
    return answer.state if answer.value is None else str(answer.value)


def _empty_form(screen: Screen) -> AnswerForm:
    if screen.item is None:
        raise NotFound("item")
    return AnswerForm(
        formdata=None,
        page_id=str(uuid4()),
        instrument=screen.part.asked.instrument.code,
        item=screen.item.number,
        wording=screen.part.wording.sha256,
        before=said(screen.answer),
        back="review" if request.args.get("back") == "review" else "",
    )


def _ask_once(assessment_id: int, number: int, form: AnswerForm) -> ResponseReturnValue:
    """Show the item again with the one question about leaving it empty."""
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    require_answerable(questionnaire.assessment, this.now())
    form.asked.data = "1"
    return render_item(questionnaire, questionnaire.screen(number), form, asking=True)


def _rejected(form: AnswerForm) -> Exception:
    """Say what was wrong with a form that no screen of ours sends."""
    if form.answer.errors and form.item.data is not None:
        return AnswerRejected(form.instrument.data or "", form.item.data, "value_out_of_range")
    return InputRejected(())


def read_operation(form: AnswerForm) -> Operation | None:
    """Give what the form says as one operation; None where it says nothing new.

    Leaving an item empty is only said by going on after the one question about it.
    """
    chosen = form.answer.data or ""
    state: AnswerState = "answered"
    if form.go.data == DECLINE:
        state = "declined"
    elif not chosen:
        if not form.asked.data or form.before.data or form.go.data == "previous":
            return None
        state = "left_blank"
    elif chosen == form.before.data and not form.operation_id.data:
        return None
    elif chosen == NOT_APPLICABLE:
        state = "not_applicable"
    value = int(chosen) if state == "answered" else None
    made_here = uuid5(UUID(form.page_id.data), f"{form.item.data}:{state}:{value}")
    sent_by_script = form.operation_id.data if chosen and state != "declined" else ""
    return Operation(
        operation_id=sent_by_script or str(made_here),
        instrument_code=form.instrument.data,
        item_number=form.item.data or 0,
        state=state,
        value=value,
        counter=form.counter.data or 0,
        counted_by=form.counted_by.data or None,
        listened=form.listened.data == "1",
        wording_sha256=form.wording.data or None,
    )
