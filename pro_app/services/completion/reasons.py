"""Why forms are missing, by the protocol's reasons and with who said it, visit by visit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.compliance.tallies import FormTally
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion.counting import EVERYTHING, count_standings
from pro_app.services.studies import load_current_protocol
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.form_standings import NOBODY_SAID, Only

_COUNTED = ("incomplete", "missed")


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One reason and who said it, and the forms missing for it by visit; codes may be NOBODY_SAID."""

    reason: str
    said_by: str
    reason_words: str | None
    said_by_words: str | None
    by_visit: Mapping[str, int]

    @property
    def total(self) -> int:
        """Give the number of forms over all visits."""
        return sum(self.by_visit.values())


@dataclass(frozen=True, slots=True)
class ReasonTable:
    """Reasons in the order of the protocol, those of nobody last; `visits` are the codes with their words."""

    visits: tuple[tuple[str, str], ...]
    rows: tuple[ReasonRow, ...]

    @property
    def total(self) -> int:
        """Give the number of missing forms, with a reason or without one."""
        return sum(row.total for row in self.rows)

    @property
    def unexplained(self) -> int:
        """Give the number of missing forms of which no reason is recorded."""
        return sum(row.total for row in self.rows if row.reason == NOBODY_SAID)


def count_reasons(
    session: Session, scope: ClinicScope, *, only: Only = EVERYTHING, language: str, now: datetime
) -> ReasonTable:
    """Count the missing and incomplete forms by reason, who said it, and visit."""
    # A form that did not come, came in no way: how it came narrows nothing here.
    only = replace(only, mode=None, respondent=None)
    counted = count_standings(
        session, scope, by=("reason", "said_by", "visit"), only=only, figures=_COUNTED, now=now
    )
    cells: dict[tuple[str, str], dict[str, int]] = {}
    for (reason, said_by, visit), tally in counted.items():
        if missing := _count_missing(tally):
            cells.setdefault((reason or NOBODY_SAID, said_by or NOBODY_SAID), {})[visit] = missing
    visits = label_visits(
        session, scope.study_id, {code for row in cells.values() for code in row}, language=language
    )
    return ReasonTable(visits, _make_rows(session, scope, cells, language=language))


def _count_missing(tally: FormTally) -> int:
    return tally.incomplete + tally.missed


def _make_rows(
    session: Session,
    scope: ClinicScope,
    cells: Mapping[tuple[str, str], Mapping[str, int]],
    *,
    language: str,
) -> tuple[ReasonRow, ...]:
    protocol = load_current_protocol(session, scope.study_id)
    reasons = [
        *(reason.code for reason in protocol.missing_reasons),
        *(reason.code for reason in protocol.plan_reasons),
    ]
    people = {person.code: person.label.text(language) for person in protocol.said_by}

    def place(key: tuple[str, str]) -> tuple[bool, int, str, bool, str]:
        reason, said_by = key
        known = reasons.index(reason) if reason in reasons else len(reasons)
        return reason == NOBODY_SAID, known, reason, said_by == NOBODY_SAID, said_by

    return tuple(
        ReasonRow(
            reason=reason,
            said_by=said_by,
            reason_words=None if reason == NOBODY_SAID else protocol.reason_label(reason, language),
            said_by_words=people.get(said_by),
            by_visit=cells[reason, said_by],
        )
        for reason, said_by in sorted(cells, key=place)
    )
