"""How far the forms that were begun got, as counts of questions."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pro_app.protocol.protocol import Protocol
from pro_app.storage.catalogue import load_instrument
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.queries.task_visits import count_passed_questions


@dataclass(frozen=True, slots=True)
class BegunForm:
    """One form that was begun and not sent, with the version of the protocol that asks it."""

    assessment_id: int
    visit_code: str
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """How many questions were answered or passed over, out of how many."""

    passed: int = 0
    questions: int = 0


def count_progress(session: Session, forms: Iterable[BegunForm]) -> dict[int, Progress]:
    """Count how far forms got, by assessment."""
    begun = list(forms)
    passed = count_passed_questions(session, [form.assessment_id for form in begun])
    lengths: dict[tuple[str, str], int] = {}
    return {
        form.assessment_id: Progress(
            passed.get(form.assessment_id, 0), _count_questions(session, form, lengths=lengths)
        )
        for form in begun
    }


def _count_questions(session: Session, form: BegunForm, *, lengths: dict[tuple[str, str], int]) -> int:
    """Count the questions of a form; `lengths` keeps those of each instrument."""
    phase = form.protocol.find_phase(form.visit_code)
    asked = phase.instruments if phase else ()
    for reference in asked:
        known = (reference.code, reference.version)
        if known not in lengths:
            sha256 = find_instrument_sha256(session, *known)
            lengths[known] = len(load_instrument(session, sha256).items) if sha256 else 0
    return sum(lengths[reference.code, reference.version] for reference in asked)
