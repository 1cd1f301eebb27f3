"""What the staff of a site does on one morning of a busy trial: its list, and whatever else a site does.

What is drawn may be impossible; then the services refuse it, and nothing happens. What was done is counted by
name in the trial's history, so that a test can see that everything did happen.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from random import Random
from uuid import UUID

from paper_world import make_table
from sqlalchemy import select

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import civil_date
from pro_app.errors import ProAppError
from pro_app.protocol.state import AssessmentState
from pro_app.services.answer_import.importing import read_import
from pro_app.services.answer_import.rows import ImportTask, file_row
from pro_app.services.answer_readings import FollowUp, open_reading, record_follow_up
from pro_app.services.answers import Operation, save_operations
from pro_app.services.clarifications.apply import read_basis
from pro_app.services.clarifications.decisions import Decision, decide_clarification
from pro_app.services.clarifications.requests import request_clarification, withdraw_clarification
from pro_app.services.clarifications.rules import Wanted, WantedItem, list_kinds, list_modes
from pro_app.services.contact_changes import change_contact
from pro_app.services.device_reports import HeldAnswers, record_held_answers
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.event_undo import find_undo
from pro_app.services.events import Correction, correct_event, record_event
from pro_app.services.interviews import begin_interview
from pro_app.services.paper.decisions import Decision as MarkDecision
from pro_app.services.paper.decisions import decide, list_open_differences
from pro_app.services.paper.desk import load_desk
from pro_app.services.paper.entries import SheetHead, discard, finish_entry, open_form, save_marks
from pro_app.services.sessions import find_participant_sign_in
from pro_app.services.site_tasks import SiteTaskLine, list_tasks_of_sites
from pro_app.services.staff_sessions import start_staff_session
from pro_app.services.submission import submit_assessment
from pro_app.services.task_records import TaskSaid, record_task
from pro_app.services.transfers.decisions import accept_transfer, refuse_transfer
from pro_app.services.transfers.requests import request_transfer, withdraw_transfer
from pro_app.services.transfers.rules import WantedTransfer
from pro_app.services.visits import NotDone, record_not_done, reopen_visit, withdraw_not_done
from pro_app.simulation.history import History
from pro_app.simulation.world import World
from pro_app.storage.database import Database, Session
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments, load_assessment
from pro_app.storage.queries.events import list_events
from pro_app.storage.tables.clarifications import Clarification
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import StaffSession
from pro_app.storage.tables.transfers import SiteTransfer

DONE_IN_A_MORNING = 0.3
"""How much of the list is done in one morning."""
CALLED_IN_A_MORNING, URGENT = 0.7, ("call", "check_status_and_contacts", "paper_awaited")
IMPORTER = system_actor("command", "import-answers")
REASONS = ("TOO_ILL", "REFUSED", "FORGOT", "NOT_REACHED", "SITE_NOT_GIVEN", "TECHNICAL", "LANGUAGE",
           "HOSPITALISED", "OTHER", "UNKNOWN")  # fmt: skip
SAID_BY = ("patient", "relative", "site")
STOPS = ("messages_stopped", "questionnaires_stopped", "lost")


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of one site."""

    nurse: Actor
    colleague: Actor
    investigator: Actor


@dataclass
class Morning:
    """One morning: when it is, what chance says, and the site's forms as they stand."""

    random: Random
    now: datetime
    actor: Actor
    read: Callable[[], list[AssessmentRecord]]

    @cached_property
    def forms(self) -> list[AssessmentRecord]:
        """The forms, read when they are first asked for."""
        return self.read()

    def pick(self, forms: Iterable[AssessmentRecord]) -> AssessmentRecord | None:
        """Draw one form; None of none."""
        listed = list(forms)
        return self.random.choice(listed) if listed else None

    def in_state(self, *states: AssessmentState) -> list[AssessmentRecord]:
        """Give the forms in some states."""
        return [form for form in self.forms if form.ordinal == 0 and form.state(self.now) in states]


