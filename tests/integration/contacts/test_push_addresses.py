import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from conftest import TEST_SECRET
from sqlalchemy import text

from pro_app.contacts.push_addresses import (
    MOST_BROWSERS,
    find_address_key,
    forget_push_address,
    forget_push_addresses_of,
    list_push_addresses,
    save_push_address,
)
from pro_app.contacts.vault import Contact, ContactVault
from pro_app.storage.database import open_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def vault(contacts_url: str) -> Iterator[ContactVault]:
    opened = ContactVault(open_database(contacts_url), TEST_SECRET)
    yield opened
    opened.database.engine.dispose()


def subscription(number: int) -> str:
    return json.dumps({"endpoint": f"https://push.example/{number}", "keys": {"auth": "a", "p256dh": "p"}})


def saved(vault: ContactVault, contact_ref: str) -> list[str]:
    return [known.subscription_json for known in list_push_addresses(vault, contact_ref)]


def test_browsers_are_listed_latest_first_and_each_person_has_their_own(vault: ContactVault) -> None:
    save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "anna", subscription(2), now=NOW + timedelta(minutes=1))
    save_push_address(vault, "berta", subscription(3), now=NOW)

    assert saved(vault, "anna") == [subscription(2), subscription(1)]
    assert saved(vault, "berta") == [subscription(3)]


def test_saving_the_same_browser_again_adds_none_and_keeps_the_newest_keys(vault: ContactVault) -> None:
    renewed = json.dumps({"endpoint": "https://push.example/1", "keys": {"auth": "b", "p256dh": "q"}})
    save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "anna", renewed, now=NOW)

    assert saved(vault, "anna") == [renewed]


def test_a_browser_shows_only_the_messages_of_whoever_switched_them_on_there_last(
    vault: ContactVault,
) -> None:
    save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "berta", subscription(1), now=NOW)

    assert (saved(vault, "anna"), saved(vault, "berta")) == ([], [subscription(1)])


def test_the_sixth_browser_takes_the_place_of_the_one_heard_of_longest_ago(vault: ContactVault) -> None:
    for number in range(1, MOST_BROWSERS + 1):
        save_push_address(vault, "anna", subscription(number), now=NOW + timedelta(minutes=number))
    save_push_address(vault, "anna", subscription(1), now=NOW + timedelta(hours=1))

    save_push_address(vault, "anna", subscription(6), now=NOW + timedelta(hours=2))

    assert saved(vault, "anna") == [subscription(number) for number in (6, 1, 5, 4, 3)]


def test_a_browser_is_forgotten_by_its_key(vault: ContactVault) -> None:
    gone = save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "anna", subscription(2), now=NOW)

    forget_push_address(vault, gone.address_key)

    assert saved(vault, "anna") == [subscription(2)]


def test_a_person_can_forget_one_own_browser_or_all_and_nobody_elses(vault: ContactVault) -> None:
    for number in (1, 2, 3):
        save_push_address(vault, "anna", subscription(number), now=NOW)
    save_push_address(vault, "berta", subscription(4), now=NOW)
    of_berta = find_address_key(vault, "https://push.example/4")
    own = find_address_key(vault, "https://push.example/1")

    assert forget_push_addresses_of(vault, "anna", address_key=of_berta) == 3
    assert forget_push_addresses_of(vault, "anna", address_key=own) == 2
    assert forget_push_addresses_of(vault, "anna") == 0
    assert saved(vault, "berta") == [subscription(4)]


def test_neither_the_address_nor_its_keys_can_be_read_in_the_store(vault: ContactVault) -> None:
    known = save_push_address(vault, "anna", subscription(1), now=NOW)

    with vault.database.reading() as session:
        row = session.execute(text("SELECT * FROM push_addresses")).one()

    assert "push.example" not in repr(tuple(row))
    assert "push.example" not in repr(known)


def test_what_is_known_of_a_person_is_deleted_with_the_browsers(vault: ContactVault) -> None:
    vault.save("anna", Contact("a@example.fr", None), now=NOW)
    save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "berta", subscription(2), now=NOW)

    vault.delete("anna")

    assert (saved(vault, "anna"), saved(vault, "berta")) == ([], [subscription(2)])


def test_a_reference_with_nothing_but_a_browser_can_be_swept_once_it_is_old(vault: ContactVault) -> None:
    vault.save("anna", Contact("a@example.fr", None), now=NOW - timedelta(days=1))
    save_push_address(vault, "anna", subscription(1), now=NOW)
    save_push_address(vault, "berta", subscription(2), now=NOW - timedelta(days=1))

    assert vault.list_refs_saved_before(NOW) == {"berta"}
    assert vault.list_refs_saved_before(NOW + timedelta(seconds=1)) == {"anna", "berta"}
