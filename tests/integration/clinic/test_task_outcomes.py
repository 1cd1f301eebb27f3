from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest
from clinic_world import Clinic, noon, staff_actor
from sqlalchemy import event, select

from pro_app.audit.actor import Actor
from pro_app.errors import InputRejected
from pro_app.reminders.task_outcomes import CLARIFICATION
from pro_app.reminders.task_situation import Matter
from pro_app.services import task_matters
from pro_app.services.contact_changes import change_contact
from pro_app.services.enrolment_rules import ContactChange
from pro_app.services.site_tasks import SiteTaskLine, count_tasks, list_tasks_of_sites
from pro_app.services.task_history import list_recorded_tasks
from pro_app.services.task_records import GONE, TaskSaid, record_task
from pro_app.services.visits import NotDone, record_not_done
from pro_app.storage.queries.task_visits import count_passed_questions
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry, AuditPayload
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.site_tasks import SiteTaskRecord
from pro_app.storage.tables.sites import Site

# Week 8 after Monday 5 January 2026 is open from 23 February to 9 March and called about from 4 March.
RANDOMISED, ENDED, CALL_DAY = date(2026, 1, 5), date(2026, 3, 1), date(2026, 3, 4)
CLOSED_DAY = date(2026, 3, 10)
CONTACT = ContactChange(
    email="a.dupont@example.fr",
    telephone="06 12 34 56 78",
    language="fr",
    zone="Europe/Paris",
    reminder_hour=10,
)


@pytest.fixture
def participant_id(clinic: Clinic) -> int:
    """Enrol somebody who is to be called about week 8."""
    enrolled = clinic.enrol(RANDOMISED)
    clinic.record(enrolled, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.record(enrolled, "treatment_ended", ENDED)
    clinic.answer(enrolled, "BASELINE", RANDOMISED)
    return enrolled


@pytest.fixture
def key(participant_id: int) -> str:
    """Name the call about week 8."""
    return f"call:{participant_id}:W08:site-call:1"


def tasks(clinic: Clinic, day: date) -> list[SiteTaskLine]:
    with clinic.database.reading() as session:
        return list_tasks_of_sites(session, site_ids=None, actor=clinic.nurse, language="en", now=noon(day))


def kinds(clinic: Clinic, day: date) -> list[str]:
    return [line.task.kind for line in tasks(clinic, day)]


def say(clinic: Clinic, key: str, said: TaskSaid, *, on: date = CALL_DAY, minutes: int = 0) -> None:
    with clinic.writing() as session:
        now = noon(on) + timedelta(minutes=minutes)
        record_task(session, key, said=said, actor=clinic.nurse, now=now)


def refused_at(clinic: Clinic, key: str, said: TaskSaid) -> set[str]:
    """Say something that is refused; gives the fields, after asserting that nothing was kept."""
    with pytest.raises(InputRejected) as refused, clinic.writing() as session:
        record_task(session, key, said=said, actor=clinic.nurse, now=noon(CALL_DAY))
    with clinic.database.reading() as session:
        assert session.scalars(select(SiteTaskRecord)).all() == []
        assert session.scalars(select(Assessment.not_done_reason).distinct()).all() == [None]
    return {problem.place for problem in refused.value.problems}


@pytest.mark.parametrize("reason", ["TOO_ILL", "REFUSED"])
def test_who_will_not_answer_this_time_gives_the_visit_its_reason_and_says_whose_word_it_is(
    clinic: Clinic, participant_id: int, *, key: str, reason: str
) -> None:
    say(clinic, key, TaskSaid("not_this_time", reason=reason, said_by="relative"))
    visit = clinic.assessments(participant_id)["W08"]
    assert (visit.not_done_reason, visit.not_done_said_by) == (reason, "relative")
    assert kinds(clinic, CALL_DAY) == []
    assert "missing_reason" not in kinds(clinic, CLOSED_DAY)
    with clinic.database.reading() as session:
        (done,) = list_recorded_tasks(session, participant_id, actor=clinic.nurse, language="en", most=5)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "task.record")).one()
        items = session.get_one(AuditPayload, entry.id).items
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "assessment.not_done")).one()
    assert done.reason in {"Too ill", "Refused"}
    assert {item["field"]: item["after"] for item in items}["reason"] == reason
    assert told.subject_ref == f"participant:{participant_id}"


