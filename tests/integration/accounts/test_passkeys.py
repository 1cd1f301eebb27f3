import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from conftest import NOW
from passkey_world import SoftwareKey
from sqlalchemy import select
from staff_world import EARLIER, PASSWORD, SYSTEM, StaffWorld, build_staff_world

from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.second_factors.passkey_party import RelyingParty
from pro_app.services.second_factors.passkey_records import (
    CHALLENGE_LIFE,
    KnownPasskey,
    list_passkeys,
    remove_passkey,
)
from pro_app.services.second_factors.passkeys import (
    MOST_PASSKEYS,
    add_passkey,
    begin_adding,
    begin_proving,
    prove_by_passkey,
)
from pro_app.services.second_factors.proving import complete_sign_in
from pro_app.services.second_factors.records import TOTP
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.second_factors.setting_up import add_second_factor
from pro_app.services.staff_sessions import StaffSignIn, find_staff_sign_in
from pro_app.services.staff_sign_in import prove_password, sign_in_staff
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries_since
from pro_app.storage.tables.passkeys import Passkey, PasskeyChallenge

ORIGIN = "http://localhost:8000"
PARTY = RelyingParty("localhost", ORIGIN)


@dataclass
class Nurse:
    """A nurse with an app, whose sign-ins go as far as they are taken."""

    database: Database
    world: StaffWorld

    @property
    def account_id(self) -> int:
        """Give the key of the account."""
        return self.world.account_ids["nurse"]

    def sign_in(self, username: str = "nurse") -> StaffSignIn:
        """Prove the password alone."""
        proof = prove_password(self.database, username=username, password=PASSWORD)
        with self.database.writing() as session:
            token = sign_in_staff(session, proof, now=NOW)
        return self.find(token)

    def find(self, token: str) -> StaffSignIn:
        """Find the living session of a token."""
        found = find_staff_sign_in(self.database, token, now=NOW)
        assert found is not None
        return found

    def go_through(self) -> StaffSignIn:
        """Prove password and app."""
        half = self.sign_in()
        with self.database.writing() as session:
            token = complete_sign_in(session, half, kind=TOTP, now=NOW)
        return self.find(token)

    def ask_to_add(self, sign_in: StaffSignIn) -> str:
        """Give the options of adding."""
        with self.database.writing() as session:
            return begin_adding(session, sign_in, party=PARTY, now=NOW)

    def keep(
        self, sign_in: StaffSignIn, answer: str, *, label: str = "Bureau", after: timedelta = timedelta(0)
    ) -> KnownPasskey:
        """Keep what a browser answered."""
        with self.database.writing() as session:
            return add_passkey(session, sign_in, answer=answer, label=label, party=PARTY, now=NOW + after)

    def add(self, key: SoftwareKey) -> KnownPasskey:
        """Add a passkey the way it is done."""
        sign_in = self.go_through()
        return self.keep(sign_in, key.make(self.ask_to_add(sign_in), origin=ORIGIN))

    def ask_to_prove(self, half: StaffSignIn) -> str:
        """Give the options of proving."""
        with self.database.writing() as session:
            return begin_proving(session, half, party=PARTY, now=NOW)

    def prove(self, half: StaffSignIn, answer: str, *, after: timedelta = timedelta(0)) -> StaffSignIn:
        """Complete a sign-in; what is refused is kept, as a page that says so commits."""
        refused: InputRejected | None = None
        token = ""
        with self.database.writing() as session:
            try:
                token = prove_by_passkey(session, half, answer=answer, party=PARTY, now=NOW + after)
            except InputRejected as rejected:
                refused = rejected
        if refused is not None:
            raise refused
        return self.find(token)


@pytest.fixture
def nurse(database: Database) -> Nurse:
    world = build_staff_world(database)
    with database.writing() as session:
        for role in ("nurse", "monitor"):
            add_second_factor(session, world.account_ids[role], sealed=b"x", last_step=0, now=EARLIER)
    return Nurse(database, world)


