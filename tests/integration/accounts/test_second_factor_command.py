"""`pro-app reset-second-factor`, and accounts of inspectors made by a command."""

import pytest
from command_world import make_environment, make_runner
from conftest import NOW, TEST_SECRET
from sqlalchemy import select
from staff_world import StaffWorld, build_staff_world

from pro_app.services.account_records import find_account
from pro_app.services.second_factors.records import find_second_factor_state
from pro_app.services.second_factors.sealing import seal_secret
from pro_app.services.second_factors.setting_up import add_second_factor
from pro_app.services.second_factors.totp import NO_STEP, make_secret
from pro_app.storage.database import Database
from pro_app.storage.tables.accounts import StaffRole


@pytest.fixture
def world(database: Database) -> StaffWorld:
    return build_staff_world(database)


def test_the_command_resets_a_second_factor_and_knows_no_strangers(
    database: Database, world: StaffWorld, contacts_url: str
) -> None:
    account_id = world.account_ids["nurse"]
    sealed = seal_secret(make_secret(), account_id=account_id, secret_key=TEST_SECRET)
    with database.writing() as session:
        add_second_factor(session, account_id, sealed=sealed, last_step=NO_STEP, now=NOW)
    run = make_runner(make_environment(database, contacts_url), "reset-second-factor")

    done, unknown = run(" Nurse "), run("nobody")

    assert (done.exit_code, "nurse" in done.stdout) == (0, True)
    assert (unknown.exit_code, unknown.stderr) == (2, "There is no account “nobody”.\n")
    with database.reading() as session:
        assert find_second_factor_state(session, account_id) is None


def test_the_account_of_an_inspector_is_made_with_its_last_day(
    database: Database, world: StaffWorld, contacts_url: str
) -> None:
    assert world
    run = make_runner(make_environment(database, contacts_url), "create-account")
    made = ("--username", "ins.pector", "--role", "inspector")

    without = run(*made, typed="quatre chevaux bleus\n")
    given = run(*made, "--until", "2099-06-30", typed="quatre chevaux bleus\n")

    assert (without.exit_code, "on which day" in without.stderr) == (2, True)
    assert given.exit_code == 0, given.stderr
    with database.reading() as session:
        account = find_account(session, "ins.pector")
        assert account is not None
        ends_at = session.scalars(select(StaffRole.ends_at).where(StaffRole.account_id == account.id)).one()
    assert ends_at is not None
    assert ends_at.isoformat() == "2099-06-30T22:00:00+00:00"
