"""E-mails to staff: invitations and the morning digest, sent by a real SMTP server's leave."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from clinic_world import Clinic
from conftest import TEST_SECRET
from reminders_world import MailServer, list_rows
from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor, system_actor
from pro_app.errors import InputRejected, NotPermitted
from pro_app.protocol.protocol import Protocol
from pro_app.reminders.channels.email import EmailChannel
from pro_app.reminders.dispatch import PostOffice
from pro_app.reminders.outbox.attempts import LEASE, Outcome
from pro_app.reminders.staff_mail.claims import ClaimedMail, claim_next_mail, record_mail_outcome
from pro_app.reminders.staff_mail.dispatch import dispatch_staff_mail
from pro_app.services import task_digest
from pro_app.services.accounts import disable_account
from pro_app.services.invitations import accept_invitation, invite, revoke_invitation
from pro_app.services.passwords import prepare_password
from pro_app.services.site_tasks import SiteTaskCount
from pro_app.services.staff_addresses import save_staff_address
from pro_app.services.studies import load_current_protocol
from pro_app.services.task_digest import DigestWish, enqueue_digests, save_digest_wish
from pro_app.storage.tables.staff_messages import StaffMessage

RANDOMISED, ENDED = date(2026, 1, 5), date(2026, 3, 1)
CALL_DAY = date(2026, 3, 4)
"""A Wednesday on which the site is asked to call about week 8."""
EIGHT = datetime(2026, 3, 4, 7, 0, tzinfo=UTC)
"""Eight o'clock in Paris on that day."""
ADDRESS = "nadia.nguyen@hopital.example"
SYSTEM = system_actor("test", "x")


@dataclass
class StaffPost:
    """A clinic with a call to make, its post office and the server at the other end."""

    clinic: Clinic
    office: PostOffice
    server: MailServer

    def dispatch(self, now: datetime) -> dict[str, int]:
        """Send what is due at a moment; gives how many e-mails reached each state."""
        return dict(dispatch_staff_mail(self.office, clock=lambda: now).states)

    def write_digests(self, now: datetime) -> int:
        """Write the digests whose hour has come."""
        return enqueue_digests(self.clinic.database, clock=lambda: now)

    def wish(self, hour: int | None = 8, *, by: Actor | None = None, email: str = ADDRESS) -> None:
        """Let a member of the site choose the hour of the digest."""
        with self.clinic.writing() as session:
            save_digest_wish(
                session,
                DigestWish(hour, email),
                vault=self.clinic.vault,
                actor=by or self.clinic.nurse,
                now=EIGHT - timedelta(days=1),
            )

    def invite(self, now: datetime = EIGHT) -> str:
        """Mail an invitation to the nurse; gives its code."""
        with self.clinic.writing() as session:
            save_staff_address(
                session, self.nurse_id, ADDRESS, vault=self.clinic.vault, actor=SYSTEM, now=now
            )
            made = invite(
                session,
                self.nurse_id,
                secret_key=TEST_SECRET,
                vault=self.clinic.vault,
                actor=SYSTEM,
                now=now,
            )
        return made.code

    @property
    def nurse_id(self) -> int:
        """Give the key of the nurse's account."""
        assert self.clinic.nurse.account_id is not None
        return self.clinic.nurse.account_id

    def rows(self) -> list[StaffMessage]:
        """List the e-mails in the order of their writing."""
        with self.clinic.database.reading() as session:
            return list(session.scalars(select(StaffMessage).order_by(StaffMessage.id)))


@pytest.fixture
def staff_post(clinic: Clinic, office: PostOffice, mail_server: MailServer) -> StaffPost:
    participant_id = clinic.enrol(RANDOMISED)
    clinic.record(participant_id, "randomised", RANDOMISED, arm="SURVEILLANCE")
    clinic.record(participant_id, "treatment_ended", ENDED)
    clinic.answer(participant_id, "BASELINE", RANDOMISED)
    return StaffPost(clinic, office, mail_server)


def body(server: MailServer) -> str:
    return str(server.accepted[-1].get_content())


def test_the_digest_comes_once_at_the_chosen_hour_and_tells_counts_alone(staff_post: StaffPost) -> None:
    staff_post.wish()
    assert staff_post.write_digests(EIGHT - timedelta(minutes=1)) == 0
    assert [staff_post.write_digests(EIGHT + timedelta(minutes=m)) for m in (0, 5, 60)] == [1, 0, 0]
    before = [(row.id, row.state, row.attempts) for row in list_rows(staff_post.clinic.database)]

    assert staff_post.dispatch(EIGHT + timedelta(minutes=1)) == {"sent": 1}
    assert staff_post.dispatch(EIGHT + timedelta(minutes=2)) == {}

    (mail,) = staff_post.server.accepted
    text = body(staff_post.server)
    assert str(mail["To"]) == ADDRESS
    assert "1 " in text
    assert "https://suivi.example.org/staff/" in text
    for word in ("15-001", "ReLUTH", "reluth", "W08", "Centre 15", "tumeur", "traitement", "essai"):
        assert word not in text + str(mail["Subject"]) + str(mail["From"])
    assert [(row.id, row.state, row.attempts) for row in list_rows(staff_post.clinic.database)] == before


