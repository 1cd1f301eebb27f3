"""Requests for corrections as pages show them; answers only to those who may see them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.services.answer_sheets import AnswerSheet, SheetItem, load_sheets, say_answer
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.decisions import DECIDER
from pro_app.services.clarifications.facts import VISIT, read_source_day
from pro_app.services.clarifications.move_rules import list_target_visits
from pro_app.services.clarifications.requests import ASKERS, require_own
from pro_app.services.clarifications.rules import ANSWER, list_kinds, list_modes
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.accounts import list_display_names
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment
from pro_app.storage.queries.clarifications import (
    find_clarification,
    list_clarification_items,
    list_decided_of,
    list_requests,
)
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.clarifications import Clarification, ClarificationItem
from pro_app.storage.tables.participants import Participant

MOST = 200


@dataclass(frozen=True, slots=True)
class RequestPage:
    """What a request is written on: the form, what may be corrected on it, its questions without answers.

    `visits` are the places of the same participant to which it can go, as code and label.
    """

    assessment: AssessmentRecord
    visit_label: str
    kinds: tuple[str, ...]
    modes: tuple[str, ...]
    source_on: date | None
    sheets: tuple[AnswerSheet, ...]
    visits: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClarificationLine:
    """One request in a list: about which form, what kind, since when, and where it stands.

    `state` is waiting, accepted, refused or withdrawn; `item_numbers` are those of the questions, no answer.
    """

    clarification_id: int
    participant_id: int
    participant_code: str
    zone: str
    visit_label: str
    kind: str
    item_numbers: tuple[int, ...]
    state: str
    requested_at: datetime
    requested_by: str
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One item of a request: its text, what it said when the form was sent or now, and what it should say."""

    instrument_title: str
    item_number: int
    text: str
    present: str
    wanted: str


@dataclass(frozen=True, slots=True)
class ClarificationView:
    """One request as a person may see it.

    `asked` are the answers that were asked for, empty for those who may not see them. `present` says whether
    the standing answers are shown beside them. `basis` names what stands, for whoever decides.
    """

    line: ClarificationLine
    assessment: AssessmentRecord
    asked_on: date
    evidence: str
    evidence_ref: str
    request: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    decision_reason: str | None
    changes: tuple[AnswerChange, ...]
    shows_present: bool
    may_decide: bool
    may_withdraw: bool
    basis: str


def list_clarifications(session: Session, *, actor: Actor, language: str) -> list[ClarificationLine]:
    """List the requests of the actor's own site, those that wait first; raises NotFound for other roles."""
    if actor.kind != "staff" or actor.role not in ASKERS or actor.study_id is None:
        raise NotFound("clarifications")
    rows = list_requests(session, study_id=actor.study_id, site_ids=actor.site_ids, limit=MOST)
    items = list_clarification_items(session, [row.id for row, *_form in rows])
    names = _list_names(session, [row for row, *_form in rows])
    return [
        _make_line(
            row,
            person,
            visit_label=_label(session, assessment, person, language=language),
            items=items.get(row.id, ()),
            names=names,
        )
        for row, assessment, person in rows
    ]


def load_request_page(
    session: Session, assessment_id: int, *, actor: Actor, language: str, now: datetime
) -> RequestPage:
    """Give what a request about a form of one's own site is written on; raises NotFound or NotPermitted.

    No answer is in it, whoever asks.
    """
    assessment = load_assessment(session, assessment_id)
    require_own(assessment, actor)
    sheets = load_sheets(session, assessment) if assessment.submitted_at else []
    return RequestPage(
        assessment=assessment,
        visit_label=assessment.protocol.visit_label(assessment.visit_code, language),
        kinds=list_kinds(assessment),
        modes=list_modes(assessment),
        source_on=read_source_day(assessment),
        sheets=tuple(sheet.without_answers() for sheet in sheets),
        visits=tuple(
            (code, assessment.protocol.visit_label(code, language))
            for code in (list_target_visits(session, assessment, now=now) if assessment.submitted_at else ())
        ),
    )


