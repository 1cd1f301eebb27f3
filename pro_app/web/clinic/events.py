"""Recording what happened to a participant, with a question first where it cannot be undone."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from wtforms.fields.choices import SelectChoice

from pro_app.errors import InputRejected, NotFound
from pro_app.services.event_offers import (
    EventOffer,
    EventPreview,
    NewEvent,
    Situation,
    find_end,
    list_event_offers,
    list_unsent_before,
    load_situation,
    make_offer,
    preview_event,
)
from pro_app.services.events import Correction, correct_event, load_event, record_event
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.forms import CorrectionForm, EventForm
from pro_app.web.clinic.words import effect_sentences
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/events/new")
@access.staff("nurse", "investigator")
def choose_event(participant_id: int) -> ResponseReturnValue:
    """Show what may be recorded now, each with what it does."""
    situation = _load_situation(participant_id)
    end = find_end(situation)
    offers = [(offer, effect_sentences(offer)) for offer in list_event_offers(situation, now=this.now())]
    return render_template(
        "clinic/choose_event.html",
        situation=situation,
        end=end,
        offers=[entry for entry in offers if end is None or entry[0].kind in end.followed_by],
        earlier=[entry for entry in offers if end is not None and entry[0].kind not in end.followed_by],
    )


@blueprint.post("/clinic/participants/<int:participant_id>/events/new")
@access.staff("nurse", "investigator")
def new_event(participant_id: int) -> ResponseReturnValue:
    """Show the form of the chosen event, or record what it says.

    The kind travels in the body and never in the address: addresses end up in logs.
    """
    situation = _load_situation(participant_id)
    offer = _load_offer(situation, request.form.get("kind", ""))
    form = _fitted(EventForm(), offer)
    if request.form.get("step") != "save":
        form.occurred_on.data = offer.proposed_on
        form.occurred_on.raw_data = None
        return _render(form, offer, situation)
    if not form.validate():
        return _render(form, offer, situation, status=400)
    said = NewEvent(offer.kind, form.occurred_on.data, _details(form))
    preview = None if request.form.get("confirmed") else _find_grave(situation, offer, said)
    if preview is not None:
        return _render_question(form, offer, preview, participant_id=participant_id)
    try:
        record_event(
            this.session(),
            participant_id=participant_id,
            kind=said.kind,
            occurred_on=said.occurred_on,
            details=said.details,
            actor=this.actor(),
            now=this.now(),
            language=situation.language,
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, offer, situation, status=400)
    flash(gettext("Recorded: %(event)s. The calendar is up to date.", event=offer.label), "good")
    return redirect(url_for("clinic.participant", participant_id=participant_id))


@blueprint.get("/clinic/participants/<int:participant_id>/events/<int:event_id>")
@access.staff("nurse", "investigator")
def event(participant_id: int, event_id: int) -> ResponseReturnValue:
    """Show an event as it is recorded, to be corrected."""
    known = load_event(this.session(), event_id, participant_id=participant_id, actor=this.actor())
    situation = _load_situation(participant_id)
    offer = _load_offer(situation, known.kind)
    form = _fitted(CorrectionForm(), offer)
    form.occurred_on.data = known.occurred_on
    for name in ("arm", "of"):
        if name in form:
            form[name].data = known.details.get(name)
    if "until" in form:
        form.until.process_formdata([known.details.get("until", "")])
    return _render_correction(form, offer, situation)


@blueprint.post("/clinic/participants/<int:participant_id>/events/<int:event_id>")
@access.staff("nurse", "investigator")
def save_correction(participant_id: int, event_id: int) -> ResponseReturnValue:
    """Correct an event or take it back, with a reason; the first entry stays in the record."""
    known = load_event(this.session(), event_id, participant_id=participant_id, actor=this.actor())
    situation = _load_situation(participant_id)
    offer = _load_offer(situation, known.kind)
    form = _fitted(CorrectionForm(), offer)
    if not form.validate():
        return _render_correction(form, offer, situation, status=400)
    taken_back = form.never_happened.data
    correction = Correction(
        form.reason.data,
        occurred_on=None if taken_back else form.occurred_on.data,
        details=None if taken_back else dict(known.details) | _details(form),
    )
    try:
        correct_event(
            this.session(),
            event_id,
            correction,
            actor=this.actor(),
            now=this.now(),
            language=situation.language,
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_correction(form, offer, situation, status=400)
    flash(gettext("Corrected: %(event)s. The calendar is up to date.", event=offer.label), "good")
    return redirect(url_for("clinic.participant", participant_id=participant_id))


def _load_situation(participant_id: int) -> Situation:
    return load_situation(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )


def _load_offer(situation: Situation, kind: str) -> EventOffer:
    known = situation.protocol.event_kinds_by_code.get(kind)
    if known is None:
        raise NotFound("event kind")
    return make_offer(situation, known)


def _fitted(form: EventForm, offer: EventOffer) -> EventForm:
    """Keep only the fields that this kind of event needs."""
    for name, choices in (("arm", offer.arms), ("of", offer.resumable)):
        if choices:
            form[name].choices = [SelectChoice(code, words) for code, words in choices]
        else:
            del form[name]
    if not offer.needs_until:
        del form.until
    return form


def _details(form: EventForm) -> dict[str, str]:
    details = {name: form[name].data for name in ("arm", "of") if name in form}
    return details | ({"until": form.until.data.isoformat()} if "until" in form else {})


def _find_grave(situation: Situation, offer: EventOffer, said: NewEvent) -> EventPreview | None:
    """Give what would happen if it is something to be asked about first.

    What the rules refuse is left to the recording, which knows a form that was sent twice.
    """
    try:
        preview = preview_event(this.session(), situation, said, now=this.now())
    except InputRejected:
        return None
    return preview if offer.is_final or preview.unsent else None


def _render(
    form: EventForm, offer: EventOffer, situation: Situation, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "clinic/event.html",
        form=form,
        offer=offer,
        sentences=effect_sentences(offer),
        participant_id=situation.participant_id,
        unsent=list_unsent_before(this.session(), situation, offer.kind),
    )
    return page, status


def _render_question(
    form: EventForm, offer: EventOffer, preview: EventPreview, *, participant_id: int
) -> ResponseReturnValue:
    return render_template(
        "clinic/confirm_event.html",
        form=form,
        offer=offer,
        preview=preview,
        participant_id=participant_id,
        fields=request.form.to_dict() | {"confirmed": "yes"},
    )


def _render_correction(
    form: EventForm, offer: EventOffer, situation: Situation, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template("clinic/correction.html", form=form, offer=offer, situation=situation)
    return page, status
