"""Random sessions while everything fails: what is stored is what was tapped, and a fault would be found."""

import asyncio

from chaos.faults import FAULTS
from chaos.running import Tally, run_chaos

SESSIONS = 50
SEED = 2026
MOST_ROUNDS = 4
LATE_STORES = 8
FOUND_BY = {"erased-early": "lost: tap", "new-names": "stored again", "early-promise": "not true"}
"""What the chaos says of each fault that is planted."""


def test_fifty_sessions_of_chaos_lose_and_double_nothing() -> None:
    tally = asyncio.run(run_chaos(range(1, SESSIONS + 1), seed=SEED))
    print(tally.summarise())  # noqa: T201 -- the count is what a failure has to be judged by
    assert tally.differences == []
    counts, fates = tally.counts, tally.fates
    assert counts["sessions"] == SESSIONS
    assert (counts["lost"], counts["doubled"]) == (0, 0)
    assert counts["operations"] > SESSIONS * 3
    for happened in (
        "server killed",
        "tabs killed",
        "wrong clocks",
        "PINs typed",
        "two devices",
        "two tabs",
        "sent",
    ):
        assert counts[happened], happened
    assert min(fates["lost"], fates["reply_lost"]) > SESSIONS
    assert counts["promises checked"] > SESSIONS // 5
    assert counts["told to keep the page open"] * 50 <= counts["taps"]  # who promises nothing breaks nothing


def test_chaos_loses_nothing_where_the_phone_s_store_opens_late() -> None:
    faults = dict.fromkeys(range(1, LATE_STORES + 1), "late-store")
    tally = asyncio.run(run_chaos([*faults], seed=SEED, faults=faults))
    print(tally.summarise())  # noqa: T201 -- as above
    assert tally.differences == []
    assert tally.counts["told to keep the page open"]


def test_chaos_finds_each_fault_that_is_planted() -> None:
    assert set(FOUND_BY) == set(FAULTS)
    missed = dict(FOUND_BY)
    for attempt in range(MOST_ROUNDS):  # what a single session meets is left to chance
        faults = dict(enumerate(missed, start=1 + attempt * len(FAULTS)))
        tally = asyncio.run(run_chaos([*faults], seed=SEED, faults=faults, patience_s=3, tell=_keep_quiet))
        for name in faults.values():
            if FOUND_BY[name] in " ".join(_list_words(tally, name, faults)):
                del missed[name]
        if not missed:
            break
    assert not missed


def _list_words(tally: Tally, fault: str, faults: dict[int, str]) -> list[str]:
    sessions = [f"session {number}:" for number, planted in faults.items() if planted == fault]
    return [words for words in tally.differences if words.startswith(tuple(sessions))]


def _keep_quiet(_words: str) -> None:
    """Take the differences, which are wanted here."""