def test_somebody_who_would_not_answer_may_change_their_mind(
    clinic: Clinic, participant_id: int, key: str
) -> None:
    say(clinic, key, TaskSaid("not_this_time", reason="REFUSED", said_by="patient"))
    clinic.answer(participant_id, "W08", CALL_DAY)
    assert clinic.assessments(participant_id)["W08"].not_done_reason is None


@pytest.mark.parametrize(
    ("said", "places"),
    [
        (TaskSaid("not_this_time"), {"reason", "said_by"}),
        (TaskSaid("not_this_time", reason="TOO_ILL", said_by="nobody"), {"said_by"}),
        (TaskSaid("not_this_time", reason="SITE_LATE_RECORDING", said_by="site"), {"reason"}),
        (TaskSaid("not_this_time", reason="OTHER", said_by="site"), {"note"}),
        (TaskSaid("not_reached", again_on=CALL_DAY), {"again_on"}),
        (TaskSaid("not_reached", again_on=CALL_DAY - timedelta(days=1)), {"again_on"}),
        (TaskSaid("not_reached", again_on=CALL_DAY + timedelta(days=31)), {"again_on"}),
        (TaskSaid("not_reached", again_on=CLOSED_DAY), {"again_on"}),
        (TaskSaid("declined"), {"outcome"}),
    ],
    ids=lambda value: str(getattr(value, "outcome", "")),
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_kept(
    clinic: Clinic, key: str, *, said: TaskSaid, places: set[str]
) -> None:
    assert refused_at(clinic, key, said) == places


def test_a_call_that_is_put_off_comes_back_on_its_day_before_all_others(clinic: Clinic, key: str) -> None:
    other = clinic.enrol(RANDOMISED, participant_code="15-000", email="b@example.fr", telephone=None)
    clinic.record(other, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.answer(other, "BASELINE", RANDOMISED)
    again_on = CALL_DAY + timedelta(days=3)
    say(clinic, key, TaskSaid("not_reached", again_on=again_on))
    before, on_the_day = (tasks(clinic, day) for day in (again_on - timedelta(days=1), again_on))
    assert [line.participant_code for line in before if line.task.kind == "call"] == ["15-000"]
    assert [line.participant_code for line in on_the_day if line.task.kind == "call"] == ["15-001", "15-000"]
    assert "appointment" in on_the_day[0].steps


def test_a_day_that_does_not_belong_to_the_outcome_is_not_kept(clinic: Clinic, key: str) -> None:
    say(clinic, key, TaskSaid("reached", again_on=CALL_DAY, reason="TOO_ILL", said_by="patient"))
    with clinic.database.reading() as session:
        row = session.scalars(select(SiteTaskRecord)).one()
    assert (row.again_on, row.reason_code, row.said_by) == (None, None, None)


def test_a_wrong_number_is_asked_for_until_there_is_another_one(
    clinic: Clinic, participant_id: int, key: str
) -> None:
    say(clinic, key, TaskSaid("wrong_number"))
    assert kinds(clinic, CALL_DAY) == ["contact"]
    for hour, change in enumerate(KEEPS_THE_NUMBER, start=12):
        change_hour(clinic, participant_id, change, hour=hour)
        assert kinds(clinic, CALL_DAY) == ["contact"]
    change_hour(clinic, participant_id, replace(CONTACT, telephone="06 98 76 54 32"), hour=12)
    assert kinds(clinic, CALL_DAY + timedelta(days=1)) == ["call"]
    with clinic.database.reading() as session:
        assert session.get_one(Participant, participant_id).telephone_changed_at == noon(CALL_DAY)


KEEPS_THE_NUMBER = (
    CONTACT,
    replace(CONTACT, email="new@example.fr"),
    replace(CONTACT, email=None),
    replace(CONTACT, telephone=None),
)
"""Changes after which there is no other number to call."""


def change_hour(
    clinic: Clinic, participant_id: int, change: ContactChange, *, hour: int, minutes: int = 0
) -> None:
    with clinic.writing() as session:
        change_contact(
            session,
            participant_id,
            replace(change, reminder_hour=hour),
            vault=clinic.vault,
            actor=clinic.nurse,
            now=noon(CALL_DAY) + timedelta(minutes=minutes),
        )


def test_a_second_wrong_number_a_few_minutes_later_counts(
    clinic: Clinic, participant_id: int, key: str
) -> None:
    say(clinic, key, TaskSaid("wrong_number"))
    change_hour(clinic, participant_id, replace(CONTACT, telephone="06 98 76 54 32"), hour=12, minutes=2)
    for minutes in (4, 5):
        say(clinic, key, TaskSaid("wrong_number"), minutes=minutes)
    with clinic.database.reading() as session:
        assert session.scalars(select(SiteTaskRecord.outcome)).all() == ["wrong_number", "wrong_number"]
    assert kinds(clinic, CALL_DAY + timedelta(days=1)) == ["contact"]


def test_of_two_nurses_at_one_call_the_second_changes_nothing(clinic: Clinic, key: str) -> None:
    say(clinic, key, TaskSaid("reached", "ce soir"))
    colleague = replace(clinic.nurse, account_id=clinic.other_nurse.account_id)
    for outcome in ("reached", "wrong_number"):
        with pytest.raises(InputRejected) as refused, clinic.writing() as session:
            record_task(session, key, said=TaskSaid(outcome), actor=colleague, now=noon(CALL_DAY))
        assert [problem.message for problem in refused.value.problems] == [GONE]
    with clinic.database.reading() as session:
        assert session.scalars(select(SiteTaskRecord.outcome)).all() == ["reached"]


def test_two_nurses_at_the_very_same_moment_leave_one_record(clinic: Clinic, key: str) -> None:
    together = Barrier(2)
    colleague = replace(clinic.nurse, account_id=clinic.other_nurse.account_id)

    def call(actor: Actor) -> str:
        together.wait(timeout=20)
        try:
            with clinic.writing() as session:
                record_task(session, key, said=TaskSaid("not_reached"), actor=actor, now=noon(CALL_DAY))
        except InputRejected:
            return "told"
        return "recorded"

    with ThreadPoolExecutor(2) as two:
        ended = list(two.map(call, (clinic.nurse, colleague)))
    assert sorted(ended) == ["recorded", "told"]
    with clinic.database.reading() as session:
        assert session.scalars(select(SiteTaskRecord.outcome)).all() == ["not_reached"]


def test_what_another_part_asks_is_for_those_whom_it_names(
    clinic: Clinic, participant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = frozenset({"investigator"})
    asked = Matter(participant_id, CLARIFICATION, "7", why="asked", since_on=CALL_DAY, for_roles=roles)
    monkeypatch.setattr(task_matters, "SOURCES", (lambda _session, _scope, *, now: [asked] if now else [],))
    account = clinic.nurse.account_id or 0
    investigator = staff_actor(
        "investigator", study_id=clinic.study_id, site_id=clinic.site_id, account_id=account
    )
    with clinic.database.reading() as session:
        counts = {
            actor.role: count_tasks(session, actor=actor, now=noon(CALL_DAY))
            for actor in (clinic.nurse, investigator, clinic.coordinator)
        }
    assert counts == {"nurse": 1, "investigator": 2, "coordinator": 2}
    key = f"clarification:{participant_id}:7"
    with pytest.raises(InputRejected), clinic.writing() as session:
        record_task(session, key, said=TaskSaid("confirmed"), actor=investigator, now=noon(CALL_DAY))


def test_a_visit_that_closed_without_a_reason_is_asked_about_until_there_is_one(
    clinic: Clinic, participant_id: int
) -> None:
    assert "missing_reason" not in kinds(clinic, CLOSED_DAY - timedelta(days=1))
    (line,) = [line for line in tasks(clinic, CLOSED_DAY) if line.task.kind == "missing_reason"]
    assert [(visit.label, visit.closed_on) for visit in line.unexplained] == [("Week 8", date(2026, 3, 9))]
    with clinic.writing() as session:
        record_not_done(
            session,
            line.unexplained[0].assessment_id,
            NotDone("FORGOT", "patient", ""),
            actor=clinic.nurse,
            now=noon(CLOSED_DAY),
        )
    assert participant_id
    assert "missing_reason" not in kinds(clinic, CLOSED_DAY)


@pytest.mark.parametrize(
    ("live_on", "is_asked"), [(CLOSED_DAY, False), (date(2026, 3, 9), True), (None, True)]
)
def test_what_closed_before_the_site_went_live_is_not_asked_about(
    clinic: Clinic, participant_id: int, *, live_on: date | None, is_asked: bool
) -> None:
    with clinic.writing() as session:
        session.get_one(Site, clinic.site_id).goes_live_on = live_on
    assert participant_id
    assert ("missing_reason" in kinds(clinic, CLOSED_DAY)) is is_asked


def test_after_a_year_nobody_is_asked_for_a_reason_any_more(clinic: Clinic, participant_id: int) -> None:
    def asked(day: date) -> set[str]:
        return {v.label for line in tasks(clinic, day) for v in line.unexplained}

    assert participant_id
    assert "Week 8" in asked(date(2027, 3, 9))
    assert "Week 8" not in asked(date(2027, 3, 10))


def test_a_period_that_is_open_again_is_not_missed(clinic: Clinic, participant_id: int) -> None:
    with clinic.writing() as session:
        form = session.get_one(Assessment, clinic.assessments(participant_id)["W08"].assessment_id)
        form.reopened_at, form.reopened_until = noon(CLOSED_DAY), date(2026, 3, 20)
    asked = [day for day in (11, 20, 21) if "missing_reason" in kinds(clinic, date(2026, 3, day))]
    assert asked == [21]


def test_a_call_says_how_far_the_form_got_and_what_was_missed_before(
    clinic: Clinic, participant_id: int
) -> None:
    clinic.answer(participant_id, "M03", date(2026, 5, 25), submit=False, items=7)
    (line,) = [line for line in tasks(clinic, date(2026, 6, 11)) if line.task.kind == "call"]
    assert (line.task.visit_code, line.task.passed, line.task.questions) == ("M03", 7, 51)
    assert line.task.misses == 1
    with clinic.writing() as session:
        session.get_one(Site, clinic.site_id).goes_live_on = date(2026, 5, 20)
    (line,) = [line for line in tasks(clinic, date(2026, 6, 11)) if line.task.kind == "call"]
    assert line.task.misses == 0


def test_how_far_very_many_forms_got_is_asked_in_parts(clinic: Clinic, participant_id: int) -> None:
    clinic.answer(participant_id, "M03", date(2026, 5, 25), submit=False, items=7)
    form = clinic.assessments(participant_id)["M03"].assessment_id
    with clinic.database.reading() as session:
        assert count_passed_questions(session, range(1, 70_001))[form] == 7


def test_counting_for_the_menu_reads_no_answers(clinic: Clinic, participant_id: int) -> None:
    clinic.answer(participant_id, "M03", date(2026, 5, 25), submit=False, items=7)
    seen: list[str] = []

    def note(*given: object) -> None:
        seen.append(str(given[2]))

    event.listen(clinic.database.engine, "before_cursor_execute", note)
    try:
        with clinic.database.reading() as session:
            assert count_tasks(session, actor=clinic.nurse, now=noon(date(2026, 6, 11))) == 2
    finally:
        event.remove(clinic.database.engine, "before_cursor_execute", note)
    assert seen
    assert [statement for statement in seen if "answers" in statement] == []
