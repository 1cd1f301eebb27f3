"""A questionnaire asked by telephone, on each of the two kinds of database."""

from datetime import timedelta

import pytest
from conftest import NOW
from interview_world import Asking, sign_in_to_ask
from participant_world import World
from sqlalchemy import select, update
from tablet_world import sign_in_on_tablet

from pro_app.errors import AlreadySubmitted, NotFound, WindowClosed
from pro_app.services.answers import AnswerState, Operation, save_operations
from pro_app.services.interviews import IDLE_MINUTES
from pro_app.services.loans import end_loan_of_session, find_loan_in_use
from pro_app.services.questionnaire import KEPT, GivenAnswer, load_questionnaire
from pro_app.services.staff_sessions import end_staff_session
from pro_app.services.submission import submit_assessment
from pro_app.services.synchronisation import Batch, take_batch
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.tablet_loans import TabletLoan

MINUTE = timedelta(minutes=1)


@pytest.fixture
def asking(world: World) -> Asking:
    """Sign a nurse in at a browser."""
    return sign_in_to_ask(world)


def answer_alone(
    world: World, item: int, value: int | None, *, state: AnswerState = "answered", name: str = "own"
) -> None:
    with world.database.writing() as session:
        save_operations(
            session,
            assessment_id=world.assessment().assessment_id,
            operations=[Operation(f"{name}-{item}", "qlq-c30", item, state, value)],
            actor=world.actor(),
            now=NOW,
        )


def stored(world: World) -> list[tuple[int, int | None, str, bool]]:
    """List each answer: item, value, by whom, and whether it stands."""
    with world.database.reading() as session:
        answers = session.scalars(select(Answer).order_by(Answer.id)).all()
    return [(a.item_number, a.value, a.entered_by, a.superseded_at is None) for a in answers]


def shown(asking: Asking, item: int) -> GivenAnswer | None:
    """Give what a page of the interview knows of an item."""
    return asking.look().parts[0].answers.get(item)


def list_actions(world: World) -> list[tuple[str, str, str]]:
    with world.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action.startswith("interview.")).order_by(AuditEntry.id)
        )
        return [(entry.action, entry.subject_ref, entry.actor) for entry in entries]


def test_what_was_asked_says_by_telephone_and_by_whom(asking: Asking, world: World) -> None:
    asking.begin()
    asking.write_down(1, 3)
    asking.send()
    nurse = f"account:{world.clinic.nurse.account_id}"
    with world.database.reading() as session:
        answers = session.scalars(select(Answer)).all()
        form = session.get_one(Assessment, world.assessment().assessment_id)
        saved = session.scalars(
            select(AuditEntry.actor).where(AuditEntry.action.in_(["answers.save", "assessment.submit"]))
        ).all()
    assert {(a.mode, a.entered_by, a.device_id) for a in answers} == {("interview", nurse, None)}
    assert (form.submitted_mode, form.submitted_by_id, form.respondent) == (
        "interview",
        world.clinic.nurse.account_id,
        "self",
    )
    assert saved == [nurse, nurse]


def test_beginning_and_ending_are_in_the_trail(asking: Asking, world: World) -> None:
    asking.begin()
    found = asking.going_on()
    with world.database.writing() as session:
        end_loan_of_session(session, session_id=found.session_id, actor=found.actor("test"), now=NOW + MINUTE)
    subject, nurse = f"participant:{world.participant_id}", f"account:{world.clinic.nurse.account_id}"
    assert list_actions(world) == [("interview.begin", subject, nurse), ("interview.end", subject, nurse)]
    assert asking.participant(NOW + MINUTE) is None


def test_the_session_of_who_asks_goes_on_and_lives_as_long(asking: Asking) -> None:
    asking.begin()
    assert asking.staff() is not None
    for minutes in (50, 100, 150):
        asking.going_on(NOW + minutes * MINUTE)
    assert asking.staff(NOW + 155 * MINUTE) is not None


def test_what_the_person_answered_is_there_without_its_value(asking: Asking, world: World) -> None:
    answer_alone(world, 1, 4)
    asking.begin()
    asking.write_down(2, 3)
    assert shown(asking, 1) == GivenAnswer(KEPT, None)
    assert shown(asking, 2) == GivenAnswer("answered", 3)
    assert shown(asking, 3) is None
    screen = asking.look().resume_number
    assert screen is not None
    item = asking.look().screen(screen).item
    assert item is not None
    assert item.number == 3


