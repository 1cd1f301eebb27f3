"""Whose a form was at each moment, read from the audit trail: forms are put under another patient at times.

Two forms change their places in the plan then: the acceptance stands with the one that was filed wrongly, an
entry of its own with the empty one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pro_app.services.clarifications.facts import PARTICIPANT
from pro_app.storage.queries.audit_trail import (
    EVER,
    NEVER,
    ChainRecord,
    find_entry_just_before,
    list_entries_about,
)
from pro_app.storage.queries.clarifications import find_clarification

ACCEPTED, MOVED, REQUESTED = "clarification.accept", "assessment.move", "clarification.request"


@dataclass(frozen=True, slots=True)
class FormMove:
    """One form that left one person for another, each named by the inclusion number."""

    entry_id: int
    clarification_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FormOwners:
    """The forms that are, or were, one participant's, and the moves of each in the order of time."""

    participant_code: str
    own_refs: frozenset[str]
    moves: dict[str, tuple[FormMove, ...]]

    @property
    def refs(self) -> frozenset[str]:
        """The subjects of all these forms in the audit trail."""
        return self.own_refs | frozenset(self.moves)

    def holds(self, record: ChainRecord) -> bool:
        """Tell whether an entry about a form belongs to the person: it was theirs then, or came or went."""
        moves = self.moves.get(record.subject_ref, ())
        if not moves:
            return True
        told = (
            _read_number(record, "clarification") if record.action in {ACCEPTED, MOVED, REQUESTED} else None
        )
        if any(move.clarification_id == told and self._concerns(move) for move in moves):
            return True
        later = next((move for move in moves if move.entry_id >= record.entry_id), None)
        return (later.before if later else moves[-1].after) == self.participant_code

    def _concerns(self, move: FormMove) -> bool:
        return self.participant_code in {move.before, move.after}


def read_owners(session: Session, participant_code: str, own_refs: Sequence[str]) -> FormOwners:
    """Follow the moves back from the forms that are a participant's now, to all that ever were.

    `own_refs` are the subjects of the present forms. Costs one query where none of them was ever moved.
    """
    moves: dict[str, tuple[FormMove, ...]] = {}
    asked: set[str] = set()
    left = list(own_refs)
    while left:
        asked.update(left)
        found = list_entries_about(session, left, since=EVER, until=NEVER, actions=(ACCEPTED, MOVED))
        partners = set()
        for record in reversed(found):
            for move in _read_moves(record):
                moves[record.subject_ref] = (*moves.get(record.subject_ref, ()), move)
                partners.add(_find_partner(session, record, move))
        left = sorted({ref for ref in partners if ref} - asked)
    return FormOwners(participant_code, frozenset(own_refs), moves)


def _read_moves(record: ChainRecord) -> Iterator[FormMove]:
    """Give the move that an entry tells, if it does: other corrections are accepted as well."""
    told = _read_number(record, "clarification")
    for item in record.items or ():
        if item.get("field") == PARTICIPANT and told is not None:
            yield FormMove(record.entry_id, told, str(item["before"]), str(item["after"]))


def _find_partner(session: Session, record: ChainRecord, move: FormMove) -> str | None:
    """Find the form with which one changed places."""
    if record.action == MOVED:
        row = find_clarification(session, move.clarification_id)
        return f"assessment:{row.assessment_id}" if row else None
    # Both entries are written in one transaction, which holds the chain: no other comes in between.
    before = find_entry_just_before(session, record.entry_id)
    if before is None or before.action != MOVED:
        return None
    return before.subject_ref if _read_number(before, "clarification") == move.clarification_id else None


def _read_number(record: ChainRecord, field: str) -> int | None:
    values = (item.get("after") for item in record.items or () if item.get("field") == field)
    return next((value for value in values if isinstance(value, int)), None)
