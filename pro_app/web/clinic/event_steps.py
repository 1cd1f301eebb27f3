"""What recording and correcting an event share: the form, the preview before it, the way back after it."""

from typing import Any

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from markupsafe import Markup
from wtforms.fields.choices import SelectChoice

from pro_app.errors import NotFound
from pro_app.services.event_offers import EventOffer, Situation, load_situation, make_offer
from pro_app.services.plan_previews.model import PlanPreview
from pro_app.web import request as this
from pro_app.web.clinic.forms import CorrectionForm, EventForm
from pro_app.web.clinic.preview_words import describe_preview
from pro_app.web.clinic.seen_previews import sign_preview
from pro_app.web.clinic.words import effect_sentences, full_day

CONFLICT = 409


def load_situation_of(participant_id: int) -> Situation:
    """Give the situation of a participant, with words in the language of the page."""
    return load_situation(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), now=this.now()
    )


def load_offer(situation: Situation, kind: str) -> EventOffer:
    """Give what the form about a kind of event needs; raises NotFound for an unknown one."""
    known = situation.protocol.event_kinds_by_code.get(kind)
    if known is None:
        raise NotFound("event kind")
    return make_offer(situation, known)


def fit_form(
    form: EventForm, offer: EventOffer, *, resumed: tuple[tuple[str, str], ...] | None = None
) -> None:
    """Keep only the fields that this kind of event needs; `resumed` is what a known event resumes."""
    for name, choices in (("arm", offer.arms), ("of", offer.resumable if resumed is None else resumed)):
        if choices:
            form[name].choices = [SelectChoice(code, words) for code, words in choices]
        else:
            del form[name]
    if not offer.needs_until:
        del form.until


def read_details(form: EventForm) -> dict[str, str]:
    """Give what the form says beside the date."""
    details = {name: form[name].data for name in ("arm", "of") if name in form}
    return details | ({"until": form.until.data.isoformat()} if "until" in form else {})


def render_preview(
    preview: PlanPreview,
    offer: EventOffer,
    *,
    address: str,
    form: CorrectionForm | None = None,
    outdated: bool = False,
    may_edit: bool = True,
) -> ResponseReturnValue:
    """Show what an act would do, with the button that does it; `form` holds the reason of a correction."""
    page = render_template(
        "clinic/confirm_event.html",
        title=_name_act(preview),
        address=address,
        fields=_list_fields(preview),
        participant_id=preview.participant_id,
        participant_code=preview.participant_code,
        effects=effect_sentences(offer) if preview.act == "record" and offer.effect else [],
        said=describe_preview(preview),
        is_final=preview.act == "record" and offer.is_final,
        outdated=outdated,
        confirm_label=_name_button(preview),
        form=form,
        may_edit=may_edit,
    )
    return page, CONFLICT if outdated else 400 if form is not None and form.errors else 200


def flash_recorded(text: str, *, participant_id: int, event_id: int) -> None:
    """Say at the top of the next page that it is done, and how it is undone."""
    undo = url_for("clinic.undo_event", participant_id=participant_id, event_id=event_id)
    words = Markup('{} <a href="{}">{}</a>').format(text, undo, gettext("Undo this entry"))
    flash(words, "good")


def _name_act(preview: PlanPreview) -> str:
    words = {
        "record": gettext("%(event)s, on %(date)s", event=preview.label, date=full_day(preview.occurred_on)),
        "correct": gettext(
            "Correct: %(event)s, on %(date)s", event=preview.label, date=full_day(preview.occurred_on)
        ),
        "retract": gettext(
            "Take back: %(event)s, on %(date)s", event=preview.label, date=full_day(preview.occurred_on)
        ),
    }
    return str(words[preview.act])


def _name_button(preview: PlanPreview) -> str:
    words = {"record": gettext("Record"), "correct": gettext("Correct"), "retract": gettext("Take back")}
    return str(words[preview.act])


def _list_fields(preview: PlanPreview) -> dict[str, Any]:
    """Give the hidden fields that say the same again, and which preview was seen."""
    details = {name: preview.details[name] for name in ("arm", "of", "until") if name in preview.details}
    fields = {"kind": preview.kind, "occurred_on": preview.occurred_on.isoformat(), **details}
    if preview.act == "retract":
        fields["never_happened"] = "y"
    return fields | {"seen": sign_preview(preview)}
