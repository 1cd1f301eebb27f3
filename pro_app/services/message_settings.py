"""What participants decide about their own messages: hour, ways of sending, a pause, no more of them.

None of it is a withdrawal: the questionnaires go on. Every change is the participant's own act in the audit
trail, and plans the messages anew in the same transaction.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.clock import civil_date
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.protocol.events import Facts, fold_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.rules import EventKind
from pro_app.reminders.outbox import replan_reminders
from pro_app.services.enrolment_rules import EARLIEST_HOUR, LATEST_HOUR
from pro_app.services.events import record_event
from pro_app.services.known_channels import KnownChannel, list_known_channels, list_orders, make_own_order
from pro_app.services.participants import load_participant
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.events import list_events, read_events
from pro_app.storage.tables.participants import Participant

LONGEST_PAUSE = timedelta(days=366)
SAID_BY, PARTICIPANT = "said_by", "participant"
"""The detail of an event that the participant recorded, who has no account."""


@dataclass(frozen=True, slots=True)
class OwnMessageSettings:
    """What holds for a participant's messages now; dates are civil dates in `zone`.

    `paused_until` is the first day with messages again. `is_over`: no questionnaire is asked for any more, so
    that there is nothing to decide.
    """

    reminder_hour: int
    zone: str
    channels: tuple[KnownChannel, ...]
    today: date
    paused_until: date | None
    stopped_on: date | None
    may_pause: bool
    may_stop: bool
    is_over: bool

    @property
    def order(self) -> tuple[str, ...]:
        """Give the channels in use, in their order."""
        return tuple(channel.code for channel in self.channels if channel.is_on)

    @property
    def orders(self) -> tuple[tuple[str, ...], ...]:
        """List the orders to choose from."""
        return tuple(list_orders([channel.code for channel in sorted(self.channels, key=lambda c: c.code)]))


@dataclass(frozen=True, slots=True)
class _Person:
    """A participant who acts for themselves, with the rules and facts that hold."""

    participant: Participant
    protocol: Protocol
    facts: Facts
    today: date

    @property
    def pause(self) -> EventKind | None:
        """Find the event that holds messages until a date."""
        return self._find_kind("held", needs="until")

    @property
    def stop(self) -> EventKind | None:
        """Find the event that stops messages and nothing else, and can be taken back."""
        return self._find_kind("stopped")

    @property
    def resumption(self) -> EventKind | None:
        """Find the event that ends another one."""
        return next((kind for kind in self.protocol.event_kinds if "of" in kind.details), None)

    def _find_kind(self, messages: str, *, needs: str | None = None) -> EventKind | None:
        return next(
            (
                kind
                for kind in self.protocol.event_kinds
                if kind.effect
                and (kind.effect.messages, kind.effect.visits) == (messages, "stay")
                and kind.resumable
                and (needs is None or needs in kind.details)
            ),
            None,
        )

    @property
    def is_paused(self) -> bool:
        """Say whether a pause has not reached its end, also where messages are stopped besides."""
        if self.pause is None or not self.facts.dates_of(self.pause.code):
            return False
        return self.facts.paused_until is not None and self.today < self.facts.paused_until

    @property
    def stopped_on(self) -> date | None:
        """Give the day from which the person wants no more messages."""
        return next(iter(self.facts.dates_of(self.stop.code)), None) if self.stop else None

    @property
    def is_over(self) -> bool:
        """Say whether no questionnaire is asked for any more."""
        return any(
            kind.effect and kind.effect.visits != "stay" and self.facts.dates_of(kind.code)
            for kind in self.protocol.event_kinds
        )


def load_message_settings(
    session: Session, *, vault: ContactVault, usable: frozenset[str], actor: Actor, now: datetime
) -> OwnMessageSettings:
    """Give what holds for the acting participant; `usable` are the channels that the installation has."""
    person = _load_person(session, actor=actor, now=now)
    return OwnMessageSettings(
        reminder_hour=person.participant.reminder_hour,
        zone=person.participant.zone,
        channels=_list_channels(session, person, vault=vault, usable=usable),
        today=person.today,
        paused_until=person.facts.paused_until if person.is_paused else None,
        stopped_on=person.stopped_on,
        may_pause=person.pause is not None,
        may_stop=person.stop is not None,
        is_over=person.is_over,
    )


def change_message_settings(
    session: Session,
    *,
    reminder_hour: int,
    order: tuple[str, ...],
    vault: ContactVault,
    usable: frozenset[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Change hour and channels of the acting participant; `order` is empty where there is no choice.

    Raises InputRejected for an hour outside 8 to 19 or an order that is not on offer.
    """
    person = _load_person(session, actor=actor, now=now, lock=True)
    channels = _list_channels(session, person, vault=vault, usable=usable)
    problems = []
    if not EARLIEST_HOUR <= reminder_hour <= LATEST_HOUR:
        problems.append(Problem(mark("Choose an hour from 8 to 19."), place="reminder_hour"))
    if order and order not in list_orders([channel.code for channel in channels]):
        problems.append(Problem(mark("Choose one of the ways on offer."), place="order"))
    if problems:
        raise InputRejected(tuple(problems))
    wanted: dict[str, int | str | None] = {"reminder_hour": reminder_hour}
    if order and order != tuple(channel.code for channel in channels if channel.is_on):
        wanted["channels"] = make_own_order(person.participant, order, person.protocol)
    _save(session, person.participant, wanted, actor=actor, now=now)


