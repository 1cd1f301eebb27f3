from datetime import timedelta

import pytest
from conftest import NOW
from staff_world import EARLIER, LATER, PASSWORD, SYSTEM, StaffWorld, build_staff_world, site_details

from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.api_tokens import create_token, list_tokens
from pro_app.services.role_changes import WantedRole, change_role
from pro_app.services.sites import save_site
from pro_app.services.staff_directory import list_own_roles
from pro_app.services.staff_sessions import find_staff_sign_in
from pro_app.services.staff_sign_in import prove_password, sign_in_staff
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries_since


@pytest.fixture
def world(database: Database) -> StaffWorld:
    return build_staff_world(database)


def role_id(database: Database, world: StaffWorld, role: str) -> int:
    with database.reading() as session:
        return list_own_roles(session, account_id=world.account_ids[role], now=NOW)[0].staff_role_id


def sign_in(database: Database, username: str) -> str:
    proof = prove_password(database, username=username, password=PASSWORD)
    with database.writing() as session:
        return sign_in_staff(session, proof, now=NOW)


def change(
    database: Database, world: StaffWorld, of: str, *, to: WantedRole, by: str = "administrator"
) -> None:
    with database.writing() as session:
        change_role(session, role_id(database, world, of), to, actor=world.actor(by), now=NOW)


def test_a_nurse_moves_to_another_site_in_one_entry_and_is_signed_out(
    database: Database, world: StaffWorld
) -> None:
    with database.writing() as session:
        details = site_details(world.study_id, site_code="02", name="Clinique du Lac")
        other = save_site(session, details, actor=SYSTEM, now=EARLIER).id
    token = sign_in(database, "nurse")

    change(database, world, "nurse", to=WantedRole("nurse", other))

    assert find_staff_sign_in(database, token, now=NOW) is None
    with database.reading() as session:
        (held,) = list_own_roles(session, account_id=world.account_ids["nurse"], now=NOW)
        entries = list_entries_since(
            session,
            actions=["account.change_role", "account.grant_role", "account.revoke_role"],
            subject_ref=f"account:{world.account_ids['nurse']}",
            since=EARLIER,
        )
    assert (held.role, held.site_id) == ("nurse", other)
    (entry,) = entries
    assert entry.action == "account.change_role"
    (item,) = entry.items
    assert item == {
        "field": "role",
        "before": f"nurse study:{world.study_id} site:{world.site_id}",
        "after": f"nurse study:{world.study_id} site:{other}",
    }
    with database.reading() as session:
        assert verify_audit_trail(session)[1] == []


def test_a_monitor_becomes_an_inspector_only_with_an_end(database: Database, world: StaffWorld) -> None:
    with pytest.raises(InputRejected):
        change(database, world, "monitor", to=WantedRole("inspector", None))
    change(database, world, "monitor", to=WantedRole("inspector", None, LATER))
    with database.reading() as session:
        (held,) = list_own_roles(session, account_id=world.account_ids["monitor"], now=NOW)
    assert (held.role, held.ends_at) == ("inspector", LATER)


def test_tokens_end_where_the_new_role_reads_no_releases(database: Database, world: StaffWorld) -> None:
    with database.writing() as session:
        create_token(session, label="R", days=30, actor=world.actor("statistician"), now=NOW)
    change(database, world, "statistician", to=WantedRole("monitor", None))
    with database.reading() as session:
        tokens = list_tokens(session, actor=world.actor("statistician"))
    assert all(token.revoked_at is not None for token in tokens)


def test_what_cannot_be_is_refused_and_changes_nothing(database: Database, world: StaffWorld) -> None:
    own_site = world.site_id
    refused = {
        ("nurse", WantedRole("nurse", own_site)),
        ("nurse", WantedRole("nurse", None)),
        ("nurse", WantedRole("monitor", own_site)),
        ("administrator", WantedRole("monitor", None)),
        ("inspector", WantedRole("inspector", None, NOW - timedelta(days=1))),
    }
    for of, wanted in refused:
        with pytest.raises(InputRejected):
            change(database, world, of, to=wanted)
    with database.writing() as session:
        world.give_nurse_another_role(session, "monitor")
    with pytest.raises(InputRejected):
        change(database, world, "nurse", to=WantedRole("monitor", None))
    with database.reading() as session:
        held = {r.role for r in list_own_roles(session, account_id=world.account_ids["nurse"], now=NOW)}
    assert held == {"nurse", "monitor"}


@pytest.mark.parametrize("wanted", ["administrator", "coordinator"])
def test_a_coordinator_makes_nobody_an_administrator_or_a_coordinator(
    database: Database, world: StaffWorld, wanted: str
) -> None:
    with pytest.raises(NotPermitted):
        change(database, world, "nurse", to=WantedRole(wanted, None), by="coordinator")
    with pytest.raises(NotPermitted):
        change(database, world, wanted, to=WantedRole("monitor", None), by="coordinator")


def test_a_role_that_was_taken_cannot_be_changed(database: Database, world: StaffWorld) -> None:
    old = role_id(database, world, "monitor")
    change(database, world, "monitor", to=WantedRole("statistician", None))
    with pytest.raises(NotFound), database.writing() as session:
        change_role(session, old, WantedRole("monitor", None), actor=world.actor("administrator"), now=NOW)