class _Within(Database):
    """A database that reads in a transaction which is open already: what it wrote is not committed yet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reading(self) -> AbstractContextManager[Session]:
        """Give the open transaction."""
        return nullcontext(self._session)


def _answer(session: Session, m: Morning, assessment_id: int, *, actor: Actor, items: int) -> None:
    """Answer the first items of the first questionnaire."""
    operations = [
        Operation(str(UUID(int=m.random.getrandbits(128))), "qlq-c30", number, "answered", 2)
        for number in range(1, items + 1)
    ]
    save_operations(session, assessment_id=assessment_id, operations=operations, actor=actor, now=m.now)


Watch = Callable[[set[str], datetime], None]
"""Is told which kinds of tasks stand on the list of a morning, before anything is done."""
Act = Callable[[Session, Morning], str | None]
"""Does something; gives the name under which it is counted, None where there was nothing to do."""


@dataclass
class BusySite:
    """One site at work."""

    world: World
    history: History
    staff: dict[str, Staff]
    code: str
    watch: Watch

    @property
    def site_id(self) -> int:
        """Give the key of the site."""
        return self.world.site_ids[self.code]

    @property
    def team(self) -> Staff:
        """Give the people of the site."""
        return self.staff[self.code]

    def work(self, random: Random, now: datetime) -> None:
        """Do what is drawn for one morning."""
        lines = self._read_list(now)
        self.watch({line.task.kind for line in lines}, now)
        for line in lines:
            if random.random() < (CALLED_IN_A_MORNING if line.task.kind in URGENT else DONE_IN_A_MORNING):
                actor = random.choice((self.team.nurse, self.team.colleague))
                self._try(partial(self._do_task, line), random, actor=actor, now=now)
        for chance, act in self._list_acts():
            if random.random() < chance:
                actor = random.choice((self.team.nurse, self.team.colleague))
                self._try(act, random, actor=actor, now=now)

    def _list_acts(self) -> list[tuple[float, Act]]:
        return [
            (0.15, self._open_paper),
            (0.05, self._discard_paper),
            (0.15, self._interview),
            (0.30, self._ask_correction),
            (0.08, self._withdraw_correction),
            (0.08, self._read_answers),
            (0.1, self._ask_transfer),
            (0.10, self._withdraw_transfer),
            (0.07, self._say_why),
            (0.20, self._take_back),
            (0.15, self._reopen),
            (0.40, self._answer_late),
            (0.07, self._record_event),
            (0.10, self._correct_event),
            (0.04, self._undo_event),
            (0.08, self._report_phone),
            (0.1, self._import_sheets),
            (0.08, self._change_contact),
        ]

    def _read_list(self, now: datetime) -> list[SiteTaskLine]:
        lines = []
        with self.world.database.reading() as session:
            for actor in (self.team.nurse, self.team.investigator):
                lines += list_tasks_of_sites(session, site_ids=None, actor=actor, language="fr", now=now)
        return list({line.task.task_key: line for line in lines}.values())

    def _try(self, act: Act, random: Random, *, actor: Actor, now: datetime) -> None:
        """Do one thing in one transaction; what the services refuse did not happen."""
        try:
            with self.world.database.writing() as session:
                name = act(session, Morning(random, now, actor, partial(self._read_forms, session)))
        except ProAppError as refused:
            self.history.happened[f"refused: {type(refused).__name__}"] += 1
            return
        if name is not None:
            self.history.happened[name] += 1

    def _read_forms(self, session: Session) -> list[AssessmentRecord]:
        return list(
            list_assessments(session, study_id=self.world.study_id, site_ids=frozenset({self.site_id}))
        )

    # What stands on the list

    def _do_task(self, line: SiteTaskLine, session: Session, m: Morning) -> str | None:
        task = line.task
        settled_elsewhere: dict[str, Callable[[Session, Morning, int], str | None]] = {
            "second_entry": self._go_on_typing,
            "clarification": self._decide_correction,
            "reading_follow_up": self._follow_up,
            "transfer": self._answer_transfer,
        }
        if task.kind in settled_elsewhere:
            return settled_elsewhere[task.kind](session, m, int(task.about))
        if task.kind == "missing_reason" and m.random.random() < 0.5:
            visit = m.random.choice(line.unexplained)
            record_not_done(session, visit.assessment_id, self._draw_reason(m), actor=m.actor, now=m.now)
            return "reason given"
        # What was said least often so far: in a short trial, too, everything is said.
        said = self.history.happened
        outcome = min(line.outcomes, key=lambda one: said[f"{task.kind}: {one.code}"])
        if task.kind == "call" and (task.visit_code or "").startswith("Y"):
            # Only a yearly period is long enough for the sheet to be missed before it ends.
            outcome = next(one for one in line.outcomes if one.code == "prefers_paper")
        if outcome.is_begun:
            form = next(
                f
                for f in m.forms
                if f.participant_id == task.participant_id and f.visit_code == task.visit_code
            )
            self._ask_by_telephone(session, m, form)
            return f"{task.kind}: {outcome.code}"
        again_on = None
        if outcome.day_is_chosen and m.random.random() < 0.6:
            again_on = civil_date(m.now, line.zone) + timedelta(days=m.random.randrange(1, 8))
        why = self._draw_reason(m)
        said_so = TaskSaid(
            outcome.code,
            note=why.text if outcome.needs_reason else "",
            again_on=again_on,
            reason=why.reason if outcome.needs_reason else None,
            said_by=why.said_by if outcome.needs_reason else None,
        )
        record_task(session, task.task_key, said=said_so, actor=m.actor, now=m.now)
        return f"{task.kind}: {outcome.code}"

    def _draw_reason(self, m: Morning) -> NotDone:
        return NotDone(m.random.choice(REASONS), m.random.choice(SAID_BY), "Said on the telephone.")

    # Paper

    def _open_paper(self, session: Session, m: Morning) -> str | None:
        asked = m.in_state(AssessmentState.OPEN, AssessmentState.STARTED, AssessmentState.MISSED)
        form = m.pick(f for f in asked if (m.now - f.window.opens_at).days < 120)
        if form is None:
            return None
        today = civil_date(m.now, form.zone)
        day = max(form.opens_on, today - timedelta(days=m.random.randrange(3)))
        head = SheetHead(
            day,
            m.random.choice(("self", "self", "self", "assisted", "proxy")),
            wants_second=m.random.random() < 0.6,
            late_reason="It lay at the hospital." if form.closes_on and day > form.closes_on else "",
        )
        open_form(session, form.assessment_id, head, actor=m.actor, now=m.now)
        return "sheet opened"

    def _go_on_typing(self, session: Session, m: Morning, form: int) -> str | None:
        desk = load_desk(session, form, actor=m.actor)
        finished = [typed for typed in desk.typed if typed.finished_at is not None]
        if len(finished) > 1:
            made = {
                cell.key: MarkDecision(desk.typed[0].marks[cell.key], "Read again.")
                for cell in list_open_differences(desk)
            }
            decide(session, form, made, actor=m.actor, now=m.now)
            return "sheet decided"
        marks = {cell.key: "2" for cell in desk.open_cells}
        if finished and m.random.random() < 0.6:
            marks[next(iter(marks))] = "3"
        save_marks(session, form, marks, actor=m.actor, now=m.now)
        finish_entry(session, form, actor=m.actor, now=m.now)
        return "sheet typed again" if finished else "sheet typed"

    def _discard_paper(self, session: Session, m: Morning) -> str | None:
        for form in m.in_state(AssessmentState.OPEN, AssessmentState.STARTED, AssessmentState.MISSED):
            if load_desk(session, form.assessment_id, actor=m.actor).form is not None:
                discard(session, form.assessment_id, reason="Another sheet.", actor=m.actor, now=m.now)
                return "sheet put aside"
        return None

    def _import_sheets(self, session: Session, m: Morning) -> str | None:
        """File the earlier sheet of a form that is missing, from a table."""
        form = m.pick(m.in_state(AssessmentState.MISSED))
        if form is None:
            return None
        cells = load_desk(session, form.assessment_id, actor=m.actor).cells
        row = {
            "participant_code": form.participant_code,
            "visit_code": form.visit_code,
            "source_on": form.opens_on.isoformat(),
            "respondent": "self",
            "late_reason": "",
            **{cell.key: "2" for cell in cells},
        }
        task = ImportTask(self.world.study_id, "import:1", IMPORTER, m.now)
        (read,) = read_import(make_table(row), most_rows=1).rows
        file_row(session, read.values, task)
        return "sheet imported"

    # On the telephone

    def _interview(self, session: Session, m: Morning) -> str | None:
        form = m.pick(m.in_state(AssessmentState.OPEN, AssessmentState.STARTED))
        return None if form is None else self._ask_by_telephone(session, m, form)

    def _ask_by_telephone(self, session: Session, m: Morning, form: AssessmentRecord) -> str:
        """Ask a form by telephone; one in three breaks off."""
        token = self._begin_interview(session, m, form)
        found = find_participant_sign_in(_Within(session), token, now=m.now, touch=False)
        assert found is not None
        whole = m.random.random() < 0.66
        actor = found.actor("test")
        _answer(session, m, form.assessment_id, actor=actor, items=30 if whole else 7)
        if not whole:
            return "interview broken off"
        submit_assessment(
            session, assessment_id=form.assessment_id, respondent="self", actor=actor, now=m.now
        )
        return "interview"

    def _begin_interview(self, session: Session, m: Morning, form: AssessmentRecord) -> str:
        account_id = m.actor.account_id or 0
        (role,) = list_active_roles(session, at=m.now, account_id=account_id)
        start_staff_session(session, account_id=account_id, staff_role_id=role.id, now=m.now)
        session.flush()
        own = session.scalars(select(StaffSession).order_by(StaffSession.id.desc())).first()
        assert own is not None
        return begin_interview(
            session,
            assessment_id=form.assessment_id,
            participant_id=form.participant_id,
            staff_session_id=own.id,
            actor=m.actor,
            now=m.now,
        )

    # Corrections after sending, and moves

    def _ask_correction(self, session: Session, m: Morning) -> str | None:
        form = m.pick(m.in_state(AssessmentState.SUBMITTED, AssessmentState.LATE))
        if form is None:
            return None
        kind = m.random.choice(list_kinds(form))
        places = list(self._list_places(m))
        if places and m.random.random() < 0.4:  # few forms can go elsewhere
            form, kind = m.random.choice(places)[0], "visit"
        wanted = Wanted(
            kind=kind,
            asked_on=civil_date(m.now, form.zone),
            evidence="letter",
            evidence_ref="source file",
            request="It was the wrong one.",
        )
        if kind == "answer":
            item = WantedItem("qlq-c30", m.random.randrange(1, 6), "answered", m.random.randrange(1, 5))
            wanted = replace(wanted, items=(item,))
        elif kind == "mode":
            wanted = replace(wanted, mode=m.random.choice(list_modes(form)))
        elif kind == "date":
            wanted = replace(wanted, source_on=form.opens_on)
        elif kind == "visit":
            to = [empty.visit_code for sent, empty in places if sent.assessment_id == form.assessment_id]
            wanted = replace(wanted, to=m.random.choice(to) if to else None)
        else:
            others = sorted({f.participant_code for f in m.forms} - {form.participant_code})
            wanted = replace(wanted, to=m.random.choice(others) if others else None)
        request_clarification(session, form.assessment_id, wanted, actor=m.actor, now=m.now)
        return f"asked to correct: {kind}"

    def _list_places(self, m: Morning) -> Iterator[tuple[AssessmentRecord, AssessmentRecord]]:
        """Give forms that were sent, each with an earlier visit of the same person that stayed empty."""
        missed = m.in_state(AssessmentState.MISSED)
        for sent in m.in_state(AssessmentState.SUBMITTED, AssessmentState.LATE):
            for empty in missed:
                if empty.participant_id == sent.participant_id and empty.opens_on < sent.opens_on:
                    yield sent, empty

    def _decide_correction(self, session: Session, m: Morning, key: int) -> str:
        row = session.get_one(Clarification, key)
        basis = read_basis(session, load_assessment(session, row.assessment_id))
        accepts = m.random.random() < 0.7
        decision = Decision(accepts, "The letter is signed.", basis)
        decide_clarification(session, key, decision, actor=self.team.investigator, now=m.now)
        return f"corrected: {row.kind}" if accepts else "correction refused"

    def _withdraw_correction(self, session: Session, m: Morning) -> str | None:
        row = session.scalars(
            select(Clarification).where(
                Clarification.requested_by_id == m.actor.account_id,
                Clarification.decision.is_(None),
                Clarification.withdrawn_at.is_(None),
            )
        ).first()
        if row is None:
            return None
        withdraw_clarification(session, row.id, actor=m.actor, now=m.now)
        return "request withdrawn"

    def _read_answers(self, session: Session, m: Morning) -> str | None:
        form = m.pick(m.forms)
        if form is None:
            return None
        open_reading(session, form.participant_id, reason="A visit.", actor=self.team.investigator, now=m.now)
        return "answers read"

    def _follow_up(self, session: Session, m: Morning, key: int) -> str:
        said = FollowUp(m.random.choice(("none_needed", "called", "seen", "referred")))
        record_follow_up(session, key, said, actor=self.team.investigator, now=m.now)
        return "reading followed up"

    # Missing forms

    def _say_why(self, session: Session, m: Morning) -> str | None:
        form = m.pick(
            m.in_state(
                AssessmentState.OPEN,
                AssessmentState.STARTED,
                AssessmentState.MISSED,
                AssessmentState.INCOMPLETE,
                AssessmentState.LATE,
            )
        )
        if form is None:
            return None
        record_not_done(session, form.assessment_id, self._draw_reason(m), actor=m.actor, now=m.now)
        return f"reason of a form {form.state(m.now)}"

    def _take_back(self, session: Session, m: Morning) -> str | None:
        form = m.pick(f for f in m.forms if f.not_done_reason is not None and f.is_answerable(m.now))
        if form is None:
            return None
        withdraw_not_done(session, form.assessment_id, actor=m.actor, now=m.now)
        return "reason taken back"

    def _reopen(self, session: Session, m: Morning) -> str | None:
        form = m.pick(
            f
            for f in m.in_state(AssessmentState.MISSED, AssessmentState.INCOMPLETE)
            if f.closes_on is not None and (m.now - (f.window.closes_at or m.now)).days < 60
        )
        if form is None:
            return None
        reopen_visit(session, form.assessment_id, reason="Was away.", actor=m.actor, now=m.now)
        return "reopened"

    def _answer_late(self, session: Session, m: Morning) -> str | None:
        """Let somebody answer what was opened again, at home or on a tablet of the site."""
        form = m.pick(f for f in m.forms if f.reopened_until is not None and f.is_answerable(m.now))
        if form is None:
            return None
        actor = Actor(
            kind="participant",
            role="participant",
            request_id="test",
            study_id=self.world.study_id,
            site_ids=frozenset({self.site_id}),
            participant_id=form.participant_id,
            mode=m.random.choice(("own_device", "site_tablet")),
        )
        # Of the first answer alone no scale can be scored.
        _answer(session, m, form.assessment_id, actor=actor, items=m.random.choice((1, 30, 30)))
        respondent = m.random.choice(("self", "self", "proxy"))
        submit_assessment(
            session, assessment_id=form.assessment_id, respondent=respondent, actor=actor, now=m.now
        )
        return f"sent late: {actor.mode}"

    # People

    def _people(self, session: Session) -> list[Participant]:
        found = select(Participant).where(Participant.site_id == self.site_id).order_by(Participant.id)
        return list(session.scalars(found))

    def _ask_transfer(self, session: Session, m: Morning) -> str | None:
        people = self._people(session)
        if not people:
            return None
        person = m.random.choice(people)
        to = m.random.choice([i for i in self.world.site_ids.values() if i != self.site_id])
        moves_on = civil_date(m.now, person.zone) + timedelta(days=m.random.randrange(-2, 9))
        wanted = WantedTransfer(to, moves_on, "Moves house.")
        request_transfer(session, person.id, wanted, actor=m.actor, now=m.now)
        return "transfer asked for"

    def _answer_transfer(self, session: Session, m: Morning, key: int) -> str:
        if m.random.random() < 0.2:
            refuse_transfer(session, key, reason="No room.", actor=m.actor, now=m.now)
            return "transfer refused"
        accept_transfer(session, key, actor=m.actor, now=m.now)
        return "transfer accepted"

    def _withdraw_transfer(self, session: Session, m: Morning) -> str | None:
        waiting = select(SiteTransfer).where(
            SiteTransfer.from_site_id == self.site_id, SiteTransfer.settled_at.is_(None)
        )
        row = session.scalars(waiting.order_by(SiteTransfer.id)).first()
        if row is None:
            return None
        withdraw_transfer(session, row.id, actor=m.actor, now=m.now)
        return "transfer withdrawn"

    def _record_event(self, session: Session, m: Morning) -> str | None:
        people = self._people(session)
        if not people:
            return None
        person = m.random.choice(people)
        today = civil_date(m.now, person.zone)
        kind = m.random.choice(("progressed", "paused", "resumed", "resumed", *STOPS, "left", "died"))
        details = {
            "paused": {"until": (today + timedelta(days=m.random.randrange(5, 40))).isoformat()},
            "resumed": {"of": m.random.choice(STOPS)},
        }.get(kind, {})
        on = today - timedelta(days=m.random.choice((0, 0, 3, 20)))
        record_event(
            session,
            participant_id=person.id,
            kind=kind,
            occurred_on=on,
            details=details,
            actor=m.actor,
            now=m.now,
        )
        return kind

    def _correct_event(self, session: Session, m: Morning) -> str | None:
        people = self._people(session)
        if not people:
            return None
        row = m.random.choice(list_events(session, m.random.choice(people).id))
        taken_back = m.random.random() < 0.4
        day = None if taken_back else row.occurred_on - timedelta(days=m.random.randrange(1, 9))
        correct_event(session, row.id, Correction("Seen in the file.", day), actor=m.actor, now=m.now)
        return "event taken back" if taken_back else "event corrected"

    def _undo_event(self, session: Session, m: Morning) -> str | None:
        """Undo what was said last about somebody, where that was a correction or a stop."""
        for person in m.random.sample(people := self._people(session), len(people)):
            rows = list_events(session, person.id)
            row = rows[-1] if rows else None
            if row is None or (row.supersedes_id is None and row.kind not in {*STOPS, "left", "died"}):
                continue
            act = find_undo(session, row)
            if isinstance(act, Correction):
                act = replace(act, reason="That was wrong.")
                correct_event(session, row.id, act, actor=m.actor, now=m.now)
            else:
                record_event(
                    session,
                    participant_id=person.id,
                    kind=act.kind,
                    occurred_on=act.occurred_on,
                    details=dict(act.details),
                    actor=m.actor,
                    now=m.now,
                )
            return "event undone"
        return None

    def _report_phone(self, session: Session, m: Morning) -> str | None:
        people = self._people(session)
        if not people:
            return None
        person = m.random.choice(people)
        actor = Actor(
            kind="participant",
            role="participant",
            request_id="test",
            study_id=self.world.study_id,
            site_ids=frozenset({self.site_id}),
            participant_id=person.id,
            mode="own_device",
        )
        held = HeldAnswers(m.random.choice((0, 3, 12)), 0, m.random.randrange(100_000))
        record_held_answers(session, held, actor=actor, now=m.now)
        return "phone reported"

    def _change_contact(self, session: Session, m: Morning) -> str | None:
        people = self._people(session)
        if not people:
            return None
        person = m.random.choice(people)
        number = m.random.randrange(10**6, 10**7)
        change = ContactChange(
            email=f"autre-{number}@example.org",
            telephone=f"06 1{str(number)[0]} {str(number)[1:3]} {str(number)[3:5]} {str(number)[5:7]}",
            language="fr",
            zone=person.zone,
            reminder_hour=person.reminder_hour,
        )
        change_contact(session, person.id, change, vault=self.world.office.vault, actor=m.actor, now=m.now)
        return "contact changed"
