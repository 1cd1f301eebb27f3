"""The sheet that a site prints for one visit: the questions in the patient's language, and its code."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import NotFound
from pro_app.instruments.instrument import Instrument, Item, RecallBlock
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.rules import Respondent
from pro_app.services.paper.desk import load_desk
from pro_app.services.paper.rules import CODE_START
from pro_app.services.paper.turns import require_typist
from pro_app.services.responses import AskedInstrument
from pro_app.storage.catalogue import load_wording
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.queries.participants import find_site
from pro_app.storage.tables.studies import Study

PACK_DIGITS = 12


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One instrument on paper; `code` is the text of its QR code."""

    instrument: Instrument
    wording: WordingPack
    code: str

    @property
    def pack_digits(self) -> str:
        """The first digits of the SHA-256 of the wording, by which a printed sheet is known."""
        return self.wording.sha256[:PACK_DIGITS]

    @property
    def blocks(self) -> list[tuple[RecallBlock, list[Item]]]:
        """The recall blocks in their order, each with its items."""
        return [(block, self._items(block)) for block in self.instrument.blocks]

    def _items(self, block: RecallBlock) -> list[Item]:
        return [self.instrument.items_by_number[number] for number in block.items]


@dataclass(frozen=True, slots=True)
class PaperSheet:
    """The sheet of one visit: what stands on it, no name and no answer."""

    assessment: AssessmentRecord
    visit_label: str
    short_code: str
    respondents: tuple[Respondent, ...]
    parts: tuple[SheetPart, ...]

    @property
    def is_placeholder(self) -> bool:
        """Whether any of its words are provisional."""
        return any(part.wording.placeholder for part in self.parts)


def print_sheet(session: Session, assessment_id: int, *, actor: Actor, now: datetime) -> PaperSheet:
    """Give the sheet of a visit to be printed, and put on record that it was.

    Raises NotPermitted and NotFound.
    """
    require_typist(actor)
    desk = load_desk(session, assessment_id, actor=actor)
    record = desk.assessment
    study, site = session.get(Study, record.study_id), find_site(session, record.site_id)
    if study is None or site is None:
        raise NotFound("assessment")
    start = (CODE_START, study.study_code, site.site_code, record.participant_code, record.visit_code)
    parts = tuple(_make_part(session, asked, start) for asked in desk.asked)
    items: list[dict[str, object]] = [
        {"field": part.instrument.code, "before": None, "after": part.pack_digits} for part in parts
    ]
    change = Change("paper.print", desk.subject, items)
    record_change(session, change, actor=actor, site_id=record.site_id, now=now)
    return PaperSheet(
        assessment=record,
        visit_label=record.protocol.visit_label(record.visit_code, record.language),
        short_code=f"{record.participant_code} {record.visit_code}",
        respondents=record.protocol.respondents,
        parts=parts,
    )


def _make_part(session: Session, asked: AskedInstrument, start: tuple[str, ...]) -> SheetPart:
    wording = load_wording(session, asked.wording_sha256)
    ends = (asked.instrument.code, asked.instrument.version, wording.sha256[:PACK_DIGITS])
    return SheetPart(asked.instrument, wording, "|".join([*start, *ends]))
