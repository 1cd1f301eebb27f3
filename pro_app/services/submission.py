"""Submitting an assessment: once, with a receipt, scored in the same transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.protocol.rules import Respondent
from pro_app.reminders.outbox import cancel_reminders
from pro_app.services.responses import (
    AskedInstrument,
    list_asked_instruments,
    open_response,
    record_listening,
    require_answerable,
    require_reachable,
)
from pro_app.services.scoring_of_responses import save_scores
from pro_app.services.sign_in_codes import RECEIPT_CODE_LENGTH, make_code
from pro_app.services.standings import write_standings
from pro_app.storage.database import write_rows
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.participants import lock_participant_of_form
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.paper_forms import PaperForm

NOT_DONE_FACTS = ("not_done_reason", "not_done_said_by", "not_done_text", "not_done_recorded_at")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that a form arrived; the code stands on the screen and in the site's record."""

    receipt_code: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class SentForm:
    """How a form was sent: by whom it was answered, when it was finished, and in which mode.

    `listened` are the codes of instruments of which something was read aloud. `source_on` is the day on a
    sheet of paper; `action`, `audit_items` and `reason` are what the audit entry says of a form that a site
    filed.
    """

    respondent: Respondent
    finished_at: datetime
    mode: str
    listened: Collection[str] = ()
    source_on: date | None = None
    action: str = "assessment.submit"
    audit_items: Sequence[dict[str, object]] = ()
    reason: str | None = None


@dataclass(slots=True)
class Sheet:
    """One instrument of the form with the response and the answers that stand, by item number."""

    asked: AskedInstrument
    response_id: int
    answers: dict[int, Answer]


def submit_assessment(
    session: Session,
    *,
    assessment_id: int,
    respondent: str,
    actor: Actor,
    now: datetime,
    finished_at: datetime | None = None,
    listened: Collection[str] = (),
) -> Receipt:
    """Submit what was answered; items without an answer get the state that says why.

    `finished_at` is when the person sent it, where that was before it came: the window is that of then.
    `listened` are the codes of instruments of which a device says that it read something aloud.
    Raises AlreadySubmitted (with the first receipt), WindowClosed, NotFound, or InputRejected for an
    unknown respondent.
    """
    # Sending withdraws messages: the person comes first, as for everybody who changes what is planned.
    lock_participant_of_form(session, assessment_id)
    assessment = load_assessment(session, assessment_id, lock=True)
    require_reachable(assessment, actor)
    finished_at = finished_at or now
    require_answerable(assessment, finished_at)
    sent = SentForm(find_respondent(assessment, respondent), finished_at, actor.mode, listened)
    sheets = load_sheets(session, assessment, now=now)
    return conclude_form(session, assessment, sheets, sent=sent, actor=actor, now=now)


def conclude_form(
    session: Session,
    assessment: AssessmentRecord,
    sheets: Sequence[Sheet],
    *,
    sent: SentForm,
    actor: Actor,
    now: datetime,
) -> Receipt:
    """Conclude a form of which all is kept that was said: states, scores, receipt, messages, audit entry.

    Lock the participant and the assessment first, and see that it was not sent before.
    """
    concluded = _conclude_items(sheets, mode=sent.mode, actor=actor, now=now)
    if sent.respondent.scored:
        for sheet in sheets:
            answers = sheet.answers.values()
            save_scores(session, sheet.asked, response_id=sheet.response_id, answers=answers, now=now)
    write_rows(session, [answer for _code, answer in concluded])
    receipt = Receipt(make_code(RECEIPT_CODE_LENGTH), now)
    outdated = _find_outdated_reason(assessment, sent.finished_at)
    facts = {
        "started_at": min(assessment.started_at or sent.finished_at, sent.finished_at),
        "completed_at": sent.finished_at,
        "submitted_at": now,
        "submitted_mode": sent.mode,
        "submitted_by_id": actor.account_id,
        "respondent": sent.respondent.code,
        "source_on": sent.source_on,
        "receipt_code": receipt.receipt_code,
    } | dict.fromkeys(outdated)
    key = assessment.assessment_id
    session.execute(update(Assessment).where(Assessment.id == key).values(facts))
    write_standings(session, [key])
    cancel_reminders(session, reason="submitted", now=now, assessment_id=key)
    items = [*_audit_items(receipt, sent.respondent, concluded), *sent.audit_items]
    heard = [sheet.response_id for sheet in sheets if sheet.asked.instrument.code in sent.listened]
    items += record_listening(session, heard) if heard else []
    items += _overtake_paper(session, key, now=now)
    items += [{"field": name, "before": str(said), "after": None} for name, said in outdated.items()]
    change = Change(sent.action, f"assessment:{key}", items, reason=sent.reason)
    record_change(session, change, actor=actor, site_id=assessment.site_id, now=now)
    return receipt


