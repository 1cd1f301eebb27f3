"""Random sessions while everything fails: what is stored is what was tapped, and a fault would be found."""

import asyncio

from chaos.faults import FAULTS
from chaos.running import Tally, run_chaos

SESSIONS = 50
SEED = 2026
FAULTY_SESSIONS = 3


def test_fifty_sessions_of_chaos_lose_and_double_nothing() -> None:
    tally = asyncio.run(run_chaos(range(1, SESSIONS + 1), seed=SEED))
    print(tally.summarise())  # noqa: T201 -- the count is what a failure has to be judged by
    assert tally.differences == []
    counts, fates = tally.counts, tally.fates
    assert counts["sessions"] == SESSIONS
    assert (counts["lost"], counts["doubled"]) == (0, 0)
    assert counts["operations"] > SESSIONS * 4
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
    assert counts["promises checked"] > SESSIONS


def test_chaos_finds_each_fault_that_is_planted() -> None:
    numbers = range(1, FAULTY_SESSIONS * len(FAULTS) + 1)
    faults = {number: list(FAULTS)[number % len(FAULTS)] for number in numbers}
    tally = asyncio.run(run_chaos(numbers, seed=SEED, faults=faults, patience_s=3))
    said = {name: " ".join(_list_words(tally, name, faults)) for name in FAULTS}
    assert "lost: tap" in said["erased-early"]
    assert "stored again" in said["new-names"]
    assert "not true" in said["early-promise"]


def _list_words(tally: Tally, fault: str, faults: dict[int, str]) -> list[str]:
    sessions = [f"session {number}:" for number, planted in faults.items() if planted == fault]
    return [words for words in tally.differences if words.startswith(tuple(sessions))]