def test_what_a_colleague_wrote_down_before_is_not_shown_either(asking: Asking, world: World) -> None:
    asking.begin()
    asking.write_down(1, 3)
    with world.database.writing() as session:
        session.execute(update(Answer).values(entered_by="account:4711"))
    assert shown(asking, 1) == GivenAnswer(KEPT, None)


def test_the_person_sees_alone_what_was_asked(asking: Asking, world: World) -> None:
    asking.begin()
    asking.write_down(1, 3)
    with world.database.reading() as session:
        alone = load_questionnaire(
            session, assessment_id=world.assessment().assessment_id, actor=world.actor()
        )
    assert alone.parts[0].answers == {1: GivenAnswer("answered", 3)}


def test_an_answer_that_the_person_changes_on_the_telephone_supersedes_the_own_one(
    asking: Asking, world: World
) -> None:
    answer_alone(world, 1, 4)
    asking.begin()
    asking.write_down(1, 2)
    own, nurse = f"participant:{world.participant_id}", f"account:{world.clinic.nurse.account_id}"
    assert stored(world) == [(1, 4, own, False), (1, 2, nurse, True)]


def test_leaving_a_question_empty_never_empties_what_the_person_answered_meanwhile(
    asking: Asking, world: World
) -> None:
    asking.begin()
    answer_alone(world, 1, 4)
    asking.write_down(1, None, state="left_blank")
    assert [(value, stands) for _item, value, _by, stands in stored(world)] == [(4, True), (None, False)]


def test_a_question_left_empty_gives_way_to_what_the_phone_had_kept_and_sends_later(
    asking: Asking, world: World
) -> None:
    asking.begin()
    asking.write_down(1, None, state="left_blank")
    now = NOW + 10 * MINUTE
    tapped = Operation("phone-1", "qlq-c30", 1, "answered", 3, device_at=NOW - 30 * MINUTE)
    batch = Batch(world.assessment().assessment_id, [tapped], device_now=now)
    for _sent in ("first", "again"):
        with world.database.writing() as session:
            taken = take_batch(session, batch, actor=world.actor(), now=now)
        assert [each.outcome for each in taken.operations] == ["kept"]
    assert [(value, stands) for _item, value, _by, stands in stored(world)] == [(None, False), (3, True)]


def test_a_question_that_the_person_passed_over_is_asked_in_the_interview(
    asking: Asking, world: World
) -> None:
    answer_alone(world, 1, None, state="left_blank")
    answer_alone(world, 2, 3)
    asking.begin()
    assert shown(asking, 1) is None
    screen = asking.look().resume_number
    assert screen is not None
    follows = asking.look().screen(screen + 1).item
    assert follows is not None
    assert follows.number == 1
    asking.write_down(1, None, state="left_blank", name="passed over again")
    assert shown(asking, 1) == GivenAnswer("left_blank", None)


def test_another_questionnaire_of_the_person_does_not_exist_in_the_interview(
    asking: Asking, world: World
) -> None:
    world.randomise()
    asking.begin()
    other = world.assessment("W08").assessment_id
    actor = asking.going_on().actor("test")
    with pytest.raises(NotFound), world.database.writing() as session:
        save_operations(
            session,
            assessment_id=other,
            operations=[Operation("other", "qlq-c30", 1, "answered", 2)],
            actor=actor,
            now=NOW,
        )


@pytest.mark.parametrize("ending", ["disabled", "revoked", "signed_out", "over"])
def test_it_ends_at_the_next_request_with_what_lets_in_who_asks(
    asking: Asking, world: World, ending: str
) -> None:
    asking.begin()
    asking.write_down(1, 3)
    staff = asking.staff()
    assert staff is not None
    now = NOW + MINUTE
    with world.database.writing() as session:
        if ending == "disabled":
            session.execute(update(Account).where(Account.id == staff.account_id).values(disabled_at=NOW))
        elif ending == "revoked":
            of_nurse = StaffRole.account_id == staff.account_id
            session.execute(update(StaffRole).where(of_nurse).values(revoked_at=NOW))
        elif ending == "signed_out":
            end_staff_session(session, session_id=staff.session_id, now=NOW)
    if ending == "over":
        now = NOW + (IDLE_MINUTES + 2) * MINUTE
    assert asking.participant(now) is None
    assert [(item, value, stands) for item, value, _by, stands in stored(world)] == [(1, 3, True)]


