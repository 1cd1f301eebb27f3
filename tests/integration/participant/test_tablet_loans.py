"""A tablet of the site on loan, on each of the two kinds of database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOW
from participant_world import World
from sqlalchemy import select, update
from tablet_world import IDLE_MINUTES, Tablet, sign_in_on_tablet

from pro_app.errors import AlreadySubmitted, NotFound, SignInRefused, WindowClosed
from pro_app.services.answers import Operation, save_operations
from pro_app.services.loans import end_loan_of_session, find_loan_in_use
from pro_app.services.questionnaire import load_questionnaire
from pro_app.services.responses import require_answerable
from pro_app.services.staff_sessions import complete_staff_session, find_staff_sign_in
from pro_app.services.submission import submit_assessment
from pro_app.services.synchronisation import Batch, take_batch
from pro_app.services.tablet_loans import sign_out_tablet
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sessions import StaffSession
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def tablet(world: World) -> Tablet:
    """Sign the nurse in on a tablet."""
    return sign_in_on_tablet(world)


def tap(tablet: Tablet, item: int, value: int, *, at_minute: int = 1) -> None:
    """Answer an item on the tablet."""
    now = NOW + at_minute * MINUTE
    signed_in = tablet.participant(now)
    assert signed_in is not None
    assert signed_in.loan is not None
    with tablet.world.database.writing() as session:
        operation = Operation(f"tap {item}", "qlq-c30", item, "answered", value)
        save_operations(
            session,
            assessment_id=signed_in.loan.assessment_id,
            operations=[operation],
            actor=signed_in.actor("test"),
            now=now,
        )


def send(tablet: Tablet, *, at_minute: int) -> None:
    now = NOW + at_minute * MINUTE
    signed_in = tablet.participant(now)
    assert signed_in is not None
    assert signed_in.loan is not None
    with tablet.world.database.writing() as session:
        submit_assessment(
            session,
            assessment_id=signed_in.loan.assessment_id,
            respondent="self",
            actor=signed_in.actor("test"),
            now=now,
        )


def stored(world: World) -> list[tuple[int, int | None, str, bool]]:
    """List each answer: item, value, mode, and whether it stands."""
    with world.database.reading() as session:
        answers = session.scalars(select(Answer).order_by(Answer.id)).all()
    return [(a.item_number, a.value, a.mode, a.superseded_at is None) for a in answers]


def list_actions(world: World) -> list[tuple[str, str]]:
    with world.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action.startswith("tablet.")).order_by(AuditEntry.id)
        )
        return [(entry.action, entry.subject_ref) for entry in entries]


def test_a_tablet_on_loan_opens_one_questionnaire_and_nothing_of_staff(tablet: Tablet, world: World) -> None:
    tablet.lend()
    signed_in = tablet.participant()
    assert signed_in is not None
    assert (signed_in.participant_id, signed_in.mode) == (world.participant_id, "site_tablet")
    assert tablet.staff() is None
    paused = tablet.paused()
    assert paused is not None
    assert (paused.display_name, paused.is_lent, paused.is_closed) == ("Member 0", True, False)
    assert list_actions(world) == [("tablet.lend", f"participant:{world.participant_id}")]


def test_another_questionnaire_of_the_same_person_does_not_exist_on_it(tablet: Tablet, world: World) -> None:
    world.randomise()
    tablet.lend()
    signed_in = tablet.participant()
    assert signed_in is not None
    other = world.assessment("W08").assessment_id
    with world.database.reading() as session:
        with pytest.raises(NotFound):
            load_questionnaire(session, assessment_id=other, actor=signed_in.actor("test"))
        load_questionnaire(session, assessment_id=other, actor=world.actor())
    tap = Operation("tap elsewhere", "qlq-c30", 1, "answered", 2)
    with pytest.raises(NotFound), world.database.writing() as session:
        save_operations(
            session, assessment_id=other, operations=[tap], actor=signed_in.actor("test"), now=NOW
        )


def test_the_answers_of_a_tablet_say_so_and_end_with_the_receipt(tablet: Tablet, world: World) -> None:
    tablet.lend()
    tap(tablet, 1, 3)
    send(tablet, at_minute=2)
    assert stored(world)[0] == (1, 3, "site_tablet", True)
    with world.database.reading() as session:
        assert session.scalars(select(Assessment.submitted_mode)).first() == "site_tablet"


def test_an_untouched_tablet_locks_and_a_used_one_does_not(tablet: Tablet, world: World) -> None:
    tablet.lend()
    for minutes in range(IDLE_MINUTES, 6 * IDLE_MINUTES, IDLE_MINUTES):
        assert tablet.participant(NOW + minutes * MINUTE) is not None
    last = NOW + (6 * IDLE_MINUTES - IDLE_MINUTES) * MINUTE
    assert tablet.participant(last + (IDLE_MINUTES + 1) * MINUTE, touch=False) is None
    paused = tablet.paused(last + (IDLE_MINUTES + 1) * MINUTE)
    assert paused is not None
    assert not paused.is_lent
    tablet.take_back(now=last + 60 * MINUTE)
    (loan,) = tablet.loans()
    assert (loan.ended_how, loan.ended_at) == ("idle", last + (IDLE_MINUTES + 1) * MINUTE)
    assert stored(world) == []


def test_a_page_that_asks_by_itself_does_not_keep_the_tablet_open(tablet: Tablet) -> None:
    tablet.lend()
    assert tablet.participant(NOW + IDLE_MINUTES * MINUTE, touch=False) is not None
    assert tablet.participant(NOW + (IDLE_MINUTES + 1) * MINUTE, touch=False) is None


def test_after_sending_the_tablet_locks_sooner(tablet: Tablet) -> None:
    tablet.lend()
    tap(tablet, 1, 3)
    send(tablet, at_minute=2)
    assert tablet.participant(NOW + 4 * MINUTE, touch=False) is not None
    assert tablet.participant(NOW + 6 * MINUTE, touch=False) is None


def test_giving_it_back_keeps_what_was_said(tablet: Tablet, world: World) -> None:
    tablet.lend()
    tap(tablet, 1, 3)
    signed_in = tablet.participant(NOW + MINUTE)
    assert signed_in is not None
    with world.database.writing() as session:
        end_loan_of_session(
            session,
            session_id=signed_in.session_id,
            actor=signed_in.actor("test"),
            now=NOW + 2 * MINUTE,
        )
    assert tablet.participant(NOW + 2 * MINUTE) is None
    assert [loan.ended_how for loan in tablet.loans()] == ["locked"]
    assert stored(world) == [(1, 3, "site_tablet", True)]
    assert [action for action, _ in list_actions(world)] == ["tablet.lend", "tablet.lock"]
    assert tablet.staff(NOW + 2 * MINUTE) is None


def test_one_participant_after_the_other_on_the_same_tablet(tablet: Tablet, world: World) -> None:
    next_one = world.enrol_another()
    first_token = tablet.lend()
    tablet.take_back()
    tablet.lend(next_one)
    signed_in = tablet.participant()
    assert signed_in is not None
    assert signed_in.participant_id == next_one.participant_id
    tablet.token = first_token
    assert tablet.participant() is None
    assert [(loan.participant_id, loan.ended_how) for loan in tablet.loans()] == [
        (world.participant_id, "taken_back"),
        (next_one.participant_id, None),
    ]


def test_a_second_tablet_for_the_same_person_locks_the_first_one(tablet: Tablet, world: World) -> None:
    other = sign_in_on_tablet(world)
    tablet.lend()
    tap(tablet, 1, 3)
    with world.database.reading() as session:
        in_use = find_loan_in_use(session, world.participant_id, now=NOW + MINUTE)
    assert in_use is not None
    assert (in_use.started_at, in_use.lent_by) == (NOW, "Member 0")
    other.lend(now=NOW + 2 * MINUTE)
    assert tablet.participant(NOW + 2 * MINUTE) is None
    assert [loan.ended_how for loan in tablet.loans()] == ["lent_again", None]
    tap(other, 2, 1, at_minute=3)
    assert stored(world) == [(1, 3, "site_tablet", True), (2, 1, "site_tablet", True)]


def test_what_the_own_phone_still_held_meets_the_tablet_by_the_time_of_the_tap(
    tablet: Tablet, world: World
) -> None:
    tablet.lend()
    tap(tablet, 1, 3, at_minute=5)
    held = [
        Operation("p1", "qlq-c30", 1, "answered", 2, counter=1, device_at=NOW + MINUTE),
        Operation("p2", "qlq-c30", 2, "answered", 4, counter=2, device_at=NOW + 2 * MINUTE),
    ]
    batch = Batch(world.assessment().assessment_id, held, device_now=NOW + 6 * MINUTE)
    with world.database.writing() as session:
        taken = take_batch(session, batch, actor=world.actor(), now=NOW + 6 * MINUTE)
    assert [one.outcome for one in taken.operations] == ["overtaken", "kept"]
    assert {said for said in stored(world) if said[3]} == {
        (1, 3, "site_tablet", True),
        (2, 4, "own_device", True),
    }
    assert (1, 2, "own_device", False) in stored(world)
    send(tablet, at_minute=7)
    late = replace(
        batch, operations=[Operation("p3", "qlq-c30", 3, "answered", 1, device_at=NOW + 8 * MINUTE)]
    )
    with world.database.writing() as session:
        (told,) = take_batch(
            session, replace(late, device_now=NOW + 9 * MINUTE), actor=world.actor(), now=NOW + 9 * MINUTE
        ).operations
        assert (told.outcome, told.reason) == ("set_aside", "already_submitted")
        assert session.scalars(select(SetAsideAnswer.mode)).all() == ["own_device"]


def test_a_withdrawal_while_it_is_lent_closes_the_questionnaire_and_keeps_the_answers(
    tablet: Tablet, world: World
) -> None:
    tablet.lend()
    tap(tablet, 1, 3)
    world.clinic.record(world.participant_id, "questionnaires_stopped", NOW.date())
    signed_in = tablet.participant(NOW + 2 * MINUTE)
    assert signed_in is not None
    with world.database.writing() as session:
        with pytest.raises(WindowClosed):
            require_answerable(world.assessment(), NOW + 2 * MINUTE)
        batch = Batch(world.assessment().assessment_id, [Operation("b", "qlq-c30", 2, "answered", 1)])
        (told,) = take_batch(session, batch, actor=signed_in.actor("test"), now=NOW + 2 * MINUTE).operations
    assert told.outcome == "set_aside"
    assert stored(world) == [(1, 3, "site_tablet", True)]


@pytest.mark.parametrize("why", ["sent", "closed"])
def test_a_questionnaire_that_cannot_be_answered_lends_nothing(
    tablet: Tablet, world: World, why: str
) -> None:
    if why == "sent":
        tablet.lend()
        send(tablet, at_minute=1)
        tablet.take_back(now=NOW + 2 * MINUTE)
    else:
        world.randomise()
    before = len(tablet.loans())
    with pytest.raises(AlreadySubmitted if why == "sent" else WindowClosed):
        tablet.lend(visit="BASELINE" if why == "sent" else "W08", now=NOW + 3 * MINUTE)
    assert tablet.staff(NOW + 3 * MINUTE) is not None
    assert len(tablet.loans()) == before


def test_a_tablet_is_lent_within_the_site_and_for_the_persons_own_questionnaire(
    tablet: Tablet, world: World
) -> None:
    other = world.enrol_another()
    with pytest.raises(NotFound):
        tablet.lend(assessment_id=other.assessment().assessment_id)
    with world.database.writing() as session:
        session.execute(
            update(Participant)
            .where(Participant.id == other.participant_id)
            .values(site_id=world.clinic.other_site_id)
        )
    with pytest.raises(NotFound):
        tablet.lend(other)
    assert tablet.staff() is not None


def test_only_the_person_who_lent_it_opens_it_again_and_under_a_new_session(
    tablet: Tablet, world: World
) -> None:
    old = tablet.staff_token
    tablet.lend()
    with pytest.raises(SignInRefused):
        tablet.take_back(username="member-1")
    assert tablet.participant() is not None
    tablet.take_back()
    assert tablet.participant() is None
    assert tablet.staff() is not None
    assert find_staff_sign_in(world.database, old, now=NOW) is None
    assert tablet.loans()[0].ended_how == "taken_back"


@pytest.mark.parametrize("what", ["account", "role", "end"])
def test_a_closed_account_opens_no_tablet_and_is_named(tablet: Tablet, world: World, what: str) -> None:
    tablet.lend()
    account_id = world.clinic.nurse.account_id
    with world.database.writing() as session:
        if what == "account":
            session.execute(update(Account).where(Account.id == account_id).values(disabled_at=NOW))
        else:
            column = "revoked_at" if what == "role" else "ends_at"
            roles = update(StaffRole).where(StaffRole.account_id == account_id)
            session.execute(roles.values({column: NOW}))
    paused = tablet.paused()
    assert paused is not None
    assert paused.is_closed
    assert tablet.participant() is not None  # the person answering goes on
    with pytest.raises(SignInRefused):
        tablet.take_back()
    assert tablet.staff() is None


def test_signing_out_on_the_lock_page_ends_everything(tablet: Tablet, world: World) -> None:
    tablet.lend()
    paused = tablet.paused()
    assert paused is not None
    with world.database.writing() as session:
        sign_out_tablet(session, paused, now=NOW + MINUTE)
    assert (tablet.paused(), tablet.participant(), tablet.staff()) == (None, None, None)
    assert tablet.loans()[0].ended_how == "signed_out"


def test_a_pause_of_more_than_a_day_is_forgotten(tablet: Tablet) -> None:
    tablet.lend()
    assert tablet.paused(NOW + timedelta(hours=23)) is not None
    assert tablet.paused(NOW + timedelta(hours=25)) is None
    assert tablet.staff(NOW + timedelta(hours=25)) is None


def test_shutting_out_the_phones_of_a_person_locks_the_tablet(tablet: Tablet, world: World) -> None:
    tablet.lend()
    world.revoke_phones()
    assert tablet.participant() is None
    tablet.take_back()
    assert tablet.loans()[0].ended_how == "shut_out"


@pytest.mark.parametrize(("hours", "counts_on"), [(1, True), (25, False)])
def test_the_second_factor_of_whoever_lent_it_counts_on_for_a_day(
    tablet: Tablet, world: World, hours: int, *, counts_on: bool
) -> None:
    began, now = NOW - timedelta(hours=hours), NOW + 5 * MINUTE
    signed_in = tablet.staff()
    assert signed_in is not None
    with world.database.writing() as session:
        tablet.staff_token = complete_staff_session(
            session, session_id=signed_in.session_id, kind="totp", now=began
        )
        session.execute(update(StaffSession).values(seen_at=NOW))
    tablet.lend()
    tablet.take_back(now=now)

    again = tablet.staff(now)
    assert again is not None
    assert again.second_factor_at == (began if counts_on else None)