def pause_messages(session: Session, until_on: date | None, *, actor: Actor, now: datetime) -> None:
    """Hold the messages of the acting participant until a day, on which they go out again.

    Raises InputRejected for a day that is not after today, or more than a year away.
    """
    person = _load_person(session, actor=actor, now=now, lock=True)
    if person.pause is None or person.is_over:
        raise NotFound("pause")
    if until_on is None or until_on <= person.today:
        raise InputRejected((Problem(mark("Choose a day after today."), place="until"),))
    if until_on > person.today + LONGEST_PAUSE:
        message = mark("A pause lasts a year at most. You can stop the messages instead.")
        raise InputRejected((Problem(message, place="until"),))
    if person.is_paused and person.facts.paused_until == until_on:
        return
    _record(session, person, person.pause, actor=actor, now=now, until=until_on.isoformat())


def stop_messages(session: Session, *, actor: Actor, now: datetime) -> bool:
    """Stop the messages of the acting participant, who stays in the trial; doing it twice changes nothing.

    Tells whether they were stopped now.
    """
    person = _load_person(session, actor=actor, now=now, lock=True)
    if person.stop is None:
        raise NotFound("stop")
    if person.stopped_on is not None or person.is_over:
        return False
    _record(session, person, person.stop, actor=actor, now=now)
    return True


def resume_messages(session: Session, *, actor: Actor, now: datetime) -> bool:
    """End the stop or the pause of the acting participant, both if both hold; tells whether one held."""
    person = _load_person(session, actor=actor, now=now, lock=True)
    if person.is_over:
        return False
    ended = False
    for kind, holds in ((person.stop, person.stopped_on is not None), (person.pause, person.is_paused)):
        if kind is not None and holds and person.resumption is not None:
            _record(session, person, person.resumption, actor=actor, now=now, of=kind.code)
            ended = True
    return ended


def _load_person(session: Session, *, actor: Actor, now: datetime, lock: bool = False) -> _Person:
    if actor.participant_id is None:
        raise NotPermitted("message settings")
    participant = load_participant(session, actor.participant_id, actor=actor, lock=lock)
    protocol = load_protocol(session, participant.protocol_sha256)
    facts = fold_events(read_events(list_events(session, participant.id)))
    return _Person(participant, protocol, facts, civil_date(now, participant.zone))


def _list_channels(
    session: Session, person: _Person, *, vault: ContactVault, usable: frozenset[str]
) -> tuple[KnownChannel, ...]:
    return list_known_channels(
        session,
        person.participant,
        contact=vault.find(person.participant.contact_ref),
        protocol=person.protocol,
        usable=usable,
    )


def _record(
    session: Session, person: _Person, kind: EventKind, *, actor: Actor, now: datetime, **details: str
) -> None:
    """Record an event of today as the participant's own act; it plans the messages anew."""
    record_event(
        session,
        participant_id=person.participant.id,
        kind=kind.code,
        occurred_on=person.today,
        details={**details, SAID_BY: PARTICIPANT},
        actor=actor,
        now=now,
        language=person.participant.language,
    )


def _save(
    session: Session,
    participant: Participant,
    wanted: dict[str, int | str | None],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Write what changed, plan the messages anew and tell the audit trail; nothing where nothing changed."""
    items: list[dict[str, object]] = [
        {"field": name, "before": getattr(participant, name), "after": value}
        for name, value in wanted.items()
        if getattr(participant, name) != value
    ]
    if not items:
        return
    for name, value in wanted.items():
        setattr(participant, name, value)
    session.flush()
    replan_reminders(session, participant=participant, now=now)
    record_change(
        session,
        Change("settings.change", f"participant:{participant.id}", items),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
