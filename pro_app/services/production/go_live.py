"""Beginning in production: once, and only when nothing is missing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import Problem, ProductionRefused
from pro_app.language import LANGUAGES, mark
from pro_app.services.production.gate import PRODUCTION, check_gate, count_placeholder_responses
from pro_app.storage.catalogue import load_wording
from pro_app.storage.tables.studies import Study, StudyWording


@dataclass(frozen=True, slots=True)
class WentLive:
    """What beginning changed: the placeholders that were taken out of use, as `instrument (language)`."""

    was_live: bool
    retired: tuple[str, ...]


def go_live(session: Session, study: Study, *, actor: Actor, now: datetime) -> WentLive:
    """Bring a study from test to production; a study that is there already is checked and stays.

    Placeholders in a further language are taken out of use: its participants then read the first language.
    Raises ProductionRefused with everything that is missing; nothing is changed then.
    """
    locked = session.scalars(select(Study).where(Study.id == study.id).with_for_update()).one()
    was_live = locked.mode == PRODUCTION
    problems = [] if was_live else check_begun(session, locked)
    retired = () if was_live else _retire_placeholders(session, locked, now=now)
    report = check_gate(session, locked, today=now.date())
    problems += report.problems if was_live else report.obstacles
    if problems:
        raise ProductionRefused(study.study_code, tuple(problems))
    if not was_live:
        items = [{"field": "mode", "before": locked.mode, "after": PRODUCTION}]
        items += [{"field": f"wording:{pack}", "before": "placeholder", "after": ""} for pack in retired]
        locked.mode = PRODUCTION
        session.flush()
        change = Change("study.go_live", f"study:{locked.id}", items)
        record_change(session, change, actor=actor, site_id=None, now=now)
    return WentLive(was_live, retired)


def check_begun(session: Session, study: Study) -> list[Problem]:
    """Say whether anything was begun on a placeholder text, which keeps a study in test for ever."""
    count = count_placeholder_responses(session, study)
    if not count:
        return []
    message = mark(
        "%(count)s questionnaires were begun here on a placeholder text: production begins in an "
        "installation of its own, without trial data."
    )
    return [Problem(message, {"count": count}, place="wording")]


def _retire_placeholders(session: Session, study: Study, *, now: datetime) -> tuple[str, ...]:
    """End the use of placeholders in further languages; undone with the transaction if refused."""
    rows = session.scalars(
        select(StudyWording).where(
            StudyWording.study_id == study.id,
            StudyWording.replaced_at.is_(None),
            StudyWording.language != LANGUAGES[0],
        )
    )
    retired = []
    for row in rows:
        if load_wording(session, row.wording_sha256).placeholder:
            row.replaced_at = now
            retired.append(f"{row.instrument_code} ({row.language})")
    session.flush()
    return tuple(retired)
