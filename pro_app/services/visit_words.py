"""Visits in the order of the protocol, with their words."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from pro_app.protocol.visit_order import order_visit_codes
from pro_app.services.protocol_versions import find_visit_label
from pro_app.services.studies import load_current_protocol


def label_visits(
    session: Session, study_id: int, codes: Iterable[str], *, language: str
) -> tuple[tuple[str, str], ...]:
    """Put visit codes in the order of the protocol, each with its words: (code, words)."""
    protocol = load_current_protocol(session, study_id)
    return tuple(
        (
            code,
            protocol.visit_label(code, language)
            if protocol.find_visit(code)
            # Only an earlier version has it; that is looked for last, since it takes several statements.
            else find_visit_label(session, study_id, code, language=language),
        )
        for code in order_visit_codes(protocol, set(codes))
    )
