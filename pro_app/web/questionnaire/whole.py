"""The whole questionnaire in one document, which a phone keeps for times without a network.

It holds every screen and no answer; those come apart, and are kept in no cache.
"""

from collections.abc import Callable
from dataclasses import replace

from flask import g, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from pro_app.services.production.entries import may_be_listened_to
from pro_app.services.questionnaire import Questionnaire, Screen, load_questionnaire
from pro_app.services.responses import require_answerable
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.assets import asset, module
from pro_app.web.principals import PARTICIPANT
from pro_app.web.questionnaire.face import blueprint
from pro_app.web.questionnaire.forms import AnswerForm, RespondentForm
from pro_app.web.questionnaire.items import said
from pro_app.web.tablet_reach import open_to_tablet

OWN_DEVICE = "own_device"
FONTS = ("atkinson-hyperlegible-400.woff2", "atkinson-hyperlegible-700.woff2")
MODULES = ("queue", "sync", "phone", "screens", "questionnaire")


@blueprint.get("/p/q/<int:assessment_id>/whole")
@access.participants
@open_to_tablet
def show_whole(assessment_id: int) -> ResponseReturnValue:
    """Show every screen as a template, without any answer."""
    questionnaire = _load_answerable(assessment_id)
    silent = Questionnaire(
        questionnaire.assessment, tuple(replace(part, answers={}) for part in questionnaire.parts)
    )
    return render_template(
        "questionnaire/whole.html",
        questionnaire=silent,
        screens=[_render_screen(silent, screen) for screen in silent.screens],
        review=_render("review", "questionnaire/review.html", questionnaire=silent),
        respondent=_render(
            "send", "questionnaire/respondent.html", questionnaire=silent, form=_respondent_form(silent)
        ),
        sent=_render("sent", "questionnaire/sent.html"),
    )


@blueprint.get("/p/q/<int:assessment_id>/answers")
@access.participants
@open_to_tablet
def tell_answers(assessment_id: int) -> ResponseReturnValue:
    """Tell what the centre has, by item, as the forms carry it; kept nowhere."""
    questionnaire = _load_answerable(assessment_id)
    answers = {
        f"{part.asked.instrument.code}:{number}": said(answer)
        for part in questionnaire.parts
        for number, answer in part.answers.items()
    }
    return jsonify(owner=this.participant().queue_owner, answers=answers)


@blueprint.get("/p/offline")
@access.public
def show_offline() -> ResponseReturnValue:
    """Show what a phone shows in the place of a page that it cannot load; it says nothing about anybody."""
    return render_template("questionnaire/offline.html")


def find_phone_owner() -> str:
    """Find for whom the scripts of this browser may keep anything; empty for nobody.

    On a tablet of the site they may while it is lent, until the page is left.
    """
    if not current_user.is_authenticated or current_user.role != PARTICIPANT:
        return ""
    keeps_in_memory = this.participant().loan is not None
    is_own = this.participant().mode == OWN_DEVICE
    return this.participant().queue_owner if is_own or keeps_in_memory else ""


def list_kept_files() -> list[str]:
    """List the addresses of all files that the kept pages need."""
    return [
        *(asset(path) for path in ("css/base.css", "css/patient.css", "img/icon.svg")),
        *(module(name) for name in MODULES),
        *([module("listen")] if is_listening() else []),
        *(url_for("static", filename=f"fonts/{name}") for name in FONTS),  # as the style sheet names them
    ]


def is_listening() -> bool:
    """Tell whether the signed-in person can have the questions read aloud, if the device has a voice."""
    if not current_user.is_authenticated or current_user.role != PARTICIPANT:
        return False
    if "is_listening" not in g:
        allowed = this.participant().listens and may_be_listened_to(
            this.session(), this.participant().study_id
        )
        g.is_listening = allowed
    return bool(g.is_listening)


def describe_look() -> str:
    """Say how this person's pages look now: a page that was kept with another look is kept anew."""
    if not find_phone_owner():
        return ""
    person = this.participant()
    look = (str(get_locale()), person.text_size, person.contrast, "aloud" if is_listening() else "")
    return " ".join(look).strip()


@blueprint.app_context_processor
def give_phone() -> dict[str, Callable[[], object]]:
    """Let every page ask for whom it may keep something, which files that takes, and how it looks."""
    asked = (find_phone_owner, list_kept_files, is_listening, describe_look)
    return {ask.__name__: ask for ask in asked}


def _load_answerable(assessment_id: int) -> Questionnaire:
    questionnaire = load_questionnaire(this.session(), assessment_id=assessment_id, actor=this.actor())
    require_answerable(questionnaire.assessment, this.now())
    return questionnaire


def _render_screen(questionnaire: Questionnaire, screen: Screen) -> Markup:
    """Render a screen as the single page does, but for what belongs to one moment: answer and CSRF token."""
    if screen.item is None:
        return _render(
            screen.number, "questionnaire/instruction.html", questionnaire=questionnaire, screen=screen
        )
    form = AnswerForm(
        formdata=None,
        meta={"csrf": False},
        page_id="",  # a form of the whole document is never sent as it is
        instrument=screen.part.asked.instrument.code,
        item=screen.item.number,
        wording=screen.part.wording.sha256,
    )
    return _render(
        screen.number,
        "questionnaire/item.html",
        key=f"{form.instrument.data}:{form.item.data}",
        questionnaire=questionnaire,
        screen=screen,
        total=len(questionnaire.item_screens),
        form=form,
    )


def _render(place: int | str, template: str, **given: object) -> Markup:
    """Render a page's own template into the frame of one screen of the whole document."""
    text = render_template(template, frame="questionnaire/screen.html", place=place, **given)
    return Markup(text)  # noqa: S704 -- the template has escaped it


def _respondent_form(questionnaire: Questionnaire) -> RespondentForm:
    form = RespondentForm(formdata=None, meta={"csrf": False})
    language = this.participant().language
    form.respondent.choices = [
        (r.code, r.label.text(language)) for r in questionnaire.assessment.protocol.respondents
    ]
    return form
