"""What sites are asked to do: listing and counting it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.protocol.leaving import find_message_rule
from pro_app.protocol.rules import MessageRule
from pro_app.reminders.site_tasks import DueTask, list_site_tasks
from pro_app.reminders.task_outcomes import Outcome, list_outcomes
from pro_app.reminders.task_ranking import Rank, count_days_left, list_steps, rank_task
from pro_app.reminders.task_situation import SITE_ROLES
from pro_app.services.messages import find_outcome_words
from pro_app.services.participants import load_participant
from pro_app.services.site_task_subjects import TaskSubject, load_task_subjects
from pro_app.services.transfers.matters import Arrival, list_arrivals
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.queries.people_pages import count_people_by_site
from pro_app.storage.queries.site_tasks import TaskScope
from pro_app.storage.tables.participants import Participant

PEOPLE_AT_ONCE = 1000
"""How many participants' tasks are worked out for one page: the rules are asked about each of them."""


@dataclass(frozen=True, slots=True)
class UnexplainedVisit:
    """One visit that was missed and of which the site is to say why; `closed_on` is a civil date."""

    assessment_id: int
    label: str
    closed_on: date


@dataclass(frozen=True, slots=True)
class SiteTaskLine:
    """One task with what a page needs to say it; labels in the language asked for, no contact in it.

    `reasons` are the protocol's codes of why a form will not come. `failure` says why a message did not
    arrive, as a message id. `messages` says whether messages are `sent`,
    `held` (until `held_until`) or `stopped` for the participant.
    """

    task: DueTask
    participant_code: str
    site_id: int
    zone: str
    visit_label: str
    event_label: str
    task_label: str
    failure: str | None
    messages: MessageRule
    held_until: date | None
    today: date
    unexplained: tuple[UnexplainedVisit, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def days_left(self) -> int | None:
        """Count the days to the last one in the participant's zone, None where there is none."""
        return count_days_left(self.task, today=self.today)

    @property
    def steps(self) -> tuple[str, ...]:
        """List what puts the task where it stands on the list."""
        return list_steps(self.task, today=self.today)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """List what may be recorded about it."""
        return list_outcomes(self.task.kind)


@dataclass(frozen=True, slots=True)
class SiteTaskCount:
    """How many tasks a site has, in all and by kind."""

    site_id: int
    site_name: str
    total: int
    by_kind: dict[str, int]


def list_tasks_of_sites(
    session: Session, *, site_ids: Iterable[int] | None, actor: Actor, language: str, now: datetime
) -> list[SiteTaskLine]:
    """List the tasks of sites within the actor's reach (None: all of them), the most urgent first."""
    scope = _make_scope(actor, site_ids)
    subjects = load_task_subjects(session, scope, now=now)
    lines = [
        line for subject in subjects for line in _list_lines(subject, actor=actor, language=language, now=now)
    ]
    lines += [_make_line_of_arrival(arrival) for arrival in list_arrivals(session, scope, now=now)]
    return sorted(lines, key=_rank)


def list_tasks_of_participant(
    session: Session, participant_id: int, *, actor: Actor, language: str, now: datetime
) -> list[SiteTaskLine]:
    """List the tasks about one participant whom the actor may reach, the most urgent first."""
    participant = load_participant(session, participant_id, actor=actor)
    subject = _load_subject(session, participant, now=now)
    return sorted(_list_lines(subject, actor=actor, language=language, now=now), key=_rank)


def count_tasks(session: Session, *, actor: Actor, now: datetime) -> int:
    """Count the tasks of the sites within the actor's reach."""
    scope = _make_scope(actor, None)
    subjects = load_task_subjects(session, scope, now=now, only_counted=True)
    arrivals = list_arrivals(session, scope, now=now)
    return len(arrivals) + sum(len(_list_due(subject, actor=actor, now=now)) for subject in subjects)


def divide_sites(session: Session, *, actor: Actor) -> list[tuple[int, ...]]:
    """Divide the sites within the actor's reach, by site code, into parts whose tasks are counted at once.

    A part has as many sites as have PEOPLE_AT_ONCE participants together, and one at least.
    """
    study_id = _study_of(actor)
    people = count_people_by_site(session, study_id=study_id, site_ids=actor.site_ids)
    parts: list[list[int]] = []
    counted = 0
    for site in list_sites(session, study_id=study_id, site_ids=actor.site_ids):
        counted += people.get(site.id, 0)
        if not parts or counted > PEOPLE_AT_ONCE:
            parts.append([])
            counted = people.get(site.id, 0)
        parts[-1].append(site.id)
    return [tuple(part) for part in parts]


def count_tasks_by_site(
    session: Session, *, site_ids: Iterable[int] | None = None, actor: Actor, now: datetime
) -> list[SiteTaskCount]:
    """Count the tasks of sites within the actor's reach (None: all of them), also of those without any."""
    counts: dict[int, Counter[str]] = {}
    scope = _make_scope(actor, site_ids)
    for subject in load_task_subjects(session, scope, now=now, only_counted=True):
        kinds = Counter(task.kind for task in _list_due(subject, actor=actor, now=now))
        counts.setdefault(subject.participant.site_id, Counter()).update(kinds)
    for arrival in list_arrivals(session, scope, now=now):
        counts.setdefault(arrival.site_id, Counter()).update([arrival.task.kind])
    return [
        SiteTaskCount(
            site.id, site.name, counts.get(site.id, Counter()).total(), dict(counts.get(site.id, {}))
        )
        for site in list_sites(session, study_id=scope.study_id, site_ids=scope.site_ids)
    ]


def list_due_tasks(
    session: Session, participant: Participant, *, actor: Actor, now: datetime
) -> tuple[DueTask, ...]:
    """List the tasks about a participant whom the actor is known to reach, in no order."""
    return _list_due(_load_subject(session, participant, now=now), actor=actor, now=now)


def _make_scope(actor: Actor, site_ids: Iterable[int] | None) -> TaskScope:
    """Give the sites asked for as far as the actor reaches them; others are as absent as unknown ones."""
    wanted = None if site_ids is None else frozenset(site_ids)
    if actor.site_ids is not None:
        wanted = actor.site_ids if wanted is None else wanted & actor.site_ids
    return TaskScope(_study_of(actor), wanted)


def _study_of(actor: Actor) -> int:
    if actor.study_id is None:
        raise NotFound("study")
    return actor.study_id


def _load_subject(session: Session, participant: Participant, *, now: datetime) -> TaskSubject:
    scope = TaskScope(participant.study_id, participant_id=participant.id)
    (subject,) = load_task_subjects(session, scope, now=now)
    return subject


def _list_lines(
    subject: TaskSubject, *, actor: Actor, language: str, now: datetime
) -> Iterator[SiteTaskLine]:
    person, situation = subject.participant, subject.situation
    protocol, facts = situation.protocol, situation.facts
    labels = {rule.code: rule.label.text(language) for rule in protocol.site_tasks}
    today = situation.civil_day(now)
    messages = find_message_rule(protocol, facts, today)
    missed = {visit.visit_code: visit for visit in situation.missed}
    for task in _list_due(subject, actor=actor, now=now):
        yield SiteTaskLine(
            task=task,
            participant_code=person.participant_code,
            site_id=person.site_id,
            zone=person.zone,
            visit_label=protocol.visit_label(task.visit_code, language) if task.visit_code else "",
            event_label=protocol.event_label(task.event, language, facts.arm) if task.event else "",
            task_label=labels.get(task.kind, ""),
            failure=find_outcome_words(protocol, task.failure.reason if task.failure else None, language),
            messages=messages,
            held_until=facts.paused_until if messages == "held" else None,
            today=today,
            unexplained=tuple(
                UnexplainedVisit(
                    missed[code].assessment_id, protocol.visit_label(code, language), missed[code].closed_on
                )
                for code in task.unexplained
            ),
            reasons=tuple(reason.code for reason in protocol.missing_reasons),
        )


def _make_line_of_arrival(arrival: Arrival) -> SiteTaskLine:
    """Give the line of somebody whom the site does not follow yet: nothing is said of the person."""
    return SiteTaskLine(
        task=arrival.task,
        participant_code=arrival.participant_code,
        site_id=arrival.site_id,
        zone=arrival.zone,
        visit_label="",
        event_label="",
        task_label="",
        failure=None,
        messages="sent",
        held_until=None,
        today=arrival.today,
    )


def _list_due(subject: TaskSubject, *, actor: Actor, now: datetime) -> tuple[DueTask, ...]:
    """List the tasks that are for the actor; those who only count see how many there are for anybody."""
    due = list_site_tasks(subject.situation, now=now)
    if actor.role not in SITE_ROLES:
        return due
    return tuple(
        task
        for task in due
        if actor.role in task.for_roles and (task.not_for_id is None or task.not_for_id != actor.account_id)
    )


def _rank(line: SiteTaskLine) -> Rank:
    return rank_task(line.task, participant_code=line.participant_code, today=line.today)
