"""A participant's situation as it would be after an act that is only considered; nothing is written.

A preview of an event asks for it like this; `outcome` is what `services.planning.preview_plan` said:

    situation = imagine_situation(
        session, participant, changes=outcome.changes, versions=outcome.versions,
        events=events, protocol=protocol, now=now,
    )
    plan = plan_outbox(
        situation, list_rows(session, participant.id, lock=False), participant=participant, now=now
    )

`plan_outbox` and `list_rows` are in `pro_app.reminders.outbox`. `imagine_visits` does the pure part.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.protocol.events import Event, fold_events
from pro_app.protocol.open_days import is_before_move
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit as Visit
from pro_app.reminders.policy import VisitSituation
from pro_app.reminders.situation import Situation, find_site_check, load_parts, make_situation
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.plans import last_revisions, list_unscheduled
from pro_app.storage.tables.participants import Participant


@dataclass(frozen=True, slots=True)
class SetAside:
    """Answers that fit no visit at present, and may come back to theirs; `zone` is that of their window.

    `silenced`: the site recorded about them that nothing more will come.
    """

    assessment_id: int
    zone: str
    submitted: bool
    silenced: bool = False


@dataclass(frozen=True, slots=True)
class PlanBasis:
    """What new rows of the plan are made from: rules by visit code, zone, revisions, set-aside answers."""

    find_protocol: Callable[[str], Protocol]
    zone: str
    revisions: Mapping[str, int]
    set_aside: Mapping[int, SetAside]


def imagine_situation(
    session: Session,
    participant: Participant,
    *,
    changes: Iterable[PlanChange],
    versions: Mapping[str, str],
    events: Iterable[Event],
    protocol: Protocol,
    now: datetime,
) -> Situation:
    """Give the situation that would follow if these were the events and the protocol and the plan so changed.

    `versions` names the protocol by SHA-256 for visits that belong to an earlier one.
    """
    parts = load_parts(session, participant)
    earlier = {code: load_protocol(session, sha256) for code, sha256 in versions.items()}
    basis = PlanBasis(
        find_protocol=lambda code: earlier.get(code, protocol),
        zone=participant.zone,
        revisions=last_revisions(session, participant.id),
        set_aside={
            visit.assessment.ordinal: SetAside(
                visit.assessment.id,
                visit.row.zone,
                submitted=visit.assessment.submitted_at is not None,
                silenced=visit.assessment.not_done_reason is not None,
            )
            for visit in list_unscheduled(session, participant.id, lock=False)
        },
    )
    return make_situation(
        protocol,
        fold_events(events),
        participant,
        visits=imagine_visits(parts.visits, changes, basis=basis),
        stops=parts.stops,
        checks=parts.checks,
        goes_live_on=parts.goes_live_on,
        now=now,
    )


def imagine_visits(
    visits: Iterable[VisitSituation], changes: Iterable[PlanChange], *, basis: PlanBasis
) -> tuple[VisitSituation, ...]:
    """Give the current visits as they would stand once a plan's changes were stored.

    Visits that are not stored yet have no `planned_visit_id`, and the revision that they would get.
    """
    imagined = _Imagined({visit.visit_code: visit for visit in visits}, dict(basis.revisions), basis)
    for change in changes:
        imagined.make(change)
    return tuple(sorted(imagined.visits.values(), key=lambda visit: (visit.opens_on, visit.visit_code)))


@dataclass(frozen=True, slots=True)
class _Imagined:
    """The plan being changed; `visits` are the current ones, `revisions` the last ones."""

    visits: dict[str, VisitSituation]
    revisions: dict[str, int]
    basis: PlanBasis

    def make(self, change: PlanChange) -> None:
        """Make one change of the plan, taking as many revisions as writing it would."""
        code, after = change.visit_code, change.after
        standing = self.visits.get(code)
        if change.action == "unschedule" and standing is not None:
            del self.visits[code]
            self._next_revision(code)
        elif change.action == "cancel" and standing is not None:
            self.visits[code] = replace(
                standing, planned_visit_id=None, revision=self._next_revision(code), closed=True
            )
        elif change.action in {"move", "add"} and after is not None:
            self.visits[code] = self._plan(after, like=standing)
        elif change.action == "readmit" and after is not None:
            self._readmit(after, self.basis.set_aside[change.unscheduled], takes_place=standing is not None)

    def _plan(self, after: Visit, *, like: VisitSituation | None) -> VisitSituation:
        """Give the new row of a visit; one that was begun keeps its zone."""
        protocol = self.basis.find_protocol(after.visit_code)
        phase = protocol.find_phase(after.visit_code)
        silenced = like is not None and _stays_silenced(like, after)
        return VisitSituation(
            planned_visit_id=None,
            assessment_id=like.assessment_id if like else None,
            visit_code=after.visit_code,
            revision=self._next_revision(after.visit_code),
            opens_on=after.opens_on,
            target_on=after.target_on,
            closes_on=after.closes_on,
            zone=like.zone if like and like.started else self.basis.zone,
            closed=not after.expected or after.reason is not None,
            started=like is not None and like.started,
            submitted=like is not None and like.submitted,
            rules=phase.reminders if phase else (),
            site_check=find_site_check(protocol, after.visit_code),
            asked_on=like.asked_on if like else (),
            silenced=silenced,
            silenced_on=like.silenced_on if like and silenced else None,
        )

    def _readmit(self, after: Visit, answers: SetAside, *, takes_place: bool) -> None:
        """Give a visit its answers back; an empty form that stood there meanwhile takes a revision to go."""
        if takes_place:
            self._next_revision(after.visit_code)
        visit = self._plan(after, like=None)
        self.visits[after.visit_code] = replace(
            visit,
            assessment_id=answers.assessment_id,
            zone=answers.zone,
            started=True,
            submitted=answers.submitted,
            silenced=answers.silenced,
        )

    def _next_revision(self, visit_code: str) -> int:
        self.revisions[visit_code] = self.revisions.get(visit_code, 0) + 1
        return self.revisions[visit_code]


def _stays_silenced(standing: VisitSituation, after: Visit) -> bool:
    """Say whether what the site recorded about a visit holds for its next period too, as writing it would."""
    said_on = standing.silenced_on
    is_outdated = said_on is not None and is_before_move(
        said_on, before_on=standing.opens_on, after_on=after.opens_on
    )
    return standing.silenced and (standing.submitted or not is_outdated)
