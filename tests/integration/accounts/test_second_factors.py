"""The second factor of staff on both databases, through the services alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import NOW, TEST_SECRET
from sqlalchemy import select
from staff_world import PASSWORD, SYSTEM, StaffWorld, build_staff_world

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.account_passwords import change_password
from pro_app.services.accounts import NewAccount, create_account_with_role
from pro_app.services.passwords import prepare_password
from pro_app.services.second_factors.proving import complete_sign_in, prove_by_app, prove_by_recovery_code
from pro_app.services.second_factors.records import find_second_factor_state
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.second_factors.sealing import seal_secret
from pro_app.services.second_factors.setting_up import renew_recovery_codes, set_up_second_factor
from pro_app.services.second_factors.showing import ShownCode, find_code_to_show
from pro_app.services.second_factors.totp import find_present_step, make_code, make_secret
from pro_app.services.second_person import ForeignChange, list_foreign_changes
from pro_app.services.staff_roles import grant_role
from pro_app.services.staff_sessions import StaffSignIn, find_staff_sign_in
from pro_app.services.staff_sign_in import prove_password, sign_in_staff, switch_role
from pro_app.settings import Settings
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.second_factors import RecoveryCode, SecondFactor

LATER = NOW + timedelta(minutes=5)
_OTHER = {"administrator": "coordinator", "coordinator": "administrator"}


@pytest.fixture
def world(database: Database) -> StaffWorld:
    return build_staff_world(database)


def sign_in(database: Database, username: str, now: datetime = NOW) -> tuple[str, StaffSignIn]:
    proof = prove_password(database, username=username, password=PASSWORD)
    with database.writing() as session:
        token = sign_in_staff(session, proof, now=now)
    return token, find(database, token, now)


def find(database: Database, token: str, now: datetime = NOW) -> StaffSignIn:
    found = find_staff_sign_in(database, token, now=now)
    assert found is not None
    return found


def set_up(
    database: Database, signed_in: StaffSignIn, secret: str, *, now: datetime = NOW
) -> tuple[str, list[str]]:
    sealed = seal_secret(secret, account_id=signed_in.account_id, secret_key=TEST_SECRET)
    typed = show(secret, now)
    with database.writing() as session:
        codes = set_up_second_factor(
            session, signed_in, sealed=sealed, typed=typed, secret_key=TEST_SECRET, now=now
        )
        return complete_sign_in(session, signed_in, kind="totp", now=now), codes


def show(secret: str, now: datetime, steps_ahead: int = 0) -> str:
    return make_code(secret, find_present_step(now) + steps_ahead)


def prove(database: Database, signed_in: StaffSignIn, typed: str, *, now: datetime) -> str:
    with database.writing() as session:
        return prove_by_app(session, signed_in, typed=typed, secret_key=TEST_SECRET, now=now)


def recover(database: Database, signed_in: StaffSignIn, typed: str, *, now: datetime) -> tuple[str, int]:
    with database.writing() as session:
        return prove_by_recovery_code(session, signed_in, typed=typed, secret_key=TEST_SECRET, now=now)


def _replace_password(database: Database, account_id: int, actor: Actor, *, now: datetime) -> None:
    with database.writing() as session:
        made = prepare_password("trois tortues vertes")
        change_password(session, account_id=account_id, password=made, actor=actor, now=now)


def _reset(database: Database, account_id: int, actor: Actor, *, now: datetime) -> None:
    with database.writing() as session:
        reset_second_factor(session, account_id=account_id, actor=actor, now=now)


def test_a_sign_in_is_complete_with_the_second_factor_and_has_another_token_then(
    database: Database, world: StaffWorld
) -> None:
    assert world
    old, signed_in = sign_in(database, "nurse")
    assert [signed_in.is_complete(is_required=required) for required in (True, False)] == [False, True]

    token, codes = set_up(database, signed_in, make_secret())

    assert find_staff_sign_in(database, old, now=NOW) is None
    assert find(database, token).is_complete(is_required=True)
    assert len(set(codes)) == 10
    _again, half = sign_in(database, "nurse")
    assert [half.is_complete(is_required=required) for required in (True, False)] == [False, False]


def test_a_code_is_good_once_and_no_earlier_one_after_it(database: Database, world: StaffWorld) -> None:
    assert world
    secret = make_secret()
    set_up(database, sign_in(database, "nurse")[1], secret)
    _token, half = sign_in(database, "nurse", LATER)

    token = prove(database, half, show(secret, LATER), now=LATER)

    assert find(database, token, LATER).second_factor_kind == "totp"
    _token, other = sign_in(database, "nurse", LATER)
    for typed in (show(secret, LATER), show(secret, LATER, -1)):
        with pytest.raises(InputRejected, match="used already"):
            prove(database, other, typed, now=LATER)
    assert prove(database, other, show(secret, LATER, 1), now=LATER)


def test_a_code_that_is_sent_twice_from_one_sign_in_leaves_nobody_outside(
    database: Database, world: StaffWorld
) -> None:
    assert world
    secret = make_secret()
    set_up(database, sign_in(database, "nurse")[1], secret)
    _token, half = sign_in(database, "nurse", LATER)

    prove(database, half, show(secret, LATER), now=LATER)
    token = prove(database, half, show(secret, LATER), now=LATER)

    assert find(database, token, LATER).is_complete(is_required=True)
    for typed, words in ((show(secret, LATER, -1), "used already"), ("000", "does not fit")):
        with pytest.raises(InputRejected, match=words):
            prove(database, half, typed, now=LATER)


def test_the_demonstration_shows_no_code_that_would_be_refused(
    database: Database, world: StaffWorld, settings: Settings
) -> None:
    account_id, demo = world.account_ids["nurse"], replace(settings, demo=True, secret_key=TEST_SECRET)
    secret, now = make_secret(), LATER + timedelta(seconds=7)
    set_up(database, sign_in(database, "nurse")[1], secret)

    def shown(at: datetime) -> ShownCode:
        with database.reading() as session:
            found = find_code_to_show(session, account_id, settings=demo, now=at)
        assert found is not None
        return found

    for _ in range(2):
        _token, half = sign_in(database, "nurse", now)
        assert prove(database, half, shown(now).code, now=now)
    _token, half = sign_in(database, "nurse", now)
    assert shown(now) == ShownCode("", 23)
    then = now + timedelta(seconds=23)
    assert prove(database, half, shown(then).code, now=then)


def test_an_app_that_is_set_up_by_a_form_sent_twice_shows_codes_that_work(
    database: Database, world: StaffWorld
) -> None:
    assert world
    secret = make_secret()
    _token, half = sign_in(database, "nurse")

    lost, _codes = set_up(database, half, secret)
    token, codes = set_up(database, half, secret)

    assert find_staff_sign_in(database, lost, now=NOW) is None
    assert find(database, token).is_complete(is_required=True)
    _token, again = sign_in(database, "nurse", LATER)
    assert recover(database, again, codes[0], now=LATER)[1] == 9
    with pytest.raises(NotPermitted):
        set_up(database, half, make_secret())


def test_a_wrong_code_and_that_of_somebody_else_open_nothing(database: Database, world: StaffWorld) -> None:
    assert world
    mine, theirs = make_secret(), make_secret()
    set_up(database, sign_in(database, "nurse")[1], mine)
    set_up(database, sign_in(database, "monitor")[1], theirs)
    token, half = sign_in(database, "nurse", LATER)

    for typed in ("", "123", show(theirs, LATER), show(mine, LATER, 3)):
        with pytest.raises(InputRejected, match="does not fit"):
            prove(database, half, typed, now=LATER)
    assert not find(database, token, LATER).is_complete(is_required=True)


def test_whoever_has_only_the_password_cannot_put_another_app_in_the_place(
    database: Database, world: StaffWorld
) -> None:
    assert world
    set_up(database, sign_in(database, "nurse")[1], make_secret())
    _token, half = sign_in(database, "nurse")

    with pytest.raises(NotPermitted):
        set_up(database, half, make_secret())


def test_another_app_takes_the_place_of_the_first_and_ends_the_other_sessions(
    database: Database, world: StaffWorld
) -> None:
    assert world
    old, new = make_secret(), make_secret()
    token, codes = set_up(database, sign_in(database, "nurse")[1], old)
    elsewhere, _half = sign_in(database, "nurse")

    set_up(database, find(database, token), new, now=LATER)

    assert find_staff_sign_in(database, elsewhere, now=LATER) is None
    _token, half = sign_in(database, "nurse", LATER)
    with pytest.raises(InputRejected):
        prove(database, half, show(old, LATER), now=LATER)
    with pytest.raises(InputRejected):
        recover(database, half, codes[0], now=LATER)
    assert prove(database, half, show(new, LATER, 1), now=LATER)


def test_a_recovery_code_opens_once_however_it_is_typed(database: Database, world: StaffWorld) -> None:
    assert world
    _token, codes = set_up(database, sign_in(database, "nurse")[1], make_secret())
    _token, half = sign_in(database, "nurse")

    token, left = recover(database, half, f" {codes[3].lower().replace('-', ' ')} ", now=LATER)

    assert left == 9
    assert find(database, token, LATER).second_factor_kind == "recovery_code"
    for typed in (codes[3], "", "0000-0000-00"):
        with pytest.raises(InputRejected):
            recover(database, half, typed, now=LATER)


def test_a_recovery_code_opens_no_other_account(database: Database, world: StaffWorld) -> None:
    assert world
    _token, codes = set_up(database, sign_in(database, "nurse")[1], make_secret())
    set_up(database, sign_in(database, "monitor")[1], make_secret())
    _token, half = sign_in(database, "monitor")

    with pytest.raises(InputRejected):
        recover(database, half, codes[0], now=NOW)


def test_new_recovery_codes_end_those_that_were_left(database: Database, world: StaffWorld) -> None:
    token, codes = set_up(database, sign_in(database, "nurse")[1], make_secret())
    actor = find(database, token).actor("x")
    with database.writing() as session:
        renewed = renew_recovery_codes(session, actor=actor, secret_key=TEST_SECRET, now=LATER)
    _token, half = sign_in(database, "nurse")

    with pytest.raises(InputRejected):
        recover(database, half, codes[0], now=LATER)
    assert recover(database, half, renewed[0], now=LATER)[1] == 9
    with database.writing() as session, pytest.raises(NotPermitted):
        renew_recovery_codes(session, actor=world.actor("monitor"), secret_key=TEST_SECRET, now=LATER)


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_database(
    database: Database, world: StaffWorld
) -> None:
    assert world
    secret = make_secret()
    _token, codes = set_up(database, sign_in(database, "nurse")[1], secret)

    with database.reading() as session:
        sealed = session.scalars(select(SecondFactor.secret_ciphertext)).one()
        digests = " ".join(session.scalars(select(RecoveryCode.code_digest)))
    assert secret.encode() not in sealed
    assert not any(code in digests or code.replace("-", "") in digests for code in codes)


def test_the_role_is_changed_without_another_code(database: Database, world: StaffWorld) -> None:
    token, _codes = set_up(database, sign_in(database, "nurse")[1], make_secret())
    with database.writing() as session:
        other = world.give_nurse_another_role(session, "monitor")
    with database.writing() as session:
        token = switch_role(session, find(database, token), staff_role_id=other, now=LATER)

    assert (find(database, token).role, find(database, token).second_factor_at) == ("monitor", NOW)


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
def test_a_reset_signs_out_everywhere_and_the_next_sign_in_sets_up_anew(
    database: Database, world: StaffWorld, role: str
) -> None:
    account_id = world.account_ids["nurse"]
    token, codes = set_up(database, sign_in(database, "nurse")[1], make_secret())
    with database.writing() as session:
        reset_second_factor(session, account_id=account_id, actor=world.actor(role), now=LATER)
        reset_second_factor(session, account_id=account_id, actor=world.actor(role), now=LATER)

    assert find_staff_sign_in(database, token, now=LATER) is None
    with database.reading() as session:
        assert find_second_factor_state(session, account_id) is None
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions.count("account.remove_factor") == 1
    _token, half = sign_in(database, "nurse", LATER)
    assert not half.has_second_factor
    with pytest.raises(InputRejected):
        recover(database, half, codes[0], now=LATER)
    assert set_up(database, half, make_secret(), now=LATER)


def test_who_may_reset_whose_second_factor(database: Database, world: StaffWorld) -> None:
    coordinator, administrator = world.actor("coordinator"), world.actor("administrator")
    elsewhere = replace(administrator, study_id=world.study_id + 1)
    for username in world.account_ids:
        set_up(database, sign_in(database, username)[1], make_secret())

    for actor, username, error in (
        (coordinator, "administrator", NotPermitted),
        (coordinator, "coordinator", InputRejected),
        (administrator, "administrator", InputRejected),
        (world.actor("monitor"), "nurse", NotPermitted),
        (world.actor("inspector"), "nurse", NotPermitted),
        (elsewhere, "nurse", NotFound),
    ):
        with database.writing() as session, pytest.raises(error):
            reset_second_factor(session, account_id=world.account_ids[username], actor=actor, now=NOW)
    with database.writing() as session:
        reset_second_factor(
            session, account_id=world.account_ids["coordinator"], actor=administrator, now=NOW
        )


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
def test_nobody_replaces_both_password_and_second_factor_of_one_account(
    database: Database, world: StaffWorld, role: str
) -> None:
    both, other = world.actor(role), world.actor(_OTHER[role])
    account_id, soon, a_day = world.account_ids["nurse"], NOW + timedelta(hours=23), timedelta(hours=24)
    set_up(database, sign_in(database, "nurse")[1], make_secret())
    _replace_password(database, account_id, both, now=NOW)

    with pytest.raises(InputRejected, match="less than 24 hours"):
        _reset(database, account_id, both, now=soon)
    with database.reading() as session:
        assert find_second_factor_state(session, account_id) is not None
    _reset(database, account_id, other, now=soon)
    with pytest.raises(InputRejected, match="less than 24 hours"):
        _replace_password(database, account_id, other, now=soon)
    _replace_password(database, account_id, both, now=soon)
    _replace_password(database, account_id, other, now=soon + a_day)
    _replace_password(database, account_id, SYSTEM, now=soon)


def test_whoever_made_an_account_does_not_reset_its_second_factor_the_same_day(
    database: Database, world: StaffWorld
) -> None:
    new = NewAccount("new.one", "New", "fr", "monitor", None)
    with database.writing() as session:
        made = prepare_password(PASSWORD)
        account_id = create_account_with_role(
            session, new, password=made, actor=world.actor("coordinator"), now=NOW
        ).id
    set_up(database, sign_in(database, "new.one")[1], make_secret())

    with pytest.raises(InputRejected, match="less than 24 hours"):
        _reset(database, account_id, world.actor("coordinator"), now=LATER)
    _reset(database, account_id, world.actor("administrator"), now=LATER)


def test_the_owner_is_told_what_somebody_else_replaced_and_when(
    database: Database, world: StaffWorld
) -> None:
    account_id = world.account_ids["nurse"]
    set_up(database, sign_in(database, "nurse")[1], make_secret())
    _replace_password(database, account_id, world.actor("nurse"), now=NOW)
    _replace_password(database, account_id, world.actor("coordinator"), now=LATER)
    _reset(database, account_id, SYSTEM, now=LATER)

    with database.reading() as session:
        told = list_foreign_changes(session, account_id, now=LATER)
        later = list_foreign_changes(session, account_id, now=LATER + timedelta(days=14))
    assert told == [
        ForeignChange("second_factor", LATER, None),
        ForeignChange("password", LATER, "Coordinator"),
    ]
    assert later == []


def test_every_step_stands_in_the_audit_trail_without_a_secret(database: Database, world: StaffWorld) -> None:
    secret = make_secret()
    token, codes = set_up(database, sign_in(database, "nurse")[1], secret)
    _token, half = sign_in(database, "nurse", LATER)
    recover(database, half, codes[0], now=LATER)
    with database.writing() as session:
        renew_recovery_codes(session, actor=world.actor("nurse"), secret_key=TEST_SECRET, now=LATER)

    assert token
    with database.reading() as session:
        entries, faults = verify_audit_trail(session)
        actions = set(session.scalars(select(AuditEntry.action)))
    assert (entries > 0, faults) == (True, [])
    assert actions >= {
        "account.add_factor",
        "account.prove_factor",
        "account.use_recovery_code",
        "account.make_recovery_codes",
    }


def test_an_inspector_is_out_at_the_first_request_after_the_last_day(
    database: Database, world: StaffWorld
) -> None:
    account_id, ends_at = world.account_ids["inspector"], NOW + timedelta(minutes=30)
    _give(database, world, "inspector", ends_at=ends_at)
    token, _signed_in = sign_in(database, "inspector")

    assert find(database, token, ends_at - timedelta(seconds=1)).role == "inspector"
    assert find_staff_sign_in(database, token, now=ends_at) is None
    with database.reading() as session:
        assert list_active_roles(session, at=ends_at, account_id=account_id) == []
        assert [r.ends_at for r in list_active_roles(session, at=NOW, account_id=account_id)] == [ends_at]


def test_the_same_role_once_more_changes_its_end_and_nothing_else(
    database: Database, world: StaffWorld
) -> None:
    first = _give(database, world, "monitor", ends_at=NOW + timedelta(days=3))
    assert _give(database, world, "monitor", ends_at=NOW + timedelta(days=9)) == first
    assert _give(database, world, "monitor", ends_at=None) == first

    with database.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("account.change_role") == 3


@pytest.mark.parametrize(
    ("role", "ends_at"),
    [
        ("inspector", None),
        ("inspector", NOW),
        ("monitor", NOW - timedelta(days=1)),
        ("statistician", datetime(2027, 1, 1, tzinfo=UTC)),
        ("administrator", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_end_that_does_not_fit_the_role_is_refused_at_its_field(
    database: Database, world: StaffWorld, role: str, *, ends_at: datetime | None
) -> None:
    with pytest.raises(InputRejected) as refused:
        _give(database, world, role, ends_at=ends_at)

    assert [problem.place for problem in refused.value.problems] == ["last_on"]


@pytest.mark.parametrize("role", ["administrator", "coordinator"])
def test_a_coordinator_makes_no_administrator_and_no_coordinator(
    database: Database, world: StaffWorld, role: str
) -> None:
    with database.writing() as session, pytest.raises(NotPermitted):
        grant_role(
            session,
            account_id=world.account_ids["nurse"],
            study_id=world.study_id,
            role=role,
            site_id=None,
            actor=world.actor("coordinator"),
            now=NOW,
        )


def _give(database: Database, world: StaffWorld, role: str, *, ends_at: datetime | None) -> int:
    with database.writing() as session:
        return grant_role(
            session,
            account_id=world.account_ids[role],
            study_id=world.study_id,
            role=role,
            site_id=None,
            actor=world.actor("administrator"),
            now=NOW,
            ends_at=ends_at,
        ).id
