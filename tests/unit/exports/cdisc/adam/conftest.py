import pytest
from release_world import small_release
from unit.exports.cdisc.adam.made_up_scores import interpret

from pro_app.exports.frames import Tables
from pro_app.exports.release import Release


@pytest.fixture(scope="session")
def analysed() -> tuple[Release, Tables]:
    """Give the small release as its protocol interprets it."""
    release, tables = small_release()
    return release, interpret(release, tables)
