from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from conftest import NOW, TEST_SECRET
from sqlalchemy import select
from staff_world import EARLIER, PASSWORD, SYSTEM, StaffWorld, build_staff_world

from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotPermitted, SignInRefused, TokenRefused
from pro_app.services.account_passwords import change_password
from pro_app.services.accounts import disable_account, enable_account
from pro_app.services.contact_sweep import sweep_contacts
from pro_app.services.invitations import (
    INVITATION_LIFE,
    MadeInvitation,
    accept_invitation,
    check_invitation,
    find_open_invitation,
    invite,
    revoke_invitation,
)
from pro_app.services.passwords import prepare_password
from pro_app.services.role_changes import WantedRole, change_role
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.second_factors.setting_up import add_second_factor
from pro_app.services.second_person import list_foreign_changes
from pro_app.services.staff_addresses import find_staff_address, save_staff_address
from pro_app.services.staff_roles import grant_role
from pro_app.services.staff_sessions import find_staff_sign_in
from pro_app.services.staff_sign_in import prove_password, sign_in_staff
from pro_app.storage.database import Database, open_database
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.queries.audit_trail import list_entries_since
from pro_app.storage.tables.base import Table
from pro_app.storage.tables.staff_messages import StaffMessage
from pro_app.storage.tables.studies import Study

OWN = "trois tortues vertes et lentes"
ADDRESS = "nadia.nguyen@hopital.example"


@dataclass(frozen=True)
class Office:
    """The database with its staff, the vault, and what is done there by the administrator."""

    database: Database
    vault: ContactVault
    world: StaffWorld

    def invite(
        self, role: str = "nurse", *, mailed: bool = False, by: str = "administrator"
    ) -> MadeInvitation:
        """Invite a member of staff, on paper or by mail."""
        with self.database.writing() as session:
            return invite(
                session,
                self.world.account_ids[role],
                secret_key=TEST_SECRET,
                vault=self.vault if mailed else None,
                actor=self.world.actor(by),
                now=NOW,
            )

    def accept(self, code: str, *, password: str = OWN, after: timedelta = timedelta(0)) -> None:
        """Use an invitation."""
        prepared = prepare_password(password)
        with self.database.writing() as session:
            accept_invitation(session, typed=code, password=prepared, secret_key=TEST_SECRET, now=NOW + after)

    def save_address(self, role: str = "nurse", typed: str = ADDRESS, *, by: str = "administrator") -> None:
        """Save the address of a member of staff."""
        with self.database.writing() as session:
            save_staff_address(
                session,
                self.world.account_ids[role],
                typed,
                vault=self.vault,
                actor=self.world.actor(by),
                now=NOW,
            )


@pytest.fixture
def office(database: Database, contacts_url: str) -> Iterator[Office]:
    vault = ContactVault(open_database(contacts_url), "a key of the vault, long enough to be one")
    yield Office(database, vault, build_staff_world(database))
    vault.database.engine.dispose()


def why_refused(office: Office, code: str, *, after: timedelta = timedelta(0)) -> str:
    with pytest.raises(TokenRefused) as refused:
        office.accept(code, after=after)
    return refused.value.why


def test_an_invitation_gives_an_own_password_once_and_ends_what_was_open(office: Office) -> None:
    proof = prove_password(office.database, username="nurse", password=PASSWORD)
    with office.database.writing() as session:
        token = sign_in_staff(session, proof, now=NOW)
    made = office.invite()
    assert find_staff_sign_in(office.database, token, now=NOW) is not None

    office.accept(made.code.lower())

    assert find_staff_sign_in(office.database, token, now=NOW) is None
    assert prove_password(office.database, username="nurse", password=OWN)
    with pytest.raises(SignInRefused):
        prove_password(office.database, username="nurse", password=PASSWORD)
    assert why_refused(office, made.code) == "used"
    assert _list_actions(office) == ["account.accept_invitation", "account.invite"]


def test_the_code_stands_nowhere(office: Office) -> None:
    made = office.invite()
    assert made.code not in _read_everything(office)
    assert str(office.world.account_ids["nurse"]) in _read_everything(office)


def test_a_replaced_a_revoked_and_an_old_invitation_open_nothing_and_say_so(office: Office) -> None:
    first, second = office.invite(), office.invite()
    assert why_refused(office, first.code) == "replaced"
    with office.database.writing() as session:
        account_id = office.world.account_ids["nurse"]
        assert revoke_invitation(session, account_id, actor=office.world.actor("coordinator"), now=NOW)
        assert not revoke_invitation(session, account_id, actor=office.world.actor("coordinator"), now=NOW)
    assert why_refused(office, second.code) == "revoked"
    third = office.invite()
    assert why_refused(office, third.code, after=INVITATION_LIFE) == "expired"
    assert why_refused(office, "0" * 20) == "unknown"
    office.accept(third.code, after=INVITATION_LIFE - timedelta(seconds=1))