def _overtake_paper(session: Session, assessment_id: int, *, now: datetime) -> list[dict[str, object]]:
    """Close the sheet that the site was still typing in: the person's own form came first."""
    overtaken = session.execute(
        update(PaperForm)
        .where(PaperForm.assessment_id == assessment_id, PaperForm.closed_at.is_(None))
        .values(closed_at=now, closed_how="overtaken")
        .returning(PaperForm.id)
    )
    return [{"field": "paper_form", "before": "open", "after": "overtaken"} for _row in overtaken.all()]


def _audit_items(
    receipt: Receipt, answered_by: Respondent, concluded: Sequence[tuple[str, Answer]]
) -> list[dict[str, object]]:
    """List what sending changed, the concluded states of items without an answer included."""
    facts = {
        "respondent": answered_by.code,
        "receipt_code": receipt.receipt_code,
        "scored": answered_by.scored,
    }
    states = {f"{code}:{answer.item_number}": answer.state for code, answer in concluded}
    return [{"field": name, "before": None, "after": value} for name, value in (facts | states).items()]


def _find_outdated_reason(assessment: AssessmentRecord, finished_at: datetime) -> dict[str, object]:
    """Find what was said about a form's absence, none of it true any more where the form came in time."""
    if assessment.window.has_closed(finished_at):
        return {}
    said = {name: getattr(assessment, name) for name in NOT_DONE_FACTS}
    return {name: value for name, value in said.items() if value is not None}


def find_respondent(assessment: AssessmentRecord, code: str) -> Respondent:
    """Give the respondent that a protocol knows by this code; raises InputRejected."""
    for respondent in assessment.protocol.respondents:
        if respondent.code == code:
            return respondent
    raise InputRejected((Problem(mark("Please say who answered."), place="respondent"),))


def load_sheets(session: Session, assessment: AssessmentRecord, *, now: datetime) -> list[Sheet]:
    """Load every instrument of the form, beginning the response of those that nothing was said about."""
    sheets = [
        Sheet(asked, open_response(session, asked, assessment=assessment, now=now).id, {})
        for asked in list_asked_instruments(session, assessment)
    ]
    by_response = {sheet.response_id: sheet for sheet in sheets}
    for answer in list_current_answers(session, by_response):
        by_response[answer.response_id].answers[answer.item_number] = answer
    return sheets


def _conclude_items(
    sheets: Sequence[Sheet], *, mode: str, actor: Actor, now: datetime
) -> list[tuple[str, Answer]]:
    """Give a state to every item about which nothing was said, with the code of its instrument.

    Such an item was passed by, `left_blank`, if anything was said about an item that is asked after it;
    otherwise it was `not_reached`.
    """
    concluded = []
    said_later = False
    for sheet in reversed(sheets):
        for item in reversed(sheet.asked.instrument.items):
            if item.number in sheet.answers:
                said_later = True
                continue
            answer = Answer(
                response_id=sheet.response_id,
                operation_id=str(uuid4()),
                item_number=item.number,
                state="left_blank" if said_later else "not_reached",
                mode=mode,
                entered_by=actor.reference,
                device_id=actor.device_id,
                counter=0,
                answered_at=now,
                received_at=now,
            )
            sheet.answers[item.number] = answer
            concluded.append((sheet.asked.instrument.code, answer))
    return concluded[::-1]
