"""A participant as reminders see them: hours, channels, what stops or holds messages, and the current visits.

`load_situation` reads what stands in this transaction. To ask about what does not stand yet (an event that
is only considered, an amendment, another channel), read the parts with `load_parts`, change them, and make
the situation from them with `make_situation`, which reads nothing; `hypothetical.py` changes the visits the
way a new plan would. What `outbox.plan.plan_outbox` says of such a situation is what `replan_reminders`
would do after the act.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import SiteTask
from pro_app.protocol.windows import start_of_day
from pro_app.reminders.policy import VisitSituation
from pro_app.reminders.sending_hours import (
    SendingHours,
    find_allowed_moment,
    find_chosen_moment,
    sending_hours,
)
from pro_app.reminders.site_checks import SiteCheck, is_checked, list_site_checks
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.tables.assessments import Assessment, PlannedVisit
from pro_app.storage.tables.channel_reports import ChannelStop
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.reminder_requests import ReminderRequest
from pro_app.storage.tables.sites import Site

PUSH = "push"
"""The channel that goes beside another one, never alone and never in its place."""

_RESTING = select(ChannelStop.channel).where(
    ChannelStop.participant_id == bindparam("participant_id"), ChannelStop.lifted_at.is_(None)
)
_CURRENT_VISITS = (
    select(
        PlannedVisit.id,
        PlannedVisit.visit_code,
        PlannedVisit.revision,
        PlannedVisit.protocol_sha256,
        PlannedVisit.opens_on,
        PlannedVisit.target_on,
        PlannedVisit.closes_on,
        PlannedVisit.zone,
        PlannedVisit.expected,
        PlannedVisit.reason_code,
        Assessment.id.label("assessment_id"),
        Assessment.started_at,
        Assessment.submitted_at,
        Assessment.not_done_reason,
        Assessment.not_done_recorded_at,
    )
    .outerjoin(
        Assessment,
        and_(
            Assessment.participant_id == PlannedVisit.participant_id,
            Assessment.visit_code == PlannedVisit.visit_code,
            Assessment.ordinal == 0,
        ),
    )
    .where(PlannedVisit.participant_id == bindparam("participant_id"), PlannedVisit.replaced_at.is_(None))
    .order_by(PlannedVisit.opens_on, PlannedVisit.id)
)
_GOES_LIVE = select(Site.goes_live_on).where(Site.id == bindparam("site_id"))
_ASKED = (
    select(ReminderRequest.assessment_id, ReminderRequest.remind_on)
    .where(ReminderRequest.participant_id == bindparam("participant_id"))
    .order_by(ReminderRequest.remind_on)
)
"""They are made once: every message that is sent asks them, and making them takes as long as asking them."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides about a participant's messages.

    `channels` are those that may be used, in order; `resting` those of the person's order that rest.
    `stopped_by` is the kind of event that stopped messages; `held_until` the end of a pause, which is the
    person's own hour of the day from which messages go out again. Before the site goes live they are held
    until then, as in a pause, and `starts_at` says when that is.
    """

    hours: SendingHours
    channels: tuple[str, ...]
    resting: frozenset[str]
    stopped_by: str | None
    held_until: datetime | None
    visits: tuple[VisitSituation, ...]
    starts_at: datetime | None = None

    @property
    def main_channels(self) -> tuple[str, ...]:
        """The channels of which a message takes one, the first one that works."""
        return tuple(channel for channel in self.channels if channel != PUSH)

    @property
    def has_push(self) -> bool:
        """Whether browsers are told too, beside another channel."""
        return PUSH in self.channels and bool(self.main_channels)

    def find_next_moment(self, earliest_at: datetime, *, before: datetime | None) -> datetime:
        """Give the first moment from `earliest_at` on at which a message may go: after a pause, by day.

        Where the person's own hour comes after `before`, the end of a window that was planned in another
        zone, a pause ends with the first allowed hour of its last day.
        """
        if self.held_until is None:
            return find_allowed_moment(earliest_at, self.hours)
        next_at = find_allowed_moment(max(earliest_at, self.held_until), self.hours)
        if before is None or next_at < before:
            return next_at
        day_begins_at = start_of_day(civil_date(self.held_until, self.hours.zone), self.hours.zone)
        return find_allowed_moment(max(earliest_at, day_begins_at), self.hours)

    def find_visit(self, planned_visit_id: int | None, assessment_id: int | None) -> VisitSituation | None:
        """Find the current plan of a visit, also where a later revision has replaced the one asked for."""
        by_plan = (
            visit for visit in self.visits if planned_visit_id and visit.planned_visit_id == planned_visit_id
        )
        by_assessment = (
            visit for visit in self.visits if assessment_id and visit.assessment_id == assessment_id
        )
        return next(by_plan, None) or next(by_assessment, None)


@dataclass(frozen=True, slots=True)
class SituationParts:
    """What is stored about a participant that a situation is made from, apart from the events.

    `visits` are those of the current plan, `stops` the channels that rest, `checks` what the site recorded.
    `goes_live_on` is the site's own day, None where it is live.
    """

    visits: tuple[VisitSituation, ...]
    stops: frozenset[str]
    checks: tuple[SiteCheck, ...]
    goes_live_on: date | None = None


def load_situation(session: Session, participant: Participant, *, now: datetime) -> Situation:
    """Read what decides about a participant's messages, as it stands in this transaction."""
    parts = load_parts(session, participant)
    return make_situation(
        load_protocol(session, participant.protocol_sha256),
        fold_events(read_events(list_events(session, participant.id))),
        participant,
        visits=parts.visits,
        stops=parts.stops,
        checks=parts.checks,
        goes_live_on=parts.goes_live_on,
        now=now,
    )


