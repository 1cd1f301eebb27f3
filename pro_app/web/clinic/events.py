"""Recording what happened to a participant: a form, what it would do, and only then the record."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.services.event_offers import (
    EventOffer,
    Situation,
    find_end,
    list_event_offers,
    list_unsent_before,
)
from pro_app.services.events import NewEvent, PreviewOutdated, confirm_event
from pro_app.services.plan_previews.preview import preview_event
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
from pro_app.web.clinic.forms import EventForm
from pro_app.web.clinic.seen_previews import read_seen
from pro_app.web.clinic.words import effect_sentences
from pro_app.web.problems import show_problems


@blueprint.get("/clinic/participants/<int:participant_id>/events/new")
@access.staff("nurse", "investigator")
def choose_event(participant_id: int) -> ResponseReturnValue:
    """Show what may be recorded now, each with what it does."""
    situation = load_situation_of(participant_id)
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
    """Show the form of the chosen event, then what it would do (`save`), then record it (`confirm`).

    The kind travels in the body and never in the address: addresses end up in logs.
    """
    situation = load_situation_of(participant_id)
    offer = load_offer(situation, request.form.get("kind", ""))
    form = EventForm()
    fit_form(form, offer)
    step = request.form.get("step")
    if step not in {"save", "confirm"}:
        if step != "edit":
            form.occurred_on.data, form.occurred_on.raw_data = offer.proposed_on, None
        return _render(form, offer, situation)
    if not form.validate():
        return _render(form, offer, situation, status=400)
    said = NewEvent(offer.kind, form.occurred_on.data, read_details(form))
    try:
        return _record(situation, offer, said) if step == "confirm" else _preview(situation, offer, said)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(form, offer, situation, status=400)


def _preview(situation: Situation, offer: EventOffer, said: NewEvent) -> ResponseReturnValue:
    preview = preview_event(this.session(), situation, said, now=this.now())
    return render_preview(preview, offer, address=_address(situation))


def _record(situation: Situation, offer: EventOffer, said: NewEvent) -> ResponseReturnValue:
    """Record the event if it does what was seen, else show what it would do now."""
    try:
        event = confirm_event(
            this.session(),
            situation.participant_id,
            said,
            seen=read_seen(request.form.get("seen")),
            actor=this.actor(),
            now=this.now(),
            language=situation.language,
        )
    except PreviewOutdated as outdated:
        return render_preview(outdated.preview, offer, address=_address(situation), outdated=True)
    flash_recorded(
        gettext("Recorded: %(event)s. The calendar is up to date.", event=offer.label),
        participant_id=situation.participant_id,
        event_id=event.id,
    )
    return redirect(url_for("clinic.participant", participant_id=situation.participant_id))


def _address(situation: Situation) -> str:
    return url_for("clinic.new_event", participant_id=situation.participant_id)


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