def load_clarification(
    session: Session, clarification_id: int, *, actor: Actor, language: str
) -> ClarificationView:
    """Give one request of the actor's own site; raises NotFound or NotPermitted.

    The investigator sees what stands beside what is asked for; whoever asked sees what they typed; nobody
    else sees an answer.
    """
    row = find_clarification(session, clarification_id)
    if row is None:
        raise NotFound("clarification")
    assessment = load_assessment(session, row.assessment_id)
    require_own(assessment, actor)
    items = list_clarification_items(session, [row.id]).get(row.id, [])
    is_waiting = row.decision is None and row.withdrawn_at is None
    decides = actor.role == DECIDER
    is_own = row.requested_by_id == actor.account_id
    line = _make_line(
        row,
        assessment,
        visit_label=assessment.protocol.visit_label(assessment.visit_code, language),
        items=items,
        names=_list_names(session, [row]),
    )
    shown = items if decides or is_own else []
    return ClarificationView(
        line=line,
        assessment=assessment,
        asked_on=row.asked_on,
        evidence=row.evidence,
        evidence_ref=row.evidence_ref,
        request=row.request,
        before=_say_facts(row.before, assessment, language=language),
        after=_say_facts(row.after, assessment, language=language),
        decision_reason=row.decision_reason,
        changes=tuple(
            _list_changes(
                load_sheets(session, assessment), shown, since=_find_later(session, row) if decides else None
            )
        ),
        shows_present=decides and row.kind == ANSWER,
        may_decide=decides and is_waiting,
        may_withdraw=is_own and is_waiting,
        basis=read_basis(session, assessment),
    )


def _say_facts(
    facts: Mapping[str, str] | None, assessment: AssessmentRecord, *, language: str
) -> dict[str, str]:
    """Give the facts of a request, a visit by its label."""
    label = assessment.protocol.visit_label
    return {name: label(said, language) if name == VISIT else said for name, said in (facts or {}).items()}


def _list_changes(
    sheets: Iterable[AnswerSheet],
    items: Collection[ClarificationItem],
    *,
    since: Collection[int] | None,
) -> Iterator[AnswerChange]:
    """Give the items that a request is about; `present` is what stood before the requests of `since`.

    `since` None leaves what stands out.
    """
    by_code = {sheet.instrument_code: sheet for sheet in sheets}
    for item in items:
        sheet = by_code[item.instrument_code]
        known = sheet.items_by_number[item.item_number]
        yield AnswerChange(
            sheet.title,
            item.item_number,
            known.text,
            present="" if since is None else _say_present(known, since),
            wanted=say_answer(known, item.state, item.value),
        )


def _find_later(session: Session, row: Clarification) -> frozenset[int]:
    """Find the requests whose versions came with this one or after it; none where it was not accepted."""
    if row.decision != "accepted" or row.decided_at is None:
        return frozenset()
    decided = list_decided_of(session, row.assessment_id)
    return frozenset({row.id, *(key for key, decided_at in decided.items() if decided_at > row.decided_at)})


def _say_present(item: SheetItem, later: Collection[int]) -> str:
    """Say what stands, or what stood before the versions that some requests made."""
    *_older, version = takewhile(lambda known: known.clarification_id not in later, item.versions)
    return say_answer(item, version.state, version.value)


def _list_names(session: Session, rows: Iterable[Clarification]) -> dict[int, str]:
    ids = {key for row in rows for key in (row.requested_by_id, row.decided_by_id) if key is not None}
    return list_display_names(session, ids)


def _label(session: Session, assessment: Assessment, person: Participant, *, language: str) -> str:
    protocol = load_protocol(session, person.protocol_sha256)
    return protocol.visit_label(assessment.visit_code, language)


def _make_line(
    row: Clarification,
    person: Participant | AssessmentRecord,
    *,
    visit_label: str,
    items: Iterable[ClarificationItem],
    names: Mapping[int, str],
) -> ClarificationLine:
    settled = "withdrawn" if row.withdrawn_at else "waiting"
    return ClarificationLine(
        clarification_id=row.id,
        participant_id=person.participant_id if isinstance(person, AssessmentRecord) else person.id,
        participant_code=person.participant_code,
        zone=person.zone,
        visit_label=visit_label,
        kind=row.kind,
        item_numbers=tuple(item.item_number for item in items),
        state=row.decision or settled,
        requested_at=row.requested_at,
        requested_by=names.get(row.requested_by_id, ""),
        decided_at=row.decided_at or row.withdrawn_at,
        decided_by=names.get(row.decided_by_id or 0),
    )
