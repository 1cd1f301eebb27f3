"""A participant goes to another site: asked, accepted, refused, taken back; what moves and what stays."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from clarification_world import add_investigator, send_form, wants
from clinic_world import Clinic, noon
from export_world import tidy_tables
from sqlalchemy import select
from transfer_world import ACCEPTED, ASKED, MOVES_ON, Moving, build_moving

from pro_app.audit.actor import system_actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.reminders.outbox.revival import revive_messages
from pro_app.reminders.task_outcomes import TRANSFER
from pro_app.services.answer_readings import open_reading
from pro_app.services.clarifications.requests import request_clarification
from pro_app.services.paper.entries import SheetHead, discard, open_form
from pro_app.services.participants import load_participant
from pro_app.services.site_tasks import count_tasks, count_tasks_by_site, list_tasks_of_sites
from pro_app.services.sites import SiteDetails, save_site
from pro_app.services.transfers.views import list_transfers, load_offer, load_transfer
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.form_standings import FormStanding
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site


@pytest.fixture
def moving(clinic: Clinic) -> Moving:
    """Give a participant of the first site."""
    return build_moving(clinic)


def add_site(clinic: Clinic, code: str) -> int:
    """Add a site like the second one."""
    with clinic.writing() as session:
        like = session.get_one(Site, clinic.other_site_id)
        said = SiteDetails(
            clinic.study_id, code, f"Centre {code}", like.city, like.zone, like.telephone, like.sender_label
        )
        return save_site(session, said, actor=system_actor("test", "setup"), now=ASKED).id


def list_chains(moving: Moving, action: str) -> list[str]:
    with moving.clinic.database.reading() as session:
        statement = select(AuditEntry.chain).where(AuditEntry.action == action)
        return sorted(session.scalars(statement.order_by(AuditEntry.id)))


def test_whoever_is_accepted_is_the_other_sites_at_once(moving: Moving) -> None:
    clinic = moving.clinic
    key = moving.ask()
    assert moving.site_id() == clinic.site_id
    moving.accept(key)
    assert moving.site_id() == clinic.other_site_id
    with clinic.database.reading() as session:
        assert (
            load_participant(session, moving.participant_id, actor=clinic.other_nurse).participant_code
            == "15-001"
        )
        for missing in (moving.participant_id, 999_999):
            with pytest.raises(NotFound, match="participant"):
                load_participant(session, missing, actor=clinic.nurse)


def test_before_the_acceptance_the_receiving_site_reaches_nothing(moving: Moving) -> None:
    moving.ask()
    with moving.clinic.database.reading() as session, pytest.raises(NotFound):
        load_participant(session, moving.participant_id, actor=moving.clinic.other_nurse)


def test_what_is_still_to_go_out_goes_out_in_the_name_of_the_new_site(moving: Moving) -> None:
    clinic = moving.clinic
    clinic.record(moving.participant_id, "randomised", date(2026, 1, 7), arm="LUTATHERA")
    with clinic.writing() as session:
        rows = list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))
        rows[0].state = "sent"
        planned = [row.id for row in rows[1:] if row.state == "planned"]
        sent = rows[0].id
    assert planned
    moving.accept(moving.ask())
    with clinic.database.reading() as session:
        assert session.get_one(OutboxMessage, sent).site_id == clinic.site_id
        assert {session.get_one(OutboxMessage, key).site_id for key in planned} == {clinic.other_site_id}


def test_the_rows_that_numbers_are_counted_from_follow(moving: Moving) -> None:
    moving.accept(moving.ask())
    with moving.clinic.database.reading() as session:
        sites = set(session.scalars(select(FormStanding.site_id)))
    assert sites == {moving.clinic.other_site_id}


def test_the_trail_of_before_stays_and_both_sites_have_an_entry_of_the_change(moving: Moving) -> None:
    clinic = moving.clinic
    moving.accept(moving.ask())
    old, new = f"site:{clinic.site_id}", f"site:{clinic.other_site_id}"
    assert list_chains(moving, "participant.enrol") == [old]
    assert list_chains(moving, "participant.ask_transfer") == [old]
    assert list_chains(moving, "participant.transfer") == sorted([old, new])
    replace(clinic, nurse=clinic.other_nurse).record(
        moving.participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA"
    )
    assert list_chains(moving, "event.record") == [new]
    with clinic.database.reading() as session:
        assert verify_audit_trail(session)[1] == []


def test_exports_name_the_new_site_and_say_when(moving: Moving) -> None:
    moving.accept(moving.ask())
    tables = tidy_tables(moving.clinic)
    people = tables.rows("participants")
    assert [(row["participant_code"], row["site"]) for row in people] == [("15-001", "16")]
    trail = tables.rows("audit_trail", action="participant.transfer")
    said = {(row["field"], row["before"], row["after"]) for row in trail}
    assert ("site", "15", "16") in said
    assert ("moves_on", None, MOVES_ON.isoformat()) in said
    assert {row["at"] for row in trail} == {ACCEPTED}


def test_the_receiving_site_finds_it_in_its_list_from_that_day_on(moving: Moving) -> None:
    clinic = moving.clinic
    moving.ask()
    with clinic.database.reading() as session:

        def kinds(actor: object, at: object) -> list[str]:
            lines = list_tasks_of_sites(session, site_ids=None, actor=actor, language="fr", now=at)  # type: ignore[arg-type]  # tests of both sites and days
            assert count_tasks(session, actor=actor, now=at) == len(lines)  # type: ignore[arg-type]  # as above
            return [line.task.kind for line in lines]

        assert TRANSFER not in kinds(clinic.other_nurse, ASKED)
        assert kinds(clinic.other_nurse, ACCEPTED) == [TRANSFER]
        assert TRANSFER not in kinds(clinic.nurse, ACCEPTED)
        counts = count_tasks_by_site(session, actor=clinic.coordinator, now=ACCEPTED)
        assert [count.by_kind.get(TRANSFER, 0) for count in counts] == [0, 1]


def test_a_refusal_says_why_and_changes_nothing(moving: Moving) -> None:
    key = moving.ask()
    moving.refuse(key)
    moving.refuse(key)
    assert moving.row(key).refusal_reason == "No room."
    assert moving.site_id() == moving.clinic.site_id
    assert list_chains(moving, "participant.refuse_transfer") == [f"site:{moving.clinic.site_id}"]
    with pytest.raises(InputRejected, match="refused meanwhile"):
        moving.accept(key)


def test_a_refusal_needs_a_reason(moving: Moving) -> None:
    key = moving.ask()
    with pytest.raises(InputRejected, match="fill this in"):
        moving.refuse(key, reason="  ")


def test_anybody_of_the_site_that_asked_takes_it_back_and_nobody_else(moving: Moving) -> None:
    clinic = moving.clinic
    key = moving.ask()
    colleague = add_investigator(clinic, clinic.site_id, 4)
    for actor in (clinic.other_nurse, clinic.coordinator, clinic.monitor):
        with pytest.raises(NotPermitted):
            moving.withdraw(key, by=actor)
    with clinic.database.reading() as session:
        assert load_transfer(session, key, actor=colleague, now=ASKED).may_withdraw
    moving.withdraw(key, by=colleague)
    assert moving.row(key).settled_by_id == colleague.account_id
    moving.withdraw(key)
    assert moving.row(key).settled_how == "withdrawn"
    with pytest.raises(InputRejected, match="withdrawn meanwhile"):
        moving.accept(key)
    assert moving.ask() != key


def test_only_the_receiving_site_answers(moving: Moving) -> None:
    clinic = moving.clinic
    key = moving.ask()
    for actor in (clinic.nurse, clinic.coordinator, clinic.monitor):
        with pytest.raises(NotPermitted):
            moving.accept(key, by=actor)
    with pytest.raises(NotFound):
        moving.accept(999_999)


def test_the_same_click_twice_is_one_and_two_sites_at_once_are_not(moving: Moving) -> None:
    clinic = moving.clinic
    key = moving.ask()
    assert moving.ask() == key
    third_id = add_site(clinic, "17")
    with pytest.raises(InputRejected, match="asked already"):
        moving.ask(to_site_id=third_id)
    assert moving.accept(key) == moving.accept(key) == moving.participant_id
    assert len(list_chains(moving, "participant.transfer")) == 2


def test_nobody_goes_to_the_own_site_a_closed_one_or_out_of_the_study(moving: Moving) -> None:
    clinic = moving.clinic
    for site_id in (clinic.site_id, 999_999):
        with pytest.raises(InputRejected, match="Choose the site"):
            moving.ask(to_site_id=site_id)
    with clinic.writing() as session:
        session.get_one(Site, clinic.other_site_id).closed_at = ASKED
    with pytest.raises(InputRejected, match="Choose the site"):
        moving.ask()


@pytest.mark.parametrize("day", [date(2026, 1, 4), date(2026, 3, 31)])
def test_the_day_is_after_the_consent_and_not_far_ahead(moving: Moving, day: date) -> None:
    with pytest.raises(InputRejected) as rejected:
        moving.ask(moves_on=day)
    assert [problem.place for problem in rejected.value.problems] == ["moves_on"]


def test_nobody_accepts_before_the_day(moving: Moving) -> None:
    key = moving.ask()
    with pytest.raises(InputRejected, match="accept on that day"):
        moving.accept(key, at=ASKED)
    assert moving.row(key).settled_at is None


def test_a_correction_that_waits_comes_first(moving: Moving) -> None:
    clinic = moving.clinic
    form = clinic.assessments(moving.participant_id)["BASELINE"].assessment_id
    send_form(clinic, moving.participant_id, form)
    key = moving.ask()
    with clinic.writing() as session:
        request_clarification(session, form, wants(), actor=clinic.nurse, now=ASKED)
    with pytest.raises(InputRejected, match="in hand"):
        moving.accept(key)
    assert moving.site_id() == clinic.site_id
    moving.withdraw(key)
    with pytest.raises(InputRejected, match="waits for its decision"):
        moving.ask()


def test_a_sheet_and_a_reading_come_first(moving: Moving) -> None:
    clinic = moving.clinic
    form = clinic.assessments(moving.participant_id)["BASELINE"].assessment_id
    key = moving.ask()
    with clinic.writing() as session:
        open_form(session, form, SheetHead(date(2026, 1, 6), "self"), actor=clinic.nurse, now=ASKED)
    with pytest.raises(InputRejected, match="in hand"):
        moving.accept(key)
    moving.withdraw(key)
    with pytest.raises(InputRejected, match="on paper"):
        moving.ask()
    with clinic.writing() as session:
        discard(session, form, reason="Wrong sheet.", actor=clinic.nurse, now=ASKED)
    send_form(clinic, moving.participant_id, form)
    investigator = add_investigator(clinic, clinic.site_id, 4)
    with clinic.writing() as session:
        open_reading(session, moving.participant_id, reason="A call.", actor=investigator, now=ASKED)
    with pytest.raises(InputRejected, match="read the answers"):
        moving.ask()


def test_after_the_change_the_new_site_may_ask_in_its_turn(moving: Moving) -> None:
    clinic = moving.clinic
    moving.accept(moving.ask())
    with clinic.database.reading() as session:
        offer = load_offer(session, moving.participant_id, actor=clinic.other_nurse, now=ACCEPTED)
        assert [site.site_code for site in offer.sites] == ["15"]
    back = moving.ask(by=clinic.other_nurse, at=ACCEPTED, to_site_id=clinic.site_id)
    moving.accept(back, by=clinic.nurse, at=ACCEPTED + timedelta(hours=1))
    assert moving.site_id() == clinic.site_id


def test_both_sites_see_the_request_and_no_third_one_does(moving: Moving) -> None:
    clinic = moving.clinic
    key = moving.ask()
    stranger = replace(clinic.other_nurse, site_ids=frozenset({999_999}))
    with clinic.database.reading() as session:
        seen = {
            name: [line.transfer_id for line in list_transfers(session, actor=actor, now=ASKED)]
            for name, actor in {
                "old": clinic.nurse,
                "new": clinic.other_nurse,
                "coordinator": clinic.coordinator,
                "stranger": stranger,
            }.items()
        }
        assert seen == {"old": [key], "new": [key], "coordinator": [key], "stranger": []}
        line = load_transfer(session, key, actor=clinic.other_nurse, now=ASKED)
        assert (line.may_answer, line.may_withdraw, line.is_own_patient, line.is_too_early) == (
            True,
            False,
            False,
            True,
        )
        with pytest.raises(NotFound):
            load_transfer(session, key, actor=stranger, now=noon(MOVES_ON))


def test_what_failed_counts_for_the_site_of_then_until_it_is_planned_again(moving: Moving) -> None:
    clinic = moving.clinic
    clinic.record(moving.participant_id, "randomised", date(2026, 1, 7), arm="LUTATHERA")
    with clinic.writing() as session:
        failed = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.rule_code == "invitation")
            .order_by(OutboxMessage.due_at)
        ).first()
        assert failed is not None
        failed.state, failed.outcome_reason, failed.finished_at = "failed", "no_address", ASKED
        key = failed.id
    moving.accept(moving.ask())
    with clinic.writing() as session:
        row = session.get_one(OutboxMessage, key)
        assert (row.state, row.site_id) == ("failed", clinic.site_id)
        participant = session.get_one(Participant, moving.participant_id)
        assert revive_messages(session, participant=participant, now=ACCEPTED) == 1
        assert (row.state, row.site_id) == ("planned", clinic.other_site_id)