def test_the_invitation_of_a_closed_account_opens_nothing(office: Office) -> None:
    made = office.invite()
    with office.database.writing() as session:
        disable_account(
            session,
            account_id=office.world.account_ids["nurse"],
            actor=office.world.actor("administrator"),
            now=NOW,
        )
    assert why_refused(office, made.code) == "revoked"
    with pytest.raises(InputRejected):
        office.invite()


def test_a_new_password_ends_an_invitation_that_somebody_else_may_hold(office: Office) -> None:
    made = office.invite()
    with office.database.writing() as session:
        change_password(
            session,
            account_id=office.world.account_ids["nurse"],
            password=prepare_password(OWN),
            actor=office.world.actor("administrator"),
            now=NOW,
        )
    assert why_refused(office, made.code) == "revoked"


def test_a_weak_password_leaves_the_invitation_as_it_was(office: Office) -> None:
    made = office.invite()
    with pytest.raises(InputRejected):
        office.accept(made.code, password="motdepasse")
    with office.database.reading() as session:
        invited = check_invitation(session, typed=made.code, secret_key=TEST_SECRET, now=NOW)
    assert invited.username == "nurse"


def test_a_coordinator_invites_no_administrator_and_nobody_invites_oneself(office: Office) -> None:
    for role in ("administrator", "coordinator"):
        with pytest.raises((NotPermitted, InputRejected)):
            office.invite(role, by="coordinator")
    with pytest.raises(InputRejected):
        office.invite("administrator")


def test_whoever_reset_the_second_factor_does_not_invite_and_the_reverse(office: Office) -> None:
    nurse = office.world.account_ids["nurse"]
    with office.database.writing() as session:
        add_second_factor(session, nurse, sealed=b"x", last_step=0, now=NOW)
    office.invite()
    with pytest.raises(InputRejected), office.database.writing() as session:
        reset_second_factor(session, account_id=nurse, actor=office.world.actor("administrator"), now=NOW)
    with office.database.writing() as session:
        reset_second_factor(session, account_id=nurse, actor=office.world.actor("coordinator"), now=NOW)
    with pytest.raises(InputRejected):
        office.invite(by="coordinator")


def test_an_invitation_of_yesterday_does_not_replace_the_password_after_a_reset(office: Office) -> None:
    nurse = office.world.account_ids["nurse"]
    with office.database.writing() as session:
        add_second_factor(session, nurse, sealed=b"x", last_step=0, now=NOW)
    made = office.invite()
    _reset(office, after=timedelta(hours=25))
    assert why_refused(office, made.code, after=timedelta(hours=25)) == "revoked"


def test_whoever_invited_resets_no_second_factor_on_the_day_of_the_use_and_the_owner_is_told(
    office: Office,
) -> None:
    nurse = office.world.account_ids["nurse"]
    proof = prove_password(office.database, username="nurse", password=PASSWORD)
    with office.database.writing() as session:
        sign_in_staff(session, proof, now=EARLIER)
        add_second_factor(session, nurse, sealed=b"x", last_step=0, now=NOW)
    made = office.invite()
    used = timedelta(hours=30)
    office.accept(made.code, after=used)
    with pytest.raises(InputRejected):
        _reset(office, after=used + timedelta(hours=23))
    with office.database.reading() as session:
        told = list_foreign_changes(session, nurse, now=NOW + used)
        later = list_foreign_changes(session, nurse, now=NOW + used + timedelta(days=14))
    assert [(change.way, change.at, change.by) for change in told] == [
        ("accepted", NOW + used, "Administrator"),
        ("invited", NOW, "Administrator"),
    ]
    assert later == []
    _reset(office, after=used + timedelta(hours=24))


def test_an_account_that_is_opened_again_has_no_earlier_invitation(office: Office) -> None:
    made, nurse, actor = (
        office.invite(),
        office.world.account_ids["nurse"],
        office.world.actor("administrator"),
    )
    with office.database.writing() as session:
        disable_account(session, account_id=nurse, actor=actor, now=NOW)
        enable_account(session, account_id=nurse, actor=actor, now=NOW)
    assert why_refused(office, made.code) == "revoked"
    assert "account.revoke_invitation" in _list_actions(office)