def test_a_passkey_completes_the_sign_in_under_another_token_and_counts_its_uses(nurse: Nurse) -> None:
    key = SoftwareKey()
    nurse.add(key)
    half = nurse.sign_in()
    assert not half.is_complete(is_required=True)

    whole = nurse.prove(half, key.sign(nurse.ask_to_prove(half), origin=ORIGIN))

    assert whole.is_complete(is_required=True)
    assert whole.second_factor_kind == "passkey"
    with nurse.database.reading() as session:
        (known,) = list_passkeys(session, nurse.account_id)
        assert session.scalars(select(Passkey.sign_count)).one() == key.count == 1
        assert session.scalars(select(PasskeyChallenge)).all() == []
        actions = [
            (entry.action, entry.items)
            for entry in list_entries_since(
                session,
                actions=["account.add_passkey", "account.prove_factor"],
                subject_ref=f"account:{nurse.account_id}",
                since=EARLIER,
            )
        ]
    assert (known.label, known.used_at) == ("Bureau", NOW)
    assert actions[0] == (
        "account.prove_factor",
        ({"field": "second_factor", "before": None, "after": "passkey"},),
    )
    assert actions[1][0] == "account.add_passkey"


def test_an_answer_counts_once_also_where_the_key_does_not_count(nurse: Nurse) -> None:
    key = SoftwareKey(counts=False)
    nurse.add(key)
    half = nurse.sign_in()
    answer = key.sign(nurse.ask_to_prove(half), origin=ORIGIN)
    nurse.prove(half, answer)
    for again in (half, nurse.sign_in()):
        with pytest.raises(InputRejected):
            nurse.prove(again, answer)
    other = nurse.sign_in()
    nurse.ask_to_prove(other)
    with pytest.raises(InputRejected):
        nurse.prove(other, answer)


def test_a_refused_answer_uses_the_question_up(nurse: Nurse) -> None:
    key = SoftwareKey()
    nurse.add(key)
    half = nurse.sign_in()
    options = nurse.ask_to_prove(half)
    with pytest.raises(InputRejected):
        nurse.prove(half, key.sign(options, origin="https://localhost.evil.example"))
    with pytest.raises(InputRejected):
        nurse.prove(half, key.sign(options, origin=ORIGIN))


Answer = Callable[[SoftwareKey, str], str]


@pytest.mark.parametrize(
    "answer",
    [
        lambda key, options: key.sign(options, origin="http://localhost:9000"),
        lambda key, options: key.sign(options, origin="https://localhost"),
        lambda key, options: key.sign(options, origin=ORIGIN, host="evil.example"),
        lambda key, options: key.make(options, origin=ORIGIN),
        lambda key, _options: key.sign(json.dumps({"challenge": "AAAA"}), origin=ORIGIN),
        lambda key, options: SoftwareKey(credential_id=key.credential_id, count=9).sign(
            options, origin=ORIGIN
        ),
        lambda _key, options: SoftwareKey().sign(options, origin=ORIGIN),
        lambda _key, _options: "",
        lambda _key, _options: "[]",
        lambda _key, _options: '{"id": 1, "rawId": [], "type": null, "response": {}}',
        lambda _key, _options: "[" * 100_000,
        lambda key, options: key.sign(options, origin=ORIGIN).replace('"signature": "', '"signature": "AA'),
    ],
    ids=[
        "another port",
        "another scheme",
        "another host",
        "a key made instead",
        "another question",
        "another private key",
        "an unknown passkey",
        "nothing",
        "a list",
        "wrong types",
        "brackets",
        "a false signature",
    ],
)
def test_every_false_answer_is_refused_in_the_same_words(nurse: Nurse, answer: Answer) -> None:
    key = SoftwareKey()
    nurse.add(key)
    half = nurse.sign_in()
    with pytest.raises(InputRejected) as refused:
        nurse.prove(half, answer(key, nurse.ask_to_prove(half)))
    (problem,) = refused.value.problems
    assert problem.message.startswith("The passkey could not be used.")


