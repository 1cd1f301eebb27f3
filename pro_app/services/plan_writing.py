"""Writing what planning decided: the plan row by row, a new revision for every change, nothing removed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit as Visit
from pro_app.storage.queries.plans import StoredVisit, last_ordinal
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.participants import Participant


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

    def write(self, change: PlanChange, stored: StoredVisit | None, *, returning: StoredVisit | None) -> None:
        """Write one change of the plan.

        `stored` is what stood under the visit's code, `returning` the answers that come back to it.
        """
        if change.action == "unschedule" and stored and change.before:
            self._unschedule(stored, change.before)
        elif change.action == "cancel" and stored and change.before:
            # A later version may not know the visit: its words stay those of the version that planned it.
            self._replace(stored, _gone(change.before), version=stored.row.protocol_sha256)
        elif change.action == "move" and stored and change.after:
            self._replace(stored, change.after, version=self.versions.get(change.visit_code))
        elif change.action == "add" and change.after:
            self._add(change.after, stored)
        elif change.action == "readmit" and change.after and returning:
            self._readmit(returning, change.after, empty=stored, before=change.before)

    def _add(self, visit: Visit, stored: StoredVisit | None) -> None:
        """Plan a visit; one that had left the plan comes back under the assessment it had."""
        if stored is not None and stored.assessment.visit_code == visit.visit_code:
            self._replace(stored, visit)
            return
        row = self._new_row(visit)
        self.session.add(
            Assessment(
                participant_id=self.participant.id,
                visit_code=visit.visit_code,
                ordinal=0,
                planned_visit_id=row.id,
            )
        )

    def _replace(self, stored: StoredVisit, visit: Visit, *, version: str | None = None) -> None:
        """Put a new revision in the place of the current one; what was begun keeps its zone."""
        self._retire(stored.row)
        zone = stored.row.zone if stored.assessment.started_at else None
        stored.assessment.planned_visit_id = self._new_row(visit, zone=zone, version=version).id

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
        row = self._new_row(visit, zone=returning.row.zone, version=version)
        assessment.visit_code, assessment.ordinal = visit.visit_code, 0
        assessment.planned_visit_id = row.id
        self.session.flush()

    def _set_aside(self, stored: StoredVisit, before: Visit, *, visit_code: str) -> None:
        """Take a form out of the plan, under the next free number, with a closed window of its own."""
        self._retire(stored.row)
        kept = self._new_row(_gone(before), zone=stored.row.zone, version=stored.row.protocol_sha256)
        self._retire(kept)
        assessment = stored.assessment
        assessment.ordinal = 1 + last_ordinal(
            self.session, participant_id=self.participant.id, visit_code=visit_code
        )
        assessment.visit_code = visit_code
        assessment.planned_visit_id = kept.id
        self.session.flush()

    def _retire(self, row: PlannedVisit) -> None:
        row.replaced_at = self.now
        # The index of current rows must see this one gone before the next one is written.
        self.session.flush()

    def _new_row(self, visit: Visit, *, zone: str | None = None, version: str | None = None) -> PlannedVisit:
        revision = self.revisions.get(visit.visit_code, 0) + 1
        self.revisions[visit.visit_code] = revision
        row = PlannedVisit(
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
        self.session.add(row)
        self.session.flush()
        return row


def _gone(visit: Visit) -> Visit:
    """Give a visit as one that is no longer required, because a new plan took the place of the old one."""
    return replace(visit, expected=False, reason=PLAN_REPLACED)