@pytest.mark.parametrize("way", ["given", "changed"])
def test_a_role_that_whoever_invited_could_not_give_ends_the_invitation(office: Office, way: str) -> None:
    for by, why in (("coordinator", "revoked"), ("administrator", None)):
        made = office.invite("statistician", by=by)
        account_id, actor = office.world.account_ids["statistician"], office.world.actor("administrator")
        wanted = "coordinator" if why is None else "administrator"
        with office.database.writing() as session:
            (held, *_more) = list_active_roles(session, at=NOW, account_id=account_id)
            if way == "changed":
                change_role(session, held.id, WantedRole(wanted, None), actor=actor, now=NOW)
            else:
                grant_role(
                    session,
                    account_id=account_id,
                    study_id=office.world.study_id,
                    role=wanted,
                    site_id=None,
                    actor=actor,
                    now=NOW,
                )
        if why is None:
            office.accept(made.code)
        else:
            assert why_refused(office, made.code) == why


@pytest.mark.parametrize(("mailed", "why"), [(True, "revoked"), (False, None)])
def test_another_address_ends_an_invitation_that_was_mailed(
    office: Office, *, mailed: bool, why: str | None
) -> None:
    office.save_address()
    made = office.invite(mailed=mailed)
    office.save_address(typed="somebody.else@hopital.example")
    if why is None:
        office.accept(made.code)
    else:
        assert why_refused(office, made.code) == why


def test_the_address_of_somebody_who_works_in_another_study_too_is_not_changed_from_here(
    office: Office,
) -> None:
    with office.database.writing() as session:
        other = Study(study_code="OTHER", title="Another study", mode="test", created_at=NOW)
        session.add(other)
        session.flush()
        grant_role(
            session,
            account_id=office.world.account_ids["monitor"],
            study_id=other.id,
            role="monitor",
            site_id=None,
            actor=SYSTEM,
            now=NOW,
        )
    with pytest.raises(InputRejected):
        office.save_address("monitor")
    office.save_address("monitor", by="monitor")


def _reset(office: Office, *, after: timedelta) -> None:
    """Let the administrator reset the nurse's second factor."""
    with office.database.writing() as session:
        reset_second_factor(
            session,
            account_id=office.world.account_ids["nurse"],
            actor=office.world.actor("administrator"),
            now=NOW + after,
        )


def test_an_invitation_by_mail_needs_an_address_and_waits_to_be_sent(office: Office) -> None:
    with pytest.raises(InputRejected):
        office.invite(mailed=True)
    office.save_address()
    made = office.invite(mailed=True)
    with office.database.reading() as session:
        (row,) = session.scalars(select(StaffMessage)).all()
        opened = find_open_invitation(session, office.world.account_ids["nurse"])
    assert (row.kind, row.state, row.expires_at) == ("invitation", "planned", made.expires_at)
    assert opened is not None
    assert opened.mail_state == "planned"


def test_an_address_is_kept_by_the_sweep_and_stands_in_no_audit_entry(office: Office) -> None:
    office.save_address()
    swept = sweep_contacts(office.database, office.vault, now=NOW + timedelta(hours=2))
    assert swept == 0
    with office.database.reading() as session:
        address = find_staff_address(session, office.vault, office.world.account_ids["nurse"])
    assert address == ADDRESS
    assert ADDRESS not in _read_everything(office)
    assert _list_actions(office) == ["account.change_address"]
    office.save_address(typed="")
    with office.database.reading() as session:
        assert find_staff_address(session, office.vault, office.world.account_ids["nurse"]) is None


def test_an_address_is_ones_own_or_that_of_an_account_within_reach(office: Office) -> None:
    office.save_address("coordinator", by="coordinator")
    for by, of in (("coordinator", "administrator"), ("nurse", "monitor")):
        with pytest.raises(NotPermitted):
            office.save_address(of, by=by)
    with pytest.raises(InputRejected):
        office.save_address(typed="no address")


def _list_actions(office: Office) -> list[str]:
    """List what was done to the nurse's account, the newest first."""
    actions = ["account.invite", "account.accept_invitation", "account.change_address"]
    actions.append("account.revoke_invitation")
    with office.database.reading() as session:
        entries = list_entries_since(
            session,
            actions=actions,
            subject_ref=f"account:{office.world.account_ids['nurse']}",
            since=EARLIER,
        )
    return [entry.action for entry in entries]


def _read_everything(office: Office) -> str:
    """Read every row of every table as text."""
    with office.database.reading() as session:
        return str([session.execute(select(table)).all() for table in Table.metadata.sorted_tables])
