"""Carrying out what an investigator accepted: a next version of the answers, or a fact put right."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.language import mark
from pro_app.services.clarifications.facts import read_facts
from pro_app.services.clarifications.rules import (
    CANNOT_BE,
    check_source_day,
    list_kinds,
    list_modes,
)
from pro_app.services.paper.rules import find_finishing
from pro_app.services.planning import plan_participant
from pro_app.services.responses import AskedInstrument, begin_earlier, list_asked_instruments
from pro_app.services.scoring_of_responses import save_scores
from pro_app.services.submission import NOT_DONE_FACTS, find_respondent
from pro_app.storage.database import write_rows
from pro_app.storage.queries.answers import list_current_answers, list_current_responses
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.clarifications import list_clarification_items
from pro_app.storage.queries.participants import find_participant
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification, ClarificationItem
from pro_app.storage.tables.responses import Response

NAMESPACE = UUID("0d3f5c1e-6a4b-4e0d-9f51-3a2f6f1c8b07")
"""Under which the answers of a next version are named: the same ones, whenever a request is applied."""
NOTHING_CHANGES = mark("The questionnaire says this already: nothing would change.")


def read_basis(session: Session, assessment: AssessmentRecord) -> str:
    """Name what stands of a form now: the versions of its answers, its day, its mode and its period."""
    responses = list_current_responses(session, assessment.assessment_id)
    versions = [f"{code}.{responses[code].version}" for code in sorted(responses)]
    facts = (*read_facts(assessment).values(), assessment.opens_on, assessment.closes_on)
    return " ".join([*versions, *(str(fact) for fact in facts)])


def apply_answers(
    session: Session, row: Clarification, assessment: AssessmentRecord, *, actor: Actor, now: datetime
) -> list[dict[str, object]]:
    """Make the next version of the instruments that change, scored; gives what changed, for the audit.

    Every answer of the version before is copied; nothing of that one is touched. Raises InputRejected where
    nothing would change.
    """
    wanted: dict[str, list[ClarificationItem]] = {}
    for item in list_clarification_items(session, [row.id]).get(row.id, ()):
        wanted.setdefault(item.instrument_code, []).append(item)
    items: list[dict[str, object]] = []
    for asked in list_asked_instruments(session, assessment):
        own = wanted.get(asked.instrument.code)
        if own and asked.response is not None:
            items += _make_next_version(
                session, row, assessment, asked=asked, wanted=own, actor=actor, now=now
            )
    if not items:
        raise InputRejected((Problem(NOTHING_CHANGES),))
    return items


def _make_next_version(
    session: Session,
    row: Clarification,
    assessment: AssessmentRecord,
    *,
    asked: AskedInstrument,
    wanted: Iterable[ClarificationItem],
    actor: Actor,
    now: datetime,
) -> list[dict[str, object]]:
    """Make the next version of one instrument, unless its answers say what is wanted already."""
    before = asked.response
    if before is None:
        return []
    standing = {answer.item_number: answer for answer in list_current_answers(session, [before.id])}
    changed = {item.item_number: item for item in wanted if _differs(item, standing.get(item.item_number))}
    if not changed:
        return []
    response = _copy_response(before, row)
    session.add(response)
    session.flush()
    given_at = find_finishing(assessment, row.asked_on, now=now)
    answers = [
        _correct(answer, changed[number], actor=actor, given_at=given_at, now=now)
        if number in changed
        else _copy(answer)
        for number, answer in standing.items()
    ]
    for answer in answers:
        answer.response_id = response.id
        answer.operation_id = str(uuid5(NAMESPACE, f"{row.id}:{asked.instrument.code}:{answer.item_number}"))
    write_rows(session, answers)
    if find_respondent(assessment, assessment.respondent or "").scored:
        save_scores(session, asked, response_id=response.id, answers=answers, now=now)
    return _audit_answers(response, standing, changed)


def _differs(item: ClarificationItem, standing: Answer | None) -> bool:
    return standing is not None and (item.state, item.value) != (standing.state, standing.value)


def _copy_response(before: Response, row: Clarification) -> Response:
    return Response(
        assessment_id=before.assessment_id,
        instrument_code=before.instrument_code,
        instrument_version=before.instrument_version,
        version=before.version + 1,
        instrument_sha256=before.instrument_sha256,
        wording_sha256=before.wording_sha256,
        started_at=before.started_at,
        listened=before.listened,
        clarification_id=row.id,
    )


def _copy(answer: Answer) -> Answer:
    """Copy an answer with all that is known of how and when it was given."""
    return Answer(
        item_number=answer.item_number,
        state=answer.state,
        value=answer.value,
        mode=answer.mode,
        entered_by=answer.entered_by,
        device_id=answer.device_id,
        counter=answer.counter,
        counted_by=answer.counted_by,
        answered_at=answer.answered_at,
        device_at=answer.device_at,
        device_zone=answer.device_zone,
        received_at=answer.received_at,
        remark=answer.remark,
    )


def _correct(
    answer: Answer, wanted: ClarificationItem, *, actor: Actor, given_at: datetime, now: datetime
) -> Answer:
    """Make the answer as the patient asked it to be, entered by the investigator who accepted it."""
    return Answer(
        item_number=answer.item_number,
        state=wanted.state,
        value=wanted.value,
        mode=answer.mode,
        entered_by=actor.reference,
        counter=0,
        answered_at=given_at,
        received_at=now,
    )


def _audit_answers(
    response: Response, standing: Mapping[int, Answer], changed: Mapping[int, ClarificationItem]
) -> list[dict[str, object]]:
    code = response.instrument_code
    items: list[dict[str, object]] = [
        {"field": f"{code}:version", "before": response.version - 1, "after": response.version}
    ]
    for number, wanted in sorted(changed.items()):
        before, after = standing[number], wanted.value or wanted.state
        items.append({"field": f"{code}:{number}", "before": before.value or before.state, "after": after})
    return items


def apply_facts(
    session: Session, row: Clarification, assessment: AssessmentRecord, *, now: datetime
) -> list[dict[str, object]]:
    """Put the day or the mode of a form right; answers, receipt and scores stay as they are.

    Lock the participant and the assessment first. Gives what changed, for the audit. Raises InputRejected,
    before anything is written, where the fact is another one by now or the day can no longer be.
    """
    facts = read_facts(assessment)
    (name, after), *_more = (row.after or {}).items()
    before = (row.before or {}).get(name)
    if str(facts[name]) != before:
        raise InputRejected((Problem(mark("This was corrected meanwhile: the request is out of date.")),))
    if row.kind not in list_kinds(assessment) or (name == "mode" and after not in list_modes(assessment)):
        raise InputRejected((Problem(CANNOT_BE),))
    items: list[dict[str, object]] = [{"field": name, "before": before, "after": after}]
    if name == "mode":
        day = facts["source_on"] if after == "paper" else assessment.source_on
        _change_form(session, assessment, {"submitted_mode": after, "source_on": day})
        return items
    return items + _apply_day(session, row, assessment, day=date.fromisoformat(after), now=now)


def _apply_day(
    session: Session, row: Clarification, assessment: AssessmentRecord, *, day: date, now: datetime
) -> list[dict[str, object]]:
    """Move a form to the day on which it was filled in, and the plan with it; gives what follows."""
    problems = check_source_day(session, assessment, day, why=row.request, now=now)
    if problems:
        raise InputRejected(problems)
    finished_at = find_finishing(assessment, day, now=assessment.submitted_at or now)
    begin_earlier(session, assessment, at=finished_at)
    _change_form(session, assessment, {"source_on": day, "completed_at": finished_at})
    participant = find_participant(session, assessment.participant_id, lock=True)
    if participant is None:
        raise NotFound("participant")
    items = plan_participant(session, participant, now=now).list_audit_items()
    # The form may have come back to a visit with another period: whether it is late is asked of that one.
    return items + drop_outdated(session, load_assessment(session, assessment.assessment_id, lock=True))


def drop_outdated(session: Session, assessment: AssessmentRecord) -> list[dict[str, object]]:
    """Drop what was said about a form's absence where it was filled in before its period closed.

    Gives what that changes, for the audit.
    """
    if assessment.completed_at is None or assessment.window.has_closed(assessment.completed_at):
        return []
    said = {name: getattr(assessment, name) for name in NOT_DONE_FACTS}
    outdated = {name: value for name, value in said.items() if value is not None}
    if outdated:
        _change_form(session, assessment, dict.fromkeys(outdated))
    return [{"field": name, "before": str(value), "after": None} for name, value in outdated.items()]


def _change_form(session: Session, assessment: AssessmentRecord, changes: Mapping[str, object]) -> None:
    session.execute(update(Assessment).where(Assessment.id == assessment.assessment_id).values(dict(changes)))
