"""Deciding on a request: the investigator of the site alone, once, with a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.clarifications.apply import apply_answers, apply_facts, read_basis
from pro_app.services.clarifications.facts import PARTICIPANT, VISIT
from pro_app.services.clarifications.moves import apply_move
from pro_app.services.clarifications.requests import load_claimed
from pro_app.services.clarifications.rules import ANSWER, check_text
from pro_app.services.standings import write_standings
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.tables.clarifications import Clarification

DECIDER = "investigator"


@dataclass(frozen=True, slots=True)
class Decision:
    """Accepted or refused, and why; `basis` names what the investigator saw when deciding."""

    is_accepted: bool
    reason: str
    basis: str


def decide_clarification(
    session: Session, clarification_id: int, decision: Decision, *, actor: Actor, now: datetime
) -> None:
    """Decide a request, and carry it out where it is accepted; the same decision sent twice is one.

    Raises NotFound, NotPermitted for anybody but an investigator of the site, and InputRejected where the
    reason is missing, the request is settled, or the form is no longer what was looked at.
    """
    row, assessment = load_claimed(session, clarification_id, actor=actor)
    if actor.role != DECIDER:
        raise NotPermitted("decide a request")
    said = "accepted" if decision.is_accepted else "refused"
    reason = decision.reason.strip()
    if row.decision is not None:
        if (row.decision, row.decision_reason, row.decided_by_id) == (said, reason, actor.account_id):
            return
        raise InputRejected((_say_decided(session, row),))
    if row.withdrawn_at is not None:
        raise InputRejected((Problem(mark("This request was withdrawn meanwhile.")),))
    problems = tuple(check_text(reason, place="reason"))
    if problems:
        raise InputRejected(problems)
    items: list[dict[str, object]] = [
        {"field": "clarification", "after": row.id},
        {"field": "kind", "after": row.kind},
    ]
    if decision.is_accepted:
        if decision.basis != read_basis(session, assessment):
            message = mark("The questionnaire changed since you opened this page. Please look again.")
            raise InputRejected((Problem(message),))
        items += _apply(session, row, assessment, actor=actor, now=now)
        write_standings(session, [assessment.assessment_id])
    row.decision, row.decision_reason = said, reason
    row.decided_at, row.decided_by_id = now, actor.account_id
    session.flush()
    action = "clarification.accept" if decision.is_accepted else "clarification.refuse"
    change = Change(action, f"assessment:{assessment.assessment_id}", items, reason=reason)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)


def _apply(
    session: Session, row: Clarification, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> list[dict[str, object]]:
    if row.kind == ANSWER:
        return apply_answers(session, row, assessment, actor=actor, now=now)
    if row.kind in {VISIT, PARTICIPANT}:
        return apply_move(session, row, assessment, actor=actor, now=now)
    return apply_facts(session, row, assessment, now=now)


def _say_decided(session: Session, row: Clarification) -> Problem:
    """Say who decided, and what."""
    names = list_display_names(session, [row.decided_by_id] if row.decided_by_id else [])
    values: dict[str, str | int] = {"name": next(iter(names.values()), "")}
    if row.decision == "accepted":
        return Problem(mark("%(name)s has accepted this request already."), values)
    return Problem(mark("%(name)s has refused this request already."), values)
