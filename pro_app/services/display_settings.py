"""How a participant reads the pages: size of the text, contrast, language, aloud; kept with the person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.participants import load_participant, load_protocol_of
from pro_app.services.production.entries import may_be_listened_to
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.studies import StudyWording

TEXT_SIZES = ("normal", "large", "largest")
CONTRASTS = ("normal", "high")


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """What a participant chose, as codes; `language` is that of the pages and of the messages.

    `listens`: wants to be able to hear the questions, where the licence of their words allows it.
    """

    text_size: str
    contrast: str
    language: str
    listens: bool = False


def load_display_settings(session: Session, *, actor: Actor) -> DisplaySettings:
    """Give what holds for the acting participant."""
    participant = _load_self(session, actor)
    return DisplaySettings(
        participant.text_size, participant.contrast, participant.language, participant.listens
    )


def may_choose_listening(session: Session, *, actor: Actor) -> bool:
    """Tell whether the licence of the acting participant's study allows its questions to be read aloud."""
    return may_be_listened_to(session, _load_self(session, actor).study_id)


def list_live_languages(session: Session, *, actor: Actor) -> tuple[str, ...]:
    """List the languages that the acting participant may choose: those that every instrument speaks."""
    participant = _load_self(session, actor)
    return _list_languages(session, participant)


def change_display_settings(
    session: Session, wanted: DisplaySettings, *, actor: Actor, now: datetime
) -> None:
    """Change how the acting participant reads the pages; what was begun keeps the wording it was begun in.

    Raises InputRejected for what is not on offer; what is the same already changes nothing.
    """
    participant = _load_self(session, actor, lock=True)
    offered = {
        "text_size": TEXT_SIZES,
        "contrast": CONTRASTS,
        "language": {participant.language, *_list_languages(session, participant)},
        "listens": {participant.listens, may_choose_listening(session, actor=actor), False},
    }
    chosen = {name: getattr(wanted, name) for name in offered}
    problems = [
        Problem(mark("Please choose."), place=name)
        for name, choices in offered.items()
        if chosen[name] not in choices
    ]
    if problems:
        raise InputRejected(tuple(problems))
    items = [
        {"field": name, "before": getattr(participant, name), "after": value}
        for name, value in chosen.items()
        if getattr(participant, name) != value
    ]
    if not items:
        return
    for name, value in chosen.items():
        setattr(participant, name, value)
    session.flush()
    change = Change("settings.change", f"participant:{participant.id}", items)
    record_change(session, change, actor=actor, site_id=participant.site_id, now=now)


def _list_languages(session: Session, participant: Participant) -> tuple[str, ...]:
    """List the languages of the interface in which every instrument of the protocol has a wording in use."""
    asked = {(each.code, each.version) for each in load_protocol_of(session, participant).instruments}
    rows = session.execute(
        select(StudyWording.language, StudyWording.instrument_code, StudyWording.instrument_version).where(
            StudyWording.study_id == participant.study_id, StudyWording.replaced_at.is_(None)
        )
    ).all()
    spoken: dict[str, set[tuple[str, str]]] = {}
    for language, code, version in rows:
        spoken.setdefault(language, set()).add((code, version))
    return tuple(code for code in LANGUAGES if asked <= spoken.get(code, set()))


def _load_self(session: Session, actor: Actor, *, lock: bool = False) -> Participant:
    if actor.participant_id is None:
        raise NotPermitted("display settings")
    return load_participant(session, actor.participant_id, actor=actor, lock=lock)
