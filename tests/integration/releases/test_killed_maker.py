"""SIGKILL in the middle of making a release: nothing is half done, and the next one makes it anew."""

from datetime import timedelta
from pathlib import Path

import pytest
from making_world import MakingWorld, start_maker

from pro_app.clock import system_clock
from pro_app.services.releases.lease import LEASE


@pytest.mark.parametrize("stop_at", ["read", "sdtm", "archive"])
def test_a_killed_maker_leaves_nothing_and_the_release_is_made_anew(
    world: MakingWorld, database_url: str, stop_at: str
) -> None:
    world.answer_baseline()
    world.request()
    maker = start_maker(database_url, world.folder, stop_at=stop_at)
    try:
        assert maker.stdout is not None
        assert maker.stdout.readline().strip() == stop_at
    finally:
        maker.kill()
        maker.communicate()

    left = world.load()
    assert (left.state, left.made_at, left.archive_sha256) == ("making", None, None)
    assert world.claim(now=system_clock()) is None
    assert [path for path in world.folder.rglob("*.zip") if is_published(path)] == []

    made = world.make_next(now=system_clock() + LEASE + timedelta(seconds=1))

    assert made.state == "made"
    assert world.archive().stat().st_size == made.archive_size
    assert sorted(path.name for path in world.folder.iterdir()) == ["reluth"]


def is_published(path: Path) -> bool:
    return path.parent.name == "reluth"
