"""Previews of an event, of its correction and of taking it back; nothing is written and nothing locked."""

from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.errors import NotFound
from pro_app.protocol.events import fold_events
from pro_app.services.considered_events import (
    ConsideredEvent,
    Correction,
    NewEvent,
    consider_row,
    make_correcting_row,
    make_new_row,
)
from pro_app.services.event_offers import Situation
from pro_app.services.plan_previews.calendar import list_calendar_rows
from pro_app.services.plan_previews.consequences import find_consequences
from pro_app.services.plan_previews.fingerprint import make_fingerprint
from pro_app.services.plan_previews.messages import list_message_changes
from pro_app.services.plan_previews.model import Act, PlanPreview
from pro_app.services.plan_previews.rates import measure_rates
from pro_app.services.plan_previews.warnings import list_warnings
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.events import find_event, list_events
from pro_app.storage.tables.participants import Participant


def preview_event(session: Session, situation: Situation, new: NewEvent, *, now: datetime) -> PlanPreview:
    """Say what recording an event would do; raises InputRejected with everything that speaks against it."""
    participant = session.get_one(Participant, situation.participant_id)
    considered = consider_row(
        session,
        participant,
        make_new_row(participant.id, new, account_id=None, now=now),
        rows=list_events(session, participant.id),
        language=situation.language,
        now=now,
    )
    return make_preview(session, considered, language=situation.language, now=now)


def preview_correction(
    session: Session, situation: Situation, correction: Correction, *, event_id: int, now: datetime
) -> PlanPreview:
    """Say what correcting an event, or taking it back, would do; its reason plays no part.

    Raises InputRejected as the act does, NotFound for an event of somebody else.
    """
    participant = session.get_one(Participant, situation.participant_id)
    known = find_event(session, event_id)
    if known is None or known.participant_id != participant.id:
        raise NotFound("event")
    considered = consider_row(
        session,
        participant,
        make_correcting_row(known, correction, account_id=None, now=now),
        rows=list_events(session, participant.id),
        replaces=known,
        language=situation.language,
        now=now,
    )
    return make_preview(session, considered, language=situation.language, now=now)


def make_preview(
    session: Session, considered: ConsideredEvent, *, language: str, now: datetime
) -> PlanPreview:
    """Put together what a considered event would do to the calendar, the messages and the rates."""
    participant, protocol = considered.participant, considered.protocol
    consequences = find_consequences(session, considered, now=now)
    changes = consequences.outcome.changes
    records = list_assessments(session, participant_id=participant.id)
    calendar = list_calendar_rows(changes, records, protocol=protocol, language=language)
    messages = list_message_changes(consequences, records, protocol=protocol, language=language, now=now)
    warnings = list_warnings(considered, consequences, calendar, records=records, language=language)
    arm = fold_events(considered.events).arm
    return PlanPreview(
        participant_id=participant.id,
        participant_code=participant.participant_code,
        zone=participant.zone,
        act=_name_act(considered),
        kind=considered.row.kind,
        label=protocol.event_label(considered.row.kind, language, arm),
        occurred_on=considered.row.occurred_on,
        details=dict(considered.row.details),
        calendar=calendar,
        messages=messages,
        rates=measure_rates(
            session,
            participant,
            changes,
            records=records,
            protocol=protocol,
            language=language,
            now=now,
        ),
        warnings=warnings,
        fingerprint=make_fingerprint(considered, calendar=calendar, messages=messages, warnings=warnings),
    )


def _name_act(considered: ConsideredEvent) -> Act:
    if considered.replaces is None:
        return "record"
    return "retract" if considered.row.retracts else "correct"
