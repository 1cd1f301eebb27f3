"""What the screens of a questionnaire need: its items in order, their wording, and the answers so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.instruments.instrument import Item, RecallBlock
from pro_app.instruments.wording import BlockWording, WordingPack
from pro_app.services.interviewers import INTERVIEW
from pro_app.services.responses import AskedInstrument, list_asked_instruments, require_reachable
from pro_app.storage.catalogue import load_wording
from pro_app.storage.queries.answers import list_current_answers
from pro_app.storage.queries.assessments import AssessmentRecord, load_assessment

KEPT = "kept"
"""The state under which an answer shows to who may not see it."""


@dataclass(frozen=True, slots=True)
class AskedPart:
    """One instrument in the wording that this participant reads, and the answers given to it."""

    asked: AskedInstrument
    wording: WordingPack
    answers: Mapping[int, "GivenAnswer"]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """The answer that stands for one item.

    In an interview the state of what somebody else gave is `KEPT`, without its value: the person's own
    answers are nothing to be read by who asks.
    """

    state: str
    value: int | None

    @property
    def is_kept(self) -> bool:
        """Tell whether the answer is there but not shown."""
        return self.state == KEPT


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: an item, or (without one) the instruction of its block.

    `number` counts all screens from 1, `position` the items from 1; that of an instruction is the
    position of the item after it. `ends_instrument` is true for the last item of an instrument.
    """

    number: int
    position: int
    part: AskedPart
    block: RecallBlock
    item: Item | None
    instruction_number: int
    ends_instrument: bool

    @property
    def block_wording(self) -> BlockWording:
        """The instruction and the recall line of the block."""
        return self.part.wording.blocks[self.block.code]

    @property
    def wording(self) -> str:
        """The text of the item as the pack gives it."""
        return self.part.wording.items[self.item.number] if self.item else ""

    @property
    def options(self) -> Mapping[int, str]:
        """The labels of the item's options; on a row only the two ends have one."""
        return self.part.wording.options[self.item.response_set] if self.item else {}

    @property
    def values(self) -> tuple[int, ...]:
        """The codes of the item's options in printed order."""
        return self.part.asked.instrument.response_values(self.item.number) if self.item else ()

    @property
    def is_row(self) -> bool:
        """Whether the options stand in one row with a label at each end."""
        sets = self.part.asked.instrument.response_sets
        return self.item is not None and sets[self.item.response_set].layout == "row"

    @property
    def answer(self) -> GivenAnswer | None:
        """The answer that stands, if there is one."""
        return self.part.answers.get(self.item.number) if self.item else None


@dataclass(frozen=True)
class Questionnaire:
    """One assessment as its participant goes through it."""

    assessment: AssessmentRecord
    parts: tuple[AskedPart, ...]

    @cached_property
    def screens(self) -> tuple[Screen, ...]:
        """Every screen in order: before each block its instruction, then its items."""
        return tuple(_list_screens(self.parts))

    @cached_property
    def item_screens(self) -> Sequence[Screen]:
        """The screens of the items, in order."""
        return [screen for screen in self.screens if screen.item is not None]

    @property
    def is_placeholder(self) -> bool:
        """Whether any of its wording is provisional."""
        return any(part.wording.placeholder for part in self.parts)

    @property
    def said_count(self) -> int:
        """How many items something was said about."""
        return sum(len(part.answers) for part in self.parts)

    def screen(self, number: int) -> Screen:
        """Give a screen by its number; raises NotFound."""
        if not 1 <= number <= len(self.screens):
            raise NotFound("screen")
        return self.screens[number - 1]

    @property
    def resume_number(self) -> int | None:
        """Where to go on: the first item that nothing was said about, its instruction if that begins a block.

        None once something was said about every item.
        """
        for screen in self.item_screens:
            if screen.answer is None:
                before = self.screens[screen.number - 2]
                return before.number if before.item is None else screen.number
        return None


def load_questionnaire(session: Session, *, assessment_id: int, actor: Actor) -> Questionnaire:
    """Load an assessment with its wording and the answers so far; raises NotFound.

    Whoever asks in an interview sees the value of an answer only where they wrote it down themselves. A
    question that somebody else passed over is open to them: it is asked.
    """
    assessment = load_assessment(session, assessment_id)
    require_reachable(assessment, actor)
    asked = list_asked_instruments(session, assessment)
    given: dict[int, dict[int, GivenAnswer]] = {a.response.id: {} for a in asked if a.response}
    for answer in list_current_answers(session, given):
        is_shown = actor.mode != INTERVIEW or answer.entered_by == actor.reference
        if answer.state == "left_blank" and not is_shown:
            continue
        shown = GivenAnswer(answer.state, answer.value) if is_shown else GivenAnswer(KEPT, None)
        given[answer.response_id][answer.item_number] = shown
    parts = tuple(
        AskedPart(a, load_wording(session, a.wording_sha256), given[a.response.id] if a.response else {})
        for a in asked
    )
    return Questionnaire(assessment, parts)


def _list_screens(parts: Sequence[AskedPart]) -> Iterator[Screen]:
    number = position = 0
    for part in parts:
        instrument = part.asked.instrument
        last = instrument.items[-1].number
        for block in instrument.blocks:
            number += 1
            opening = number
            yield Screen(number, position + 1, part, block, None, opening, ends_instrument=False)
            for item_number in block.items:
                number += 1
                position += 1
                item = instrument.items_by_number[item_number]
                yield Screen(
                    number, position, part, block, item, opening, ends_instrument=item_number == last
                )
