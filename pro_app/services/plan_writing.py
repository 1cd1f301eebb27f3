"""Writing what planning decided: the plan row by row, a new revision for every change, nothing removed.

What a site said about the period of a form that was not sent, why it stays out or that it is open again,
does not hold for a later period: the plan that moves the form empties it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.open_days import PLAN_REPLACED, is_before_move
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit as Visit
from pro_app.services.submission import NOT_DONE_FACTS
from pro_app.storage.queries.plans import StoredVisit, last_ordinal
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant

REOPENED_FACTS = ("reopened_at", "reopened_until", "reopened_reason")


def list_outdated(stored: StoredVisit, after: Visit) -> dict[str, object]:
    """List what was said about the period of an unsent form that does not hold for its next one, by field."""
    row, form = stored.row, stored.assessment
    if form.submitted_at is not None:
        return {}
    outdated: dict[str, object] = {}
    for said_at, names in (
        (form.not_done_recorded_at, NOT_DONE_FACTS),
        (form.reopened_at, REOPENED_FACTS),
    ):
        said_on = civil_date(said_at, row.zone) if said_at else None
        if said_on and is_before_move(said_on, before_on=row.opens_on, after_on=after.opens_on):
            outdated |= {name: getattr(form, name) for name in names if getattr(form, name) is not None}
    return outdated


@dataclass(frozen=True, slots=True)
class _NewRow:
    """A row to be written: in the place of a `stored` one, under its assessment, or of none."""

    visit: Visit
    stored: StoredVisit | None = None
    version: str | None = None

    @property
    def zone(self) -> str | None:
        """Give the zone that what was begun keeps, None for that of the participant."""
        return self.stored.row.zone if self.stored and self.stored.assessment.started_at else None


@dataclass(frozen=True, slots=True)
class PlanWriter:
    """Writes the changes of one planning in their order; `revisions` holds the last one of each visit.

    `versions` holds the SHA-256 of the protocol for the visits that belong to an earlier one.
    """

    session: Session
    participant: Participant
    revisions: dict[str, int]
    versions: Mapping[str, str]
    now: datetime

    def write(
        self,
        changes: Sequence[PlanChange],
        stored: Mapping[str, StoredVisit],
        *,
        returning: Mapping[int, StoredVisit],
    ) -> None:
        """Write the changes of the plan.

        `stored` is what stood under each code, `returning` the answers without a visit by their number:
        some of them come back. Changes that move no answers are written together.
        """
        together: list[_NewRow] = []
        for change in changes:
            before, answers = stored.get(change.visit_code), returning.get(change.unscheduled)
            if change.action == "unschedule" and before and change.before:
                self._write_together(together)
                self._unschedule(before, change.before)
            elif change.action == "readmit" and change.after and answers:
                self._write_together(together)
                self._readmit(answers, change.after, empty=before, before=change.before)
            elif (row := self._find_new_row(change, before)) is not None:
                together.append(row)
        self._write_together(together)

    def _find_new_row(self, change: PlanChange, stored: StoredVisit | None) -> _NewRow | None:
        """Give the row that a change asks for, None where it asks for none."""
        if change.action == "cancel" and stored and change.before:
            # A later version may not know the visit: its words stay those of the version that planned it.
            return _NewRow(_gone(change.before), stored, stored.row.protocol_sha256)
        if change.action == "move" and stored and change.after:
            return _NewRow(change.after, stored, self.versions.get(change.visit_code))
        if change.action == "add" and change.after:
            # One that had left the plan comes back under the assessment it had.
            kept = stored if stored and stored.assessment.visit_code == change.visit_code else None
            return _NewRow(change.after, kept)
        return None

    def _write_together(self, wanted: list[_NewRow]) -> None:
        """Put new revisions in the place of the current ones, add what is new, and leave nothing wanted."""
        self._retire([new.stored.row for new in wanted if new.stored])
        rows = self._add_rows(
            [self._make_row(new.visit, zone=new.zone, version=new.version) for new in wanted]
        )
        for new, row in zip(wanted, rows, strict=True):
            if new.stored:
                for name in list_outdated(new.stored, new.visit):
                    setattr(new.stored.assessment, name, None)
                new.stored.assessment.planned_visit_id = row.id
            else:
                self.session.add(
                    Assessment(
                        participant_id=self.participant.id,
                        visit_code=row.visit_code,
                        ordinal=0,
                        planned_visit_id=row.id,
                    )
                )
        wanted.clear()

    def _unschedule(self, stored: StoredVisit, before: Visit) -> None:
        """Keep answers that fit no visit any more; their window stays readable in a revision of its own."""
        self._set_aside(stored, before, visit_code=UNSCHEDULED)

    def _readmit(
        self, returning: StoredVisit, visit: Visit, *, empty: StoredVisit | None, before: Visit | None
    ) -> None:
        """Give a visit its answers back; the empty form that stood there meanwhile is set aside."""
        if empty is not None and empty.assessment.visit_code == visit.visit_code:
            # One that had left the plan before is not in it, but its form holds the visit's place.
            self._set_aside(empty, before or visit, visit_code=visit.visit_code)
        assessment = returning.assessment
        # What was sent belongs to the version it was asked under, what was only begun goes on under this one.
        version = returning.row.protocol_sha256 if assessment.submitted_at else None
        (row,) = self._add_rows([self._make_row(visit, zone=returning.row.zone, version=version)])
        assessment.visit_code, assessment.ordinal = visit.visit_code, 0
        assessment.planned_visit_id = row.id
        self.session.flush()

    def _set_aside(self, stored: StoredVisit, before: Visit, *, visit_code: str) -> None:
        """Take a form out of the plan, under the next free number, with a closed window of its own."""
        self._retire([stored.row])
        kept = self._make_row(_gone(before), zone=stored.row.zone, version=stored.row.protocol_sha256)
        kept.replaced_at = self.now
        self._add_rows([kept])
        assessment = stored.assessment
        assessment.ordinal = 1 + last_ordinal(
            self.session, participant_id=self.participant.id, visit_code=visit_code
        )
        assessment.visit_code = visit_code
        assessment.planned_visit_id = kept.id
        self.session.flush()

    def _retire(self, rows: Sequence[PlannedVisit]) -> None:
        for row in rows:
            row.replaced_at = self.now
        # The index of current rows must see these gone before the next ones are written.
        self.session.flush()

    def _add_rows(self, rows: Sequence[PlannedVisit]) -> Sequence[PlannedVisit]:
        """Write rows in their order, after which they have keys."""
        self.session.add_all(rows)
        self.session.flush()
        return rows

    def _make_row(self, visit: Visit, *, zone: str | None = None, version: str | None = None) -> PlannedVisit:
        revision = self.revisions.get(visit.visit_code, 0) + 1
        self.revisions[visit.visit_code] = revision
        return PlannedVisit(
            participant_id=self.participant.id,
            visit_code=visit.visit_code,
            revision=revision,
            protocol_sha256=version or self.participant.protocol_sha256,
            anchor=visit.anchor,
            target_on=visit.target_on,
            opens_on=visit.opens_on,
            closes_on=visit.closes_on,
            zone=zone or self.participant.zone,
            provisional=visit.provisional,
            expected=visit.expected,
            reason_code=visit.reason,
            planned_at=self.now,
        )


def _gone(visit: Visit) -> Visit:
    """Give a visit as one that is no longer required, because a new plan took the place of the old one."""
    return replace(visit, expected=False, reason=PLAN_REPLACED)
