from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import NOW

from pro_app.errors import TryLater
from pro_app.services.throttle import (
    FREE_TRIES,
    FREE_TRIES_OF_A_SOURCE,
    LONGEST_WAIT,
    count_tries,
    forget_tries,
    source_key,
)
from pro_app.storage.database import Database


def use_up(database: Database, key: str) -> None:
    for _ in range(FREE_TRIES):
        count_tries(database, key, now=NOW)


def test_five_tries_are_free_and_the_sixth_has_to_wait(database: Database) -> None:
    use_up(database, "account")

    with pytest.raises(TryLater) as wait:
        count_tries(database, "account", now=NOW)
    assert wait.value.seconds == 60
    count_tries(database, "another account", now=NOW)


def test_waits_grow_up_to_a_quarter_of_an_hour_and_never_for_good(database: Database) -> None:
    use_up(database, "account")
    now, waits = NOW, []
    for _ in range(60):
        with pytest.raises(TryLater) as wait:
            count_tries(database, "account", now=now)
        waits.append(timedelta(seconds=wait.value.seconds))
        now += waits[-1]
        count_tries(database, "account", now=now)

    assert waits[:4] == [timedelta(minutes=m) for m in (1, 2, 4, 8)]
    assert max(waits) == waits[-1] == LONGEST_WAIT


def test_a_good_sign_in_forgets_the_tries_before_it(database: Database) -> None:
    use_up(database, "account")
    with database.writing() as session:
        forget_tries(session, "account")

    count_tries(database, "account", now=NOW)


def test_twenty_tries_at_once_count_as_twenty(database: Database) -> None:
    def guess(_number: int) -> bool:
        try:
            count_tries(database, "account", now=NOW)
        except TryLater:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        allowed = sum(pool.map(guess, range(20)))

    assert allowed == FREE_TRIES


def test_a_ward_shares_one_address_and_waits_a_minute_at_most(database: Database) -> None:
    source = source_key("192.0.2.1")
    for number in range(FREE_TRIES_OF_A_SOURCE):
        count_tries(database, f"account:{number}", source, now=NOW)
    with database.writing() as session:
        forget_tries(session, "account:1", source)

    with pytest.raises(TryLater) as wait:
        count_tries(database, "another account", source, now=NOW)
    assert wait.value.seconds <= 60
    for minute in range(1, 4):
        for number in range(FREE_TRIES_OF_A_SOURCE):
            count_tries(database, f"account:{minute}:{number}", source, now=NOW + timedelta(minutes=minute))


def test_a_blocked_source_does_not_use_up_the_tries_of_an_account(database: Database) -> None:
    source = source_key("192.0.2.1")
    for number in range(FREE_TRIES_OF_A_SOURCE):
        count_tries(database, f"account:{number}", source, now=NOW)
    for _ in range(FREE_TRIES):
        with pytest.raises(TryLater):
            count_tries(database, "own account", source, now=NOW)

    count_tries(database, "own account", source_key("192.0.2.2"), now=NOW)
