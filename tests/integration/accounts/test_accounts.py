from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from conftest import NOW
from sqlalchemy import update
from staff_world import EARLIER, PASSWORD, SYSTEM, StaffWorld, add_account, build_staff_world

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, NotFound, NotPermitted, SignInRefused
from pro_app.services.account_passwords import change_password, require_own_password
from pro_app.services.account_reach import is_changeable
from pro_app.services.account_records import load_account
from pro_app.services.accounts import (
    NewAccount,
    create_account,
    create_account_with_role,
    disable_account,
    enable_account,
)
from pro_app.services.api_tokens import create_token, find_token_holder, list_tokens
from pro_app.services.passwords import prepare_password
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.staff_directory import list_own_roles, list_staff, load_staff_member
from pro_app.services.staff_roles import grant_role, revoke_role
from pro_app.services.staff_sessions import StaffSignIn, find_staff_sign_in
from pro_app.services.staff_sign_in import prove_password, sign_in_staff, switch_role
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.tables.accounts import StaffRole

NEW_PASSWORD = "trois tortues vertes"


@pytest.fixture
def world(database: Database) -> StaffWorld:
    return build_staff_world(database)


def sign_in(database: Database, username: str, password: str = PASSWORD) -> str:
    proof = prove_password(database, username=username, password=password)
    with database.writing() as session:
        return sign_in_staff(session, proof, now=NOW)


def find(database: Database, token: str) -> StaffSignIn:
    found = find_staff_sign_in(database, token, now=NOW)
    assert found is not None
    return found


def other_study_administrator(world: StaffWorld) -> Actor:
    return Actor(
        kind="staff", role="administrator", request_id="x", study_id=world.study_id + 1, site_ids=None
    )


def role_id(database: Database, world: StaffWorld, role: str) -> int:
    with database.reading() as session:
        return list_own_roles(session, account_id=world.account_ids[role], now=NOW)[0].staff_role_id