@pytest.mark.parametrize(
    "day",
    [date(2026, 3, 7), date(2026, 3, 8), date(2026, 4, 6), date(2026, 5, 1)],
    ids=["Saturday", "Sunday", "Easter Monday", "May Day"],
)
def test_no_digest_comes_on_a_day_off(staff_post: StaffPost, day: date) -> None:
    staff_post.wish()
    summer = timedelta(hours=1) if day > date(2026, 3, 29) else timedelta(0)
    assert staff_post.write_digests(datetime(day.year, day.month, day.day, 7, tzinfo=UTC) - summer) == 0


def test_a_digest_with_nothing_in_it_is_not_sent_and_the_day_is_done(staff_post: StaffPost) -> None:
    other = staff_post.clinic.other_nurse
    staff_post.wish(by=other)
    assert [staff_post.write_digests(EIGHT), staff_post.write_digests(EIGHT + timedelta(minutes=5))] == [1, 0]
    assert staff_post.dispatch(EIGHT) == {}
    (row,) = staff_post.rows()
    assert (row.account_id, row.state, row.outcome_reason) == (
        other.account_id,
        "cancelled",
        "nothing_to_tell",
    )


def test_a_count_that_fails_keeps_nobody_elses_digest_back(
    staff_post: StaffPost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = staff_post.clinic.other_nurse
    staff_post.wish()
    staff_post.wish(by=other, email="other@hopital.example")
    count = task_digest.count_tasks_by_site

    def fail_for_the_nurse(session: Session, *, actor: Actor, now: datetime) -> list[SiteTaskCount]:
        if actor.account_id == staff_post.nurse_id:
            raise ValueError("a count that fails")
        return count(session, actor=actor, now=now)

    with monkeypatch.context() as broken:
        broken.setattr(task_digest, "count_tasks_by_site", fail_for_the_nurse)
        assert staff_post.write_digests(EIGHT) == 1
    assert [row.account_id for row in staff_post.rows()] == [other.account_id]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "a digest could not be written; the others go on"
    ]
    assert staff_post.write_digests(EIGHT + timedelta(minutes=5)) == 1


def test_a_study_that_cannot_be_read_keeps_no_other_study_s_digest_back(
    staff_post: StaffPost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = staff_post.clinic.other_nurse
    staff_post.wish()
    staff_post.wish(by=other, email="other@hopital.example")
    asked: list[int] = []

    def fail_at_first(session: Session, study_id: int) -> Protocol:
        asked.append(study_id)
        if len(asked) == 1:
            raise ValueError("a protocol that cannot be read")
        return load_current_protocol(session, study_id)

    monkeypatch.setattr(task_digest, "load_current_protocol", fail_at_first)
    assert staff_post.write_digests(EIGHT) == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "a digest could not be written; the others go on"
    ]


def test_a_morning_that_was_missed_is_made_up_for_and_then_let_go(staff_post: StaffPost) -> None:
    staff_post.wish()
    assert staff_post.write_digests(EIGHT + timedelta(hours=3)) == 0
    assert staff_post.write_digests(EIGHT + timedelta(hours=2, minutes=59)) == 1
    assert staff_post.dispatch(EIGHT + timedelta(hours=3)) == {"cancelled": 1}
    assert staff_post.server.accepted == []


def test_whoever_wants_none_any_more_or_is_closed_gets_none(staff_post: StaffPost) -> None:
    staff_post.wish()
    staff_post.write_digests(EIGHT)
    staff_post.wish(None)
    assert staff_post.dispatch(EIGHT) == {"cancelled": 1}
    staff_post.wish()
    staff_post.write_digests(EIGHT + timedelta(days=1))
    with staff_post.clinic.writing() as session:
        disable_account(session, account_id=staff_post.nurse_id, actor=SYSTEM, now=EIGHT)
    assert staff_post.dispatch(EIGHT + timedelta(days=1)) == {"cancelled": 1}
    assert staff_post.write_digests(EIGHT + timedelta(days=2)) == 0
    assert staff_post.server.accepted == []


def test_the_wish_needs_an_address_an_hour_of_the_morning_and_a_site(staff_post: StaffPost) -> None:
    for wrong in ((8, ""), (3, ADDRESS), (23, ADDRESS), (8, "no address")):
        with pytest.raises(InputRejected):
            staff_post.wish(wrong[0], email=wrong[1])
    with pytest.raises(NotPermitted):
        staff_post.wish(by=staff_post.clinic.monitor)