def test_it_ends_for_a_person_who_belongs_to_another_site_now(asking: Asking, world: World) -> None:
    asking.begin()
    with world.database.writing() as session:
        other = session.scalars(select(Site.id).where(Site.id == world.clinic.other_site_id)).one()
        session.execute(
            update(Participant).where(Participant.id == world.participant_id).values(site_id=other)
        )
    with pytest.raises(NotFound):
        asking.look()
    with pytest.raises(NotFound):
        asking.write_down(1, 3)


def test_a_lost_phone_ends_it_too(asking: Asking, world: World) -> None:
    asking.begin()
    world.revoke_phones()
    assert asking.participant() is None


def test_it_is_over_soon_after_the_form_was_sent(asking: Asking, world: World) -> None:
    asking.begin()
    asking.send()
    assert asking.participant(NOW + 2 * MINUTE) is not None
    assert asking.participant(NOW + 6 * MINUTE) is None
    with world.database.reading() as session:
        assert find_loan_in_use(session, world.participant_id, now=NOW + 6 * MINUTE) is None


def test_the_second_interview_ends_the_first_and_is_told_of_it(asking: Asking, world: World) -> None:
    asking.begin()
    with world.database.reading() as session:
        in_use = find_loan_in_use(session, world.participant_id, now=NOW)
    assert in_use is not None
    assert (in_use.lent_by, in_use.mode) == ("Member 0", "interview")
    second = sign_in_to_ask(world)
    second.begin(now=NOW + MINUTE)
    assert asking.participant(NOW + MINUTE) is None
    second.write_down(1, 3, now=NOW + MINUTE)


def test_one_browser_asks_one_person_at_a_time(asking: Asking, world: World) -> None:
    first = asking.begin()
    asking.world = world.enrol_another()
    asking.begin(now=NOW + MINUTE)
    asking.token = first
    assert asking.participant(NOW + MINUTE) is None


def test_lending_a_tablet_ends_the_interview_of_the_person(asking: Asking, world: World) -> None:
    asking.begin()
    sign_in_on_tablet(world).lend(now=NOW + MINUTE)
    assert asking.participant(NOW + MINUTE) is None
    with world.database.reading() as session:
        loans = session.execute(select(TabletLoan.mode, TabletLoan.ended_how).order_by(TabletLoan.id)).all()
    assert [tuple(loan) for loan in loans] == [("interview", "lent_again"), ("site_tablet", None)]


def test_an_interview_is_over_for_others_once_who_asked_has_signed_out(asking: Asking, world: World) -> None:
    asking.begin()
    staff = asking.staff()
    assert staff is not None
    with world.database.writing() as session:
        end_staff_session(session, session_id=staff.session_id, now=NOW)
    with world.database.reading() as session:
        assert find_loan_in_use(session, world.participant_id, now=NOW + MINUTE) is None


def test_a_form_that_the_person_sends_meanwhile_is_the_one_that_counts(asking: Asking, world: World) -> None:
    asking.begin()
    asking.write_down(1, 3)
    with world.database.writing() as session:
        submit_assessment(
            session,
            assessment_id=world.assessment().assessment_id,
            respondent="self",
            actor=world.actor(),
            now=NOW,
        )
    with pytest.raises(AlreadySubmitted):
        asking.write_down(2, 3)
    with pytest.raises(AlreadySubmitted):
        asking.send()


def test_a_closed_window_is_not_asked(asking: Asking, world: World) -> None:
    world.clinic.record(world.participant_id, "questionnaires_stopped", NOW.date())
    with pytest.raises(WindowClosed):
        asking.begin()
    with world.database.reading() as session:
        assert session.scalars(select(TabletLoan)).all() == []


def test_a_person_of_another_site_is_nobody_to_ask(asking: Asking, world: World) -> None:
    with world.database.writing() as session:
        session.execute(update(Participant).values(site_id=world.clinic.other_site_id))
    with pytest.raises(NotFound):
        asking.begin()