def test_the_username_is_normalised_and_given_once(database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        add_account(session, "  Marie.MARTIN ")

    with pytest.raises(InputRejected) as refused, database.writing() as session:
        add_account(session, "marie.martin")
    assert [problem.place for problem in refused.value.problems] == ["username"]
    with database.reading() as session:
        assert load_account(session, world.account_ids["nurse"], actor=SYSTEM).username == "nurse"


def test_every_unusable_part_of_a_new_account_is_named_at_once(database: Database, world: StaffWorld) -> None:
    with pytest.raises(InputRejected) as refused, database.writing() as session:
        create_account(
            session,
            username="é ",
            display_name="",
            password="court",
            language="de",
            actor=world.actor("administrator"),
            now=NOW,
        )

    places = [problem.place for problem in refused.value.problems]
    assert places == ["username", "display_name", "language", "password"]


def test_an_account_with_its_first_role_is_one_entry_in_the_audit_trail_without_the_password(
    database: Database, world: StaffWorld
) -> None:
    new = NewAccount("paul.petit", "Paul Petit", "fr", "nurse", world.site_id)
    with database.writing() as session:
        account = create_account_with_role(
            session, new, password=prepare_password(NEW_PASSWORD), actor=world.actor("administrator"), now=NOW
        )
        entries = list_entries(session, action="account.create", subject_ref=f"account:{account.id}", limit=9)

    assert [item["field"] for entry in entries for item in entry.items] == [
        "username",
        "display_name",
        "language",
        "role",
    ]
    assert NEW_PASSWORD not in str(entries)
    with database.reading() as session:
        member = load_staff_member(session, account.id, actor=world.actor("administrator"))
        assert [(held.role, held.site) for held in member.roles] == [
            ("nurse", "Institut du Val, Montpellier")
        ]


@pytest.mark.parametrize(("role", "with_site"), [("nurse", False), ("monitor", True), ("king", False)])
def test_a_role_that_does_not_fit_leaves_no_account_behind(
    database: Database, world: StaffWorld, role: str, *, with_site: bool
) -> None:
    new = NewAccount("paul.petit", "Paul Petit", "fr", role, world.site_id if with_site else None)

    with pytest.raises(InputRejected), database.writing() as session:
        create_account_with_role(
            session, new, password=prepare_password(NEW_PASSWORD), actor=world.actor("administrator"), now=NOW
        )
    with database.reading() as session:
        assert len(list_staff(session, study_id=world.study_id)) == len(world.account_ids)


def test_a_role_is_given_once(database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        given = [
            grant_role(
                session,
                account_id=world.account_ids["nurse"],
                study_id=world.study_id,
                role="monitor",
                site_id=None,
                actor=world.actor("administrator"),
                now=NOW,
            ).id
            for _ in range(2)
        ]

    assert given[0] == given[1]


def test_nobody_reaches_into_another_study(database: Database, world: StaffWorld) -> None:
    stranger = other_study_administrator(world)
    nurse_id, nurse_role_id = world.account_ids["nurse"], role_id(database, world, "nurse")

    def grant_here() -> None:
        grant_role(
            session,
            account_id=nurse_id,
            study_id=world.study_id,
            role="administrator",
            site_id=None,
            actor=stranger,
            now=NOW,
        )

    new = prepare_password(NEW_PASSWORD)
    with database.writing() as session:
        acts = (
            grant_here,
            lambda: revoke_role(session, staff_role_id=nurse_role_id, actor=stranger, now=NOW),
            lambda: disable_account(session, account_id=nurse_id, actor=stranger, now=NOW),
            lambda: change_password(session, account_id=nurse_id, password=new, actor=stranger, now=NOW),
            lambda: load_account(session, nurse_id, actor=stranger),
        )
        for act in acts:
            with pytest.raises(NotFound):
                act()
    assert find(database, sign_in(database, "nurse")).role == "nurse"


@pytest.mark.parametrize("act", ["revoke", "disable", "password"])
def test_losing_the_role_the_account_or_the_password_ends_the_session(
    database: Database, world: StaffWorld, act: str
) -> None:
    administrator, nurse_id = world.actor("administrator"), world.account_ids["nurse"]
    nurse_role_id = role_id(database, world, "nurse")
    token = sign_in(database, "nurse")

    new = prepare_password(NEW_PASSWORD)
    with database.writing() as session:
        if act == "revoke":
            revoke_role(session, staff_role_id=nurse_role_id, actor=administrator, now=NOW)
        elif act == "disable":
            disable_account(session, account_id=nurse_id, actor=administrator, now=NOW)
        else:
            change_password(session, account_id=nurse_id, password=new, actor=administrator, now=NOW)

    assert find_staff_sign_in(database, token, now=NOW) is None
    with pytest.raises(SignInRefused):
        sign_in(database, "nurse")


def test_a_token_opens_nothing_once_the_role_has_ended_by_itself(
    database: Database, world: StaffWorld
) -> None:
    with database.writing() as session:
        token = create_token(session, label="R", days=30, actor=world.actor("statistician"), now=NOW)
        of_owner = StaffRole.account_id == world.account_ids["statistician"]
        session.execute(update(StaffRole).where(of_owner).values(ends_at=NOW + timedelta(days=1)))

    assert find_token_holder(database, token, now=NOW) is not None
    assert find_token_holder(database, token, now=NOW + timedelta(days=1)) is None


@pytest.mark.parametrize("how", ["role", "account", "reset", "own password"])
def test_tokens_end_for_good_with_the_role_the_account_or_the_password(
    database: Database, world: StaffWorld, how: str
) -> None:
    account_id, owner = world.account_ids["statistician"], world.actor("statistician")
    administrator = world.actor("administrator")
    new = prepare_password(NEW_PASSWORD)
    with database.writing() as session:
        token = create_token(session, label="R", days=30, actor=owner, now=NOW)
        world.give_nurse_another_role(session, "statistician")
        colleague = replace(owner, account_id=world.account_ids["nurse"])
        other = create_token(session, label="R", days=30, actor=colleague, now=NOW)
    held_id = role_id(database, world, "statistician")
    with database.writing() as session:
        if how == "role":
            revoke_role(session, staff_role_id=held_id, actor=administrator, now=NOW)
            grant_role(
                session,
                account_id=account_id,
                study_id=world.study_id,
                role="statistician",
                site_id=None,
                actor=administrator,
                now=NOW,
            )
        elif how == "account":
            disable_account(session, account_id=account_id, actor=administrator, now=NOW)
            enable_account(session, account_id=account_id, actor=administrator, now=NOW)
        else:
            actor = owner if how == "own password" else administrator
            change_password(session, account_id=account_id, password=new, actor=actor, now=NOW)

    assert find_token_holder(database, token, now=NOW) is None
    assert find_token_holder(database, other, now=NOW) is not None
    with database.reading() as session:
        [ended] = list_tokens(session, actor=owner)
        entries = list_entries(session, action="api_token.revoke", subject_ref="api_token:1", limit=5)
    assert (ended.revoked_at, len(entries)) == (NOW, 1)


def test_a_closed_account_can_be_opened_again(database: Database, world: StaffWorld) -> None:
    administrator, nurse_id = world.actor("administrator"), world.account_ids["nurse"]
    with database.writing() as session:
        disable_account(session, account_id=nurse_id, actor=administrator, now=NOW)
        with pytest.raises(InputRejected):
            grant_role(
                session,
                account_id=nurse_id,
                study_id=world.study_id,
                role="monitor",
                site_id=None,
                actor=administrator,
                now=NOW,
            )
        enable_account(session, account_id=nurse_id, actor=administrator, now=NOW)

    assert find(database, sign_in(database, "nurse")).role == "nurse"


def test_the_last_administrator_stays(database: Database, world: StaffWorld) -> None:
    administrator_role = role_id(database, world, "administrator")

    with pytest.raises(InputRejected), database.writing() as session:
        revoke_role(session, staff_role_id=administrator_role, actor=world.actor("administrator"), now=NOW)
    with pytest.raises(InputRejected), database.writing() as session:
        disable_account(session, account_id=world.account_ids["administrator"], actor=SYSTEM, now=NOW)
    account_id = world.account_ids["administrator"]
    with pytest.raises(InputRejected), database.writing() as session:
        disable_account(session, account_id=account_id, actor=world.actor("administrator"), now=NOW)

    assert find(database, sign_in(database, "administrator")).role == "administrator"


def test_ones_own_password_needs_the_present_one(database: Database, world: StaffWorld) -> None:
    nurse = world.actor("nurse")
    with pytest.raises(InputRejected) as refused:
        require_own_password(database, current_password="wrong", actor=nurse)
    assert [problem.place for problem in refused.value.problems] == ["current_password"]

    require_own_password(database, current_password=PASSWORD, actor=nurse)
    with database.writing() as session:
        change_password(
            session,
            account_id=world.account_ids["nurse"],
            password=prepare_password(NEW_PASSWORD),
            actor=nurse,
            now=NOW,
        )
    assert find(database, sign_in(database, "nurse", NEW_PASSWORD)).role == "nurse"


def test_every_refused_sign_in_says_the_same(database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        add_account(session, "without.role")
        disable_account(
            session,
            account_id=world.account_ids["monitor"],
            actor=world.actor("administrator"),
            now=NOW,
        )

    refusals = set()
    for username, password in (
        ("nobody", PASSWORD),
        ("nurse", "wrong"),
        ("monitor", PASSWORD),
        ("without.role", PASSWORD),
        ("nurse", "x" * 100_000),
        ("", ""),
    ):
        with pytest.raises(SignInRefused) as refused:
            sign_in(database, username, password)
        refusals.add(str(refused.value))
    assert refusals == {""}


def test_each_sign_in_has_a_token_of_its_own_and_is_in_the_audit_trail(
    database: Database, world: StaffWorld
) -> None:
    tokens = {sign_in(database, " NURSE ") for _ in range(2)}

    assert len(tokens) == 2
    with database.reading() as session:
        subject = f"account:{world.account_ids['nurse']}"
        entries = list_entries(session, action="account.sign_in", subject_ref=subject, limit=9)
        assert [entry.role for entry in entries] == ["nurse", "nurse"]
        assert verify_audit_trail(session)[1] == []


def test_switching_the_role_starts_a_new_session_and_the_next_sign_in_keeps_it(
    database: Database, world: StaffWorld
) -> None:
    with database.writing() as session:
        monitor_id = world.give_nurse_another_role(session, "monitor")
    token = sign_in(database, "nurse")
    signed_in = find(database, token)
    assert signed_in.other_role_ids == (monitor_id,)

    with database.writing() as session:
        new_token = switch_role(session, signed_in, staff_role_id=monitor_id, now=NOW)

    assert find_staff_sign_in(database, token, now=NOW) is None
    assert find(database, new_token).role == "monitor"
    assert find(database, sign_in(database, "nurse")).role == "monitor"


def test_nobody_switches_to_a_role_of_somebody_else(database: Database, world: StaffWorld) -> None:
    signed_in = find(database, sign_in(database, "nurse"))
    foreign = role_id(database, world, "administrator")

    with pytest.raises(NotFound), database.writing() as session:
        switch_role(session, signed_in, staff_role_id=foreign, now=NOW + timedelta(minutes=1))


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
@pytest.mark.parametrize("act", ["password", "reset", "open", "role"])
def test_a_coordinator_does_nothing_to_a_closed_account_that_led(  # noqa: PLR0917 -- parameters
    database: Database, world: StaffWorld, role: str, act: str
) -> None:
    with database.writing() as session:
        closed_id = add_account(session, "leader")
        give = {"study_id": world.study_id, "site_id": None, "now": EARLIER}
        grant_role(session, account_id=closed_id, role=role, actor=SYSTEM, **give)
        disable_account(session, account_id=closed_id, actor=SYSTEM, now=EARLIER)
    coordinator, new = world.actor("coordinator"), prepare_password(NEW_PASSWORD)
    of_this = {"account_id": closed_id, "actor": coordinator, "now": NOW}
    acts = {
        "password": lambda session: change_password(session, password=new, **of_this),
        "reset": lambda session: reset_second_factor(session, **of_this),
        "open": lambda session: enable_account(session, **of_this),
        "role": lambda session: grant_role(
            session, study_id=world.study_id, role="monitor", site_id=None, **of_this
        ),
    }

    with pytest.raises(NotPermitted), database.writing() as session:
        acts[act](session)
    with database.reading() as session:
        assert not is_changeable(session, closed_id, actor=coordinator, now=NOW)
        assert is_changeable(session, closed_id, actor=world.actor("administrator"), now=NOW)


def test_a_change_of_role_makes_no_session_longer(database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        monitor_id = world.give_nurse_another_role(session, "monitor")
    token, now = sign_in(database, "nurse"), NOW
    while now < NOW + timedelta(hours=11):
        now += timedelta(minutes=30)
        assert find_staff_sign_in(database, token, now=now) is not None
    with database.writing() as session:
        token = switch_role(session, find_at(database, token, now), staff_role_id=monitor_id, now=now)

    assert find_at(database, token, now + timedelta(minutes=50)).role == "monitor"
    assert find_staff_sign_in(database, token, now=NOW + timedelta(hours=12)) is None
    assert find_staff_sign_in(database, token, now=now + timedelta(hours=2)) is None


def find_at(database: Database, token: str, now: datetime) -> StaffSignIn:
    found = find_staff_sign_in(database, token, now=now)
    assert found is not None
    return found