def test_an_invitation_carries_its_code_and_opens_what_it_says(staff_post: StaffPost) -> None:
    code = staff_post.invite()
    assert staff_post.dispatch(EIGHT) == {"sent": 1}
    text = body(staff_post.server)
    assert f"https://suivi.example.org/staff/invitation#{code}" in text
    assert "member-0" not in text
    with staff_post.clinic.writing() as session:
        password = prepare_password("trois tortues vertes et lentes")
        accept_invitation(session, typed=code, password=password, secret_key=TEST_SECRET, now=EIGHT)


def test_an_invitation_that_was_taken_back_before_the_claim_does_not_go_out(staff_post: StaffPost) -> None:
    staff_post.invite()
    with staff_post.clinic.writing() as session:
        revoke_invitation(session, staff_post.nurse_id, actor=SYSTEM, now=EIGHT)
    assert staff_post.dispatch(EIGHT) == {"cancelled": 1}
    assert staff_post.server.accepted == []


def test_a_refused_mail_is_tried_again_under_the_same_name_and_a_dead_address_is_not(
    staff_post: StaffPost,
) -> None:
    staff_post.invite()
    staff_post.server.answers.extend(["DATA 451 later", "DROP"])
    assert staff_post.dispatch(EIGHT) == {"planned": 1}
    assert staff_post.dispatch(EIGHT + timedelta(seconds=30)) == {}
    assert staff_post.dispatch(EIGHT + timedelta(minutes=5)) == {"planned": 1}
    assert staff_post.dispatch(EIGHT + timedelta(hours=1)) == {"sent": 1}
    assert len(set(staff_post.server.message_ids())) == 1

    staff_post.invite(EIGHT + timedelta(hours=2))
    staff_post.server.answers.append("RCPT 550 5.1.1 no such user")
    assert staff_post.dispatch(EIGHT + timedelta(hours=2)) == {"failed": 1}
    assert staff_post.dispatch(EIGHT + timedelta(hours=9)) == {}


def test_a_mail_that_may_have_arrived_twice_is_not_tried_a_third_time(staff_post: StaffPost) -> None:
    staff_post.invite()
    staff_post.server.answers.extend(["DROP", "DROP"])
    assert staff_post.dispatch(EIGHT) == {"planned": 1}
    assert staff_post.dispatch(EIGHT + timedelta(hours=1)) == {"unknown": 1}
    assert staff_post.dispatch(EIGHT + timedelta(hours=9)) == {}


def test_a_claim_that_ran_out_is_taken_over_and_its_late_outcome_counts_no_more(
    staff_post: StaffPost,
) -> None:
    staff_post.invite()
    with staff_post.clinic.writing() as session:
        lost = claim_next_mail(session, claim_token="first", now=EIGHT)
    assert isinstance(lost, ClaimedMail)
    assert staff_post.dispatch(EIGHT + LEASE - timedelta(seconds=1)) == {}
    with staff_post.clinic.writing() as session:
        again = claim_next_mail(session, claim_token="second", now=EIGHT + LEASE)
        assert isinstance(again, ClaimedMail)
    with staff_post.clinic.writing() as session:
        assert record_mail_outcome(session, lost, Outcome("sent"), now=EIGHT + LEASE) is None
        assert record_mail_outcome(session, again, Outcome("sent"), now=EIGHT + LEASE) == "sent"


def test_eight_workers_at_once_send_each_mail_once(staff_post: StaffPost) -> None:
    staff_post.wish()
    staff_post.wish(by=staff_post.clinic.other_nurse, email="other@hopital.example")
    staff_post.write_digests(EIGHT)
    staff_post.invite()
    barrier = threading.Barrier(8)

    def work(_number: int) -> int:
        barrier.wait(timeout=30)
        return sum(staff_post.dispatch(EIGHT).values())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 2
    assert len(staff_post.server.accepted) == 2


def test_what_comes_back_about_a_staff_mail_names_no_message_of_a_participant(
    staff_post: StaffPost, mail_server: MailServer
) -> None:
    channel = EmailChannel("127.0.0.1", mail_server.port, "a@example.org", reply_address="retour@example.org")
    staff_post.office = replace(staff_post.office, channels={"email": channel})
    staff_post.invite()
    assert staff_post.dispatch(EIGHT) == {"sent": 1}
    (mail,) = mail_server.accepted
    assert mail["List-Unsubscribe"] is None
    assert mail_server.senders == ["retour+b-staff@example.org"]


def test_a_server_that_is_down_ends_the_round_and_loses_nothing(
    staff_post: StaffPost, mail_server: MailServer
) -> None:
    staff_post.wish()
    staff_post.write_digests(EIGHT)
    mail_server.stop()
    assert staff_post.dispatch(EIGHT) == {"planned": 1}
    assert [row.state for row in staff_post.rows()] == ["planned"]
