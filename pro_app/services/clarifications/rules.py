"""What a request for a correction must say, and which corrections a form that was sent can have."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.clarifications.facts import DATE, MODE, PARTICIPANT, VISIT, read_facts
from pro_app.services.clarifications.move_rules import check_move, may_move
from pro_app.services.paper.rules import SheetDay, check_sheet_day
from pro_app.services.responses import AskedInstrument
from pro_app.storage.queries.assessments import AssessmentRecord

ANSWER = "answer"
EVIDENCES = ("letter", "email", "call_note", "paper_form", "said_at_visit", "other")
STATES = ("answered", "not_applicable", "declined")
"""What a patient can ask that an item says."""
CANNOT_BE = mark("This cannot be corrected on this questionnaire.")
LONGEST_TEXT = 500
LONGEST_REFERENCE = 200
_BY_STAFF, _BY_DEVICE = ("paper", "interview"), ("own_device", "site_tablet", "interview")


@dataclass(frozen=True, slots=True)
class WantedItem:
    """What one item should say, by the patient's word."""

    instrument_code: str
    item_number: int
    state: str
    value: int | None = None

    @property
    def key(self) -> str:
        """Name the item as audit entries and forms do."""
        return f"{self.instrument_code}:{self.item_number}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request: `items` for kind `answer`, `source_on` for `date` (the day the form was filled in), `mode`.

    `to` is for kind `visit` the code of the right visit, for `participant` the right inclusion number.
    `asked_on` is the day of the patient's own request (kind `answer`), else of what the site relies on.
    """

    kind: str
    asked_on: date
    evidence: str
    evidence_ref: str
    request: str
    items: tuple[WantedItem, ...] = ()
    source_on: date | None = None
    mode: str | None = None
    to: str | None = None


def list_kinds(assessment: AssessmentRecord) -> tuple[str, ...]:
    """List the corrections that a form can have; none before it is sent.

    What a device has recorded has its own time: the day of a form is corrected only where staff typed it.
    """
    if assessment.submitted_at is None:
        return ()
    facts = (DATE, MODE) if _is_typed_by_staff(assessment) else (MODE,)
    return (ANSWER, *facts, VISIT, PARTICIPANT) if may_move(assessment) else (ANSWER, *facts)


def list_modes(assessment: AssessmentRecord) -> tuple[str, ...]:
    """List the ways in which a form may have been filled in, other than the one that is recorded."""
    known = _BY_STAFF if _is_typed_by_staff(assessment) else _BY_DEVICE
    return tuple(mode for mode in known if mode != assessment.mode)


def _is_typed_by_staff(assessment: AssessmentRecord) -> bool:
    """Tell whether a member of staff sent the form; its mode does not say so, for that can be corrected."""
    # An imported form has a day on its sheet, and nobody's account where a command filed it.
    return assessment.entered_by_id is not None or assessment.source_on is not None


def check_wanted(
    session: Session,
    assessment: AssessmentRecord,
    wanted: Wanted,
    *,
    asked: Sequence[AskedInstrument],
    now: datetime,
) -> None:
    """Raise InputRejected with everything that is wrong with a request; no standing answer plays a part."""
    if wanted.kind not in list_kinds(assessment):
        raise InputRejected((Problem(CANNOT_BE),))
    problems = [*_check_words(wanted), *_check_asked_on(assessment, wanted, now=now)]
    if wanted.kind == ANSWER:
        problems += _check_items(wanted.items, asked)
    elif wanted.kind == MODE and wanted.mode not in list_modes(assessment):
        problems.append(Problem(mark("Choose how it was filled in."), place="mode"))
    elif wanted.kind == DATE:
        problems += _check_source_on(session, assessment, wanted, now=now)
    elif wanted.kind in {VISIT, PARTICIPANT}:
        problems += check_move(session, assessment, kind=wanted.kind, to=wanted.to, now=now)
    if problems:
        raise InputRejected(tuple(problems))


def check_text(typed: str, *, place: str, longest: int = LONGEST_TEXT) -> Iterator[Problem]:
    """Give what is wrong with a text that must be there."""
    if not typed.strip():
        yield Problem(mark("Please fill this in."), place=place)
    elif len(typed.strip()) > longest:
        yield Problem(mark("At most %(longest)s characters."), {"longest": longest}, place=place)


def _check_words(wanted: Wanted) -> Iterator[Problem]:
    yield from check_text(wanted.request, place="request")
    yield from check_text(wanted.evidence_ref, place="evidence_ref", longest=LONGEST_REFERENCE)
    if wanted.evidence not in EVIDENCES:
        yield Problem(mark("Choose what shows it."), place="evidence")


def _check_asked_on(assessment: AssessmentRecord, wanted: Wanted, *, now: datetime) -> Iterator[Problem]:
    """See that the request is of the past, and that of a patient not older than the answers."""
    if wanted.asked_on > civil_date(now, assessment.zone):
        yield Problem(mark("This day is still to come."), place="asked_on")
    finished_at = assessment.completed_at or assessment.submitted_at
    if wanted.kind == ANSWER and finished_at is not None:
        answered_on = civil_date(finished_at, assessment.zone)
        if wanted.asked_on < answered_on:
            message = mark("The questionnaire was filled in later, on %(answered_on)s.")
            yield Problem(message, {"answered_on": answered_on.isoformat()}, place="asked_on")


def _check_items(items: Iterable[WantedItem], asked: Sequence[AskedInstrument]) -> list[Problem]:
    """Check the items that were asked for: some, each once, each something that its question offers."""
    known = {part.instrument.code: part.instrument for part in asked if part.response is not None}
    problems, seen = [], set()
    for wanted in items:
        instrument = known.get(wanted.instrument_code)
        item = instrument.items_by_number.get(wanted.item_number) if instrument else None
        offered = instrument.response_values(wanted.item_number) if instrument and item else ()
        fits = {
            "answered": wanted.value in offered,
            "not_applicable": wanted.value is None and item is not None and item.na_allowed,
            "declined": wanted.value is None and item is not None,
        }.get(wanted.state, False)
        if not fits or wanted.key in seen:
            values: dict[str, str | int] = {"number": wanted.item_number}
            message = mark("Question %(number)s does not offer this answer.")
            problems.append(Problem(message, values, place=wanted.key))
        seen.add(wanted.key)
    if not seen:
        problems.append(Problem(mark("Choose the new answer of at least one question."), place="items"))
    return problems


def _check_source_on(
    session: Session, assessment: AssessmentRecord, wanted: Wanted, *, now: datetime
) -> tuple[Problem, ...]:
    """Check that a day was given, that it is another one, and that it can be the form's."""
    if wanted.source_on is None:
        return (Problem(mark("Give a date."), place="source_on"),)
    if wanted.source_on == read_facts(assessment)["source_on"]:
        return (Problem(mark("This is the day that is recorded."), place="source_on"),)
    return check_source_day(session, assessment, wanted.source_on, why=wanted.request, now=now)


def check_source_day(
    session: Session, assessment: AssessmentRecord, day: date, *, why: str, now: datetime
) -> tuple[Problem, ...]:
    """List what speaks against a day, as if the sheet were typed in now; `why` is why it counts if late."""
    if assessment.submitted_at is not None:
        received_on = civil_date(assessment.submitted_at, assessment.zone)
        if day > received_on:
            message = mark("The questionnaire was received before, on %(received_on)s.")
            return (Problem(message, {"received_on": received_on.isoformat()}, place="source_on"),)
    try:
        check_sheet_day(session, assessment, SheetDay(day, why[:LONGEST_TEXT]), now=now)
    except InputRejected as rejected:
        return rejected.problems
    return ()
