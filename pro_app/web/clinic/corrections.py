"""Correcting what was recorded, taking it back, undoing either: first what it would do, and why."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.services.event_offers import EventOffer, Situation
from pro_app.services.event_undo import find_undo
from pro_app.services.events import (
    Correction,
    NewEvent,
    ParticipantEvent,
    PreviewOutdated,
    correct_event,
    load_event,
)
from pro_app.services.plan_previews.preview import preview_correction, preview_event
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.event_steps import (
    fit_form,
    flash_recorded,
    load_offer,
    load_situation_of,
    read_details,
    render_preview,
)
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import CorrectionForm
from pro_app.web.clinic.seen_previews import read_seen
from pro_app.web.problems import problem_words, show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/events/<int:event_id>")
@access.staff("nurse", "investigator")
def event(participant_id: int, event_id: int) -> ResponseReturnValue:
    """Show an event as it is recorded, to be corrected."""
    known = load_event(this.session(), event_id, participant_id=participant_id, actor=this.actor())
    situation = load_situation_of(participant_id)
    offer = load_offer(situation, known.kind)
    form = CorrectionForm()
    fit_form(form, offer, resumed=_list_resumed(situation, offer, known))
    form.occurred_on.data = known.occurred_on
    for name in ("arm", "of"):
        if name in form:
            form[name].data = known.details.get(name)
    if "until" in form:
        form.until.process_formdata([known.details.get("until", "")])
    return _render(form, offer, situation, event_id=event_id)


@blueprint.post("/clinic/participants/<int:participant_id>/events/<int:event_id>")
@access.staff("nurse", "investigator")
def save_correction(participant_id: int, event_id: int) -> ResponseReturnValue:
    """Show what a correction would do, then make it (`confirm`); the first entry stays in the record."""
    known = load_event(this.session(), event_id, participant_id=participant_id, actor=this.actor())
    situation = load_situation_of(participant_id)
    offer = load_offer(situation, known.kind)
    form = CorrectionForm()
    fit_form(form, offer, resumed=_list_resumed(situation, offer, known))
    step = request.form.get("step")
    if step == "edit":
        return _render(form, offer, situation, event_id=event_id)
    is_valid = form.validate()
    if not is_valid and not (step == "confirm" and set(form.errors) == {"reason"}):
        return _render(form, offer, situation, event_id=event_id, status=400)
    taken_back = form.never_happened.data
    correction = Correction(
        form.reason.data or "",
        occurred_on=None if taken_back else form.occurred_on.data,
        details=None if taken_back else dict(known.details) | read_details(form),
    )
    try:
        if step == "confirm" and is_valid:
            return _correct(situation, offer, correction, event_id=event_id, form=form)
        preview = preview_correction(this.session(), situation, correction, event_id=event_id, now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, offer, situation, event_id=event_id, status=400)
    return render_preview(preview, offer, address=_address(situation, event_id), form=form)


@blueprint.get("/clinic/participants/<int:participant_id>/events/<int:event_id>/undo")
@access.staff("nurse", "investigator")
def undo_event(participant_id: int, event_id: int) -> ResponseReturnValue:
    """Show what undoing an entry would do, with a reason that may be changed; nothing is done yet."""
    known = load_event(this.session(), event_id, participant_id=participant_id, actor=this.actor())
    situation = load_situation_of(participant_id)
    offer = load_offer(situation, known.kind)
    undo = find_undo(this.session(), known)
    try:
        if isinstance(undo, NewEvent):
            again = preview_event(this.session(), situation, undo, now=this.now())
            address = url_for("clinic.new_event", participant_id=participant_id)
            return render_preview(again, offer, address=address)
        preview = preview_correction(this.session(), situation, undo, event_id=event_id, now=this.now())
    except InputRejected as rejected:
        for problem in rejected.problems:
            flash(problem_words(problem), "attention")
        return redirect(url_for("clinic.participant", participant_id=participant_id))
    form = CorrectionForm()
    taken_back = undo.occurred_on is None
    form.reason.data = (
        gettext("Recorded by mistake.") if taken_back else gettext("The earlier entry was right.")
    )
    return render_preview(preview, offer, address=_address(situation, event_id), form=form)


def _list_resumed(
    situation: Situation, offer: EventOffer, known: ParticipantEvent
) -> tuple[tuple[str, str], ...]:
    """List what the event may resume: what holds now, and what it resumed itself, which holds no longer."""
    code = known.details.get("of")
    if code is None:
        return offer.resumable
    own = (code, situation.protocol.event_label(code, situation.language))
    return (own, *(choice for choice in offer.resumable if choice[0] != code))


def _correct(
    situation: Situation,
    offer: EventOffer,
    correction: Correction,
    *,
    event_id: int,
    form: CorrectionForm,
) -> ResponseReturnValue:
    """Correct the event if that does what was seen, else show what it would do now."""
    try:
        row = correct_event(
            this.session(),
            event_id,
            correction,
            seen=read_seen(request.form.get("seen")),
            actor=this.actor(),
            now=this.now(),
            language=situation.language,
        )
    except PreviewOutdated as outdated:
        address = _address(situation, event_id)
        return render_preview(outdated.preview, offer, address=address, form=form, outdated=True)
    text = (
        gettext("Taken back: %(event)s. The calendar is up to date.", event=offer.label)
        if row.retracts
        else gettext("Corrected: %(event)s. The calendar is up to date.", event=offer.label)
    )
    flash_recorded(text, participant_id=situation.participant_id, event_id=row.id)
    return redirect(url_for("clinic.participant", participant_id=situation.participant_id))


def _address(situation: Situation, event_id: int) -> str:
    return url_for("clinic.save_correction", participant_id=situation.participant_id, event_id=event_id)


def _render(
    form: CorrectionForm, offer: EventOffer, situation: Situation, *, event_id: int, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "clinic/correction.html",
        form=form,
        offer=offer,
        situation=situation,
        address=_address(situation, event_id),
    )
    return page, status