def load_parts(session: Session, participant: Participant) -> SituationParts:
    """Read the current visits, the channels that rest and the checks that the site recorded."""
    visits = _list_visits(session, participant.id)
    needs_checks = any(visit.site_check is not None for visit in visits)
    stops = session.scalars(_RESTING, {"participant_id": participant.id})
    return SituationParts(
        visits=visits,
        stops=frozenset(stops),
        checks=list_site_checks(session, participant.id) if needs_checks else (),
        goes_live_on=session.scalar(_GOES_LIVE, {"site_id": participant.site_id}),
    )


def make_situation(
    protocol: Protocol,
    facts: Facts,
    participant: Participant,
    *,
    visits: Sequence[VisitSituation],
    stops: frozenset[str],
    checks: Sequence[SiteCheck],
    goes_live_on: date | None,
    now: datetime,
) -> Situation:
    """Put together what decides about a participant's messages; nothing is read and nothing is changed."""
    order = list_channels(participant.channels, protocol)
    hours = sending_hours(protocol.messages, zone=participant.zone, hour=participant.reminder_hour)
    starts_at = _find_start(goes_live_on, hours=hours, now=now)
    return Situation(
        hours=hours,
        channels=tuple(channel for channel in order if channel not in stops),
        resting=frozenset(channel for channel in order if channel in stops),
        stopped_by=_find_stop(protocol, facts),
        held_until=_find_latest(_find_end_of_hold(protocol, facts, hours=hours, now=now), starts_at),
        visits=tuple(_mark_checked(visit, checks) for visit in visits),
        starts_at=starts_at,
    )


def _mark_checked(visit: VisitSituation, checks: Sequence[SiteCheck]) -> VisitSituation:
    """Give a visit with whether its check is settled."""
    checked = is_checked(visit, checks)
    return visit if visit.checked == checked else replace(visit, checked=checked)


def list_channels(own_order: str | None, protocol: Protocol) -> tuple[str, ...]:
    """List a person's channels in order: their own (`email,sms`), or those of the protocol."""
    own = tuple(code.strip() for code in (own_order or "").split(",") if code.strip())
    return own or protocol.messages.channels


def find_site_check(protocol: Protocol, visit_code: str) -> SiteTask | None:
    """Find what the site is asked to do before a visit opens, and the invitation waits for."""
    phase = protocol.find_phase(visit_code)
    return next((task for task in protocol.site_tasks if phase and phase.code in task.phases), None)


def _find_stop(protocol: Protocol, facts: Facts) -> str | None:
    """Name the event that stopped messages; the protocol lists the gravest ones last."""
    stops = [
        kind.code
        for kind in protocol.event_kinds
        if kind.effect and kind.effect.messages == "stopped" and facts.dates_of(kind.code)
    ]
    return stops[-1] if stops else None


def _find_end_of_hold(
    protocol: Protocol, facts: Facts, *, hours: SendingHours, now: datetime
) -> datetime | None:
    """Give the moment until which messages are held; a hold without an end is looked at again daily.

    A pause ends at the person's own hour of its last day, and still holds what is asked for that morning.
    """
    today = civil_date(now, hours.zone)
    rule = find_message_rule(protocol, facts, today)
    if rule == "held":
        tomorrow = today + timedelta(days=1)
        return find_chosen_moment(max(facts.paused_until or tomorrow, tomorrow), hours)
    if rule == "stopped" or facts.paused_until is None:
        return None
    ended_at = find_chosen_moment(facts.paused_until, hours)
    return ended_at if now < ended_at else None


def _find_start(goes_live_on: date | None, *, hours: SendingHours, now: datetime) -> datetime | None:
    """Give the person's own hour of the day on which the site goes live; None where it is live."""
    if goes_live_on is None:
        return None
    starts_at = find_chosen_moment(goes_live_on, hours)
    return starts_at if now < starts_at else None


def _find_latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _list_visits(session: Session, participant_id: int) -> tuple[VisitSituation, ...]:
    """Read the current plan with the assessment of each visit, and the reminders asked for."""
    asked_on: dict[int, tuple[date, ...]] = {}
    for assessment_id, day in session.execute(_ASKED, {"participant_id": participant_id}):
        asked_on[assessment_id] = (*asked_on.get(assessment_id, ()), day)
    rows = session.execute(_CURRENT_VISITS, {"participant_id": participant_id})
    return tuple(_visit_situation(session, row, asked_on.get(row.assessment_id, ())) for row in rows)


def _visit_situation(
    session: Session, row: Row[*tuple[Any, ...]], asked_on: tuple[date, ...]
) -> VisitSituation:
    protocol = load_protocol(session, row.protocol_sha256)
    phase = protocol.find_phase(row.visit_code)
    return VisitSituation(
        planned_visit_id=row.id,
        assessment_id=row.assessment_id,
        visit_code=row.visit_code,
        revision=row.revision,
        opens_on=row.opens_on,
        target_on=row.target_on,
        closes_on=row.closes_on,
        zone=row.zone,
        closed=not row.expected or row.reason_code is not None,
        started=row.started_at is not None,
        submitted=row.submitted_at is not None,
        rules=phase.reminders if phase else (),
        site_check=find_site_check(protocol, row.visit_code),
        asked_on=asked_on,
        silenced=row.not_done_reason is not None,
        silenced_on=civil_date(row.not_done_recorded_at, row.zone) if row.not_done_recorded_at else None,
    )
