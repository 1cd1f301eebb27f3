"""A form that was sent, question by question, with every version of its answers, in the words it asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pro_app.instruments.wording import WordingPack
from pro_app.language import mark
from pro_app.services.responses import AskedInstrument, list_asked_instruments
from pro_app.storage.catalogue import load_wording
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.queries.clarifications import list_response_versions_of

STATE_WORDS: Mapping[str, str] = {
    "declined": mark("does not wish to answer"),
    "left_blank": mark("left without an answer"),
    "not_reached": mark("not reached"),
}
"""What is said of an item without an answer; the wording pack itself says “not applicable”."""


@dataclass(frozen=True, slots=True)
class SaidVersion:
    """What one version of the answers says about an item, and the request that it came from, if any."""

    state: str
    value: int | None
    clarification_id: int | None


@dataclass(frozen=True, slots=True)
class SheetItem:
    """One question with its options (code → label, in printed order) and every version, the oldest first.

    `not_applicable` is the label of that answer, None where it is not offered.
    """

    number: int
    text: str
    options: Mapping[int, str]
    not_applicable: str | None
    versions: tuple[SaidVersion, ...]

    def say_option(self, value: int) -> str:
        """Say an option by its code and its label, which may begin with the code or be none at all."""
        label = self.options[value]
        return (label if label.startswith(str(value)) else f"{value} – {label}") if label else str(value)

    @property
    def is_corrected(self) -> bool:
        """Whether a correction changed what it says."""
        first, last = self.versions[0], self.versions[-1]
        return (first.state, first.value) != (last.state, last.value)


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """One instrument of a form."""

    instrument_code: str
    title: str
    items: tuple[SheetItem, ...]

    @property
    def items_by_number(self) -> Mapping[int, SheetItem]:
        """The items by their number."""
        return {item.number: item for item in self.items}

    def without_answers(self) -> "AnswerSheet":
        """Give the questions alone, for those who may not see what was answered."""
        return replace(self, items=tuple(replace(item, versions=()) for item in self.items))


def load_sheets(session: Session, assessment: AssessmentRecord) -> list[AnswerSheet]:
    """Load what was answered to each instrument of a form, in the order in which they were asked.

    Who may see that is for the caller to know: nothing is checked here, and nothing is logged.
    """
    asked = [part for part in list_asked_instruments(session, assessment) if part.response is not None]
    versions = list_response_versions_of(session, [assessment.assessment_id])
    said: dict[str, dict[int, list[SaidVersion]]] = {}
    answers = list_current_answers(session, [version.id for version in versions])
    for version in versions:
        own = said.setdefault(version.instrument_code, {})
        for answer in answers:
            if answer.response_id == version.id:
                known = SaidVersion(answer.state, answer.value, version.clarification_id)
                own.setdefault(answer.item_number, []).append(known)
    return [
        _make_sheet(part, load_wording(session, part.wording_sha256), said[part.instrument.code])
        for part in asked
    ]


def say_answer(item: SheetItem, state: str, value: int | None) -> str:
    """Say what an item says: the option's own words with its code, or the words of a state (a message id)."""
    if state == "answered" and value is not None:
        return item.say_option(value)
    if state == "not_applicable":
        return item.not_applicable or ""
    return STATE_WORDS[state]


def _make_sheet(
    part: AskedInstrument, wording: WordingPack, said: Mapping[int, list[SaidVersion]]
) -> AnswerSheet:
    instrument = part.instrument
    items = []
    for item in instrument.items:
        if item.number not in said:
            continue
        labels = wording.options[item.response_set]
        values = instrument.response_values(item.number)
        items.append(
            SheetItem(
                item.number,
                wording.items[item.number],
                {value: labels.get(value, "") for value in values},
                wording.not_applicable_label if item.na_allowed else None,
                tuple(said[item.number]),
            )
        )
    return AnswerSheet(instrument.code, wording.title, tuple(items))