def test_a_passkey_that_counts_backwards_has_been_copied_and_is_refused(nurse: Nurse) -> None:
    key = SoftwareKey(count=41)
    nurse.add(key)
    half = nurse.sign_in()
    copy = SoftwareKey(private=key.private, credential_id=key.credential_id, count=40)
    with pytest.raises(InputRejected):
        nurse.prove(half, copy.sign(nurse.ask_to_prove(half), origin=ORIGIN))
    nurse.prove(half, key.sign(nurse.ask_to_prove(half), origin=ORIGIN))


def test_a_question_is_answered_within_five_minutes(nurse: Nurse) -> None:
    key = SoftwareKey()
    nurse.add(key)
    half = nurse.sign_in()
    with pytest.raises(InputRejected):
        nurse.prove(half, key.sign(nurse.ask_to_prove(half), origin=ORIGIN), after=CHALLENGE_LIFE)


def test_nobody_signs_in_with_the_passkey_of_somebody_else(nurse: Nurse) -> None:
    key = SoftwareKey()
    nurse.add(key)
    monitor = nurse.sign_in("monitor")
    with pytest.raises(NotFound):
        nurse.ask_to_prove(monitor)


def test_a_passkey_is_made_by_whoever_has_gone_through_and_has_an_app(nurse: Nurse) -> None:
    with pytest.raises(NotPermitted):
        nurse.ask_to_add(nurse.sign_in())
    sign_in = nurse.go_through()
    options = nurse.ask_to_add(sign_in)
    with pytest.raises(InputRejected):
        nurse.keep(sign_in, SoftwareKey().make(options, origin=ORIGIN), after=CHALLENGE_LIFE)
    for label in ("", "a\nb", "x" * 101):
        with pytest.raises(InputRejected):
            nurse.keep(sign_in, SoftwareKey().make(nurse.ask_to_add(sign_in), origin=ORIGIN), label=label)
    with pytest.raises(InputRejected):
        nurse.keep(sign_in, SoftwareKey().make(nurse.ask_to_add(sign_in), origin="http://evil.example"))
    with nurse.database.reading() as session:
        assert list_passkeys(session, nurse.account_id) == []


def test_the_same_passkey_is_kept_once_and_there_are_so_many_at_most(nurse: Nurse) -> None:
    key = SoftwareKey()
    nurse.add(key)
    with pytest.raises(InputRejected):
        nurse.add(key)
    for _ in range(MOST_PASSKEYS - 1):
        nurse.add(SoftwareKey())
    with pytest.raises(InputRejected):
        nurse.add(SoftwareKey())


def test_a_removed_passkey_opens_nothing_and_only_its_owner_removes_it(nurse: Nurse) -> None:
    key = SoftwareKey()
    made = nurse.add(key)
    half = nurse.sign_in()
    answer = key.sign(nurse.ask_to_prove(half), origin=ORIGIN)
    with pytest.raises(NotFound), nurse.database.writing() as session:
        remove_passkey(session, made.passkey_id, actor=nurse.world.actor("monitor"), now=NOW)
    with nurse.database.writing() as session:
        assert remove_passkey(session, made.passkey_id, actor=nurse.world.actor("nurse"), now=NOW) == "Bureau"
    with pytest.raises(InputRejected):
        nurse.prove(half, answer)
    with pytest.raises(NotFound):
        nurse.ask_to_prove(half)


def test_a_reset_removes_the_passkeys_too(nurse: Nurse) -> None:
    nurse.add(SoftwareKey())
    with nurse.database.writing() as session:
        reset_second_factor(session, account_id=nurse.account_id, actor=SYSTEM, now=NOW)
    with nurse.database.reading() as session:
        assert list_passkeys(session, nurse.account_id) == []
