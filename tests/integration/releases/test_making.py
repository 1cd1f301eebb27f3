"""A release on each database: what is in it, that it never changes, and that nothing is half done."""

import hashlib
import json
import re
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from making_world import CUT_OFF, LATER, REASON, MakingWorld
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pro_app.audit.verification import verify_audit_trail
from pro_app.exports.making.workplace import report_nothing
from pro_app.exports.tables.catalogue import TABLES
from pro_app.services.releases.freeze import ScoresDisagree, freeze_source
from pro_app.services.releases.lease import LEASE, LeaseKeeper
from pro_app.services.releases.make import MOST_DETAILS, make_due_releases, make_release
from pro_app.services.releases.records import ReleaseRecord
from pro_app.storage.database import Database

FOLDERS = {
    "tables/csv", "tables/parquet", "tables/spss", "tables/stata", "cdisc/sdtm", "cdisc/adam", "cdisc/odm",
    "fhir", "codebook", "programs", "definitions/protocols", "definitions/instruments", ".",
}  # fmt: skip


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_a_release_holds_every_table_in_every_format_and_says_what_is_in_it(
    sqlite_world: MakingWorld,
) -> None:
    sqlite_world.answer_baseline()

    made = sqlite_world.make(purpose="final")

    listed = names(sqlite_world.archive())
    assert made.state == "made"
    assert listed[:3] == ["README.html", "manifest.json", "release.json"]
    assert {str(Path(name).parent) for name in listed} == FOLDERS
    for folder, suffix in (("csv", "csv"), ("parquet", "parquet"), ("spss", "sav"), ("stata", "dta")):
        for table in TABLES:
            assert f"tables/{folder}/{table.name}.{suffix}" in listed
    manifest = json.loads(sqlite_world.read("manifest.json"))
    assert (manifest["format"], manifest["number"]) == ("pro-app release 1", 1)
    assert (manifest["reason"], manifest["purpose"]) == (REASON, "final")
    assert manifest["made_by"] == "account:1 (statistician)"
    assert [file["name"] for file in manifest["files"]] == [n for n in listed if n != "manifest.json"]
    for file in manifest["files"]:
        content = sqlite_world.read(file["name"])
        assert (file["sha256"], file["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    rows = {file["name"]: file["rows"] for file in manifest["files"]}
    assert rows["tables/csv/items.csv"] == rows["tables/parquet/items.parquet"] == made.row_counts["items"]
    assert rows["cdisc/sdtm/dm.xpt"] == 1


def test_the_database_knows_the_file_and_nobody_can_change_either(world: MakingWorld) -> None:
    world.answer_baseline()
    made = world.make()

    content = world.archive().read_bytes()
    assert (made.archive_sha256, made.archive_size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (made.cut_off_at, made.made_at) == (CUT_OFF, CUT_OFF)
    for statement in (
        "UPDATE data_releases SET reason = 'another one'",
        "UPDATE data_releases SET archive_sha256 = 'x'",
        "UPDATE data_releases SET made_at = NULL",
        "DELETE FROM data_releases",
    ):
        with (
            pytest.raises(DBAPIError, match="never changes"),
            world.database.writing() as session,
        ):
            session.execute(text(statement))
    assert world.load() == made


def test_every_step_is_in_an_intact_audit_trail(world: MakingWorld) -> None:
    world.make()

    with world.database.reading() as session:
        actions = session.scalars(
            text("SELECT action FROM audit_entries WHERE action LIKE 'release.%' ORDER BY id")
        ).all()
        assert verify_audit_trail(session)[1] == []
    assert actions == ["release.request", "release.start", "release.make"]


def test_an_empty_trial_can_be_released(sqlite_world: MakingWorld) -> None:
    made = sqlite_world.make()

    assert made.state == "made"
    assert made.row_counts["participants"] == 0
    assert pl.read_parquet(sqlite_world.read("tables/parquet/items.parquet")).height == 0
    assert "empty_trial" in pl.read_parquet(sqlite_world.read("tables/parquet/remarks.parquet"))["code"]


def test_a_participant_without_any_answer_is_in_the_release_and_remarked(sqlite_world: MakingWorld) -> None:
    sqlite_world.clinic.enrol(CUT_OFF.date(), participant_code="15-009")

    sqlite_world.make()

    remarks = pl.read_parquet(sqlite_world.read("tables/parquet/remarks.parquet"))
    assert ("15-009", "no_answer") in remarks.select("participant_code", "code").rows()


def test_the_first_page_warns_of_placeholder_wording_before_anything_else(sqlite_world: MakingWorld) -> None:
    sqlite_world.make()

    page = sqlite_world.read("README.html").decode()
    assert page.index("Textes provisoires") < page.index("À savoir") < page.index("<h2>Ce gel</h2>")
    assert page.index("Placeholder wording") < page.index("To know before using")
    assert "&lt;tags&gt;" in page
    assert page.index('lang="fr">\n<h1') < page.index('lang="en">\n<h1')


def test_no_wording_pack_is_in_the_definitions_and_each_is_named_by_its_hash(
    sqlite_world: MakingWorld,
) -> None:
    sqlite_world.make()

    kept = [name for name in names(sqlite_world.archive()) if name.startswith("definitions/")]
    assert sorted(kept) == [
        "definitions/instruments/qlq-c30-3.0.yaml",
        "definitions/instruments/qlq-ginet21-1.0.yaml",
        "definitions/protocols/reluth-1.0.yaml",
    ]
    described = json.loads(sqlite_world.read("release.json"))
    hashes = {used["sha256"] for used in described["used_wordings"]}
    assert all(set(worded["wordings"].values()) <= hashes for worded in described["instruments"])


def test_scores_that_disagree_refuse_the_release_with_the_list(world: MakingWorld) -> None:
    world.answer_baseline()
    with world.database.writing() as session:
        session.execute(text("UPDATE scores SET value = value + 1 WHERE scale_code = 'PF2'"))

    refused = world.make()

    assert (refused.state, refused.failure_code) == ("failed", "scores_disagree")
    assert any("15-001" in line and "PF2" in line for line in refused.failure_details)
    assert not world.archive().exists()
    assert world.make(now=LATER).number == 2


def test_a_leased_release_is_nobody_else_s_until_the_lease_is_over(world: MakingWorld) -> None:
    world.request()
    first = world.claim()

    assert world.claim(now=CUT_OFF + LEASE) is None
    second = world.claim(now=CUT_OFF + LEASE + timedelta(seconds=1))

    assert first is not None
    assert second is not None
    assert second.number == first.number
    assert second.token != first.token


def test_who_lost_the_lease_changes_nothing_any_more(world: MakingWorld) -> None:
    world.request()
    slow = world.claim()
    assert slow is not None
    made = world.make_next(now=LATER)
    content = world.archive().read_bytes()

    given = make_release(
        world.database, slow, folder=world.folder, actor=world.statistician, clock=lambda: LATER
    )

    assert given == made == world.load()
    assert world.archive().read_bytes() == content


def test_what_goes_wrong_is_recorded_and_raised(sqlite_world: MakingWorld) -> None:
    sqlite_world.request()
    sqlite_world.folder.write_text("a file where the folder should be")

    with pytest.raises(FileExistsError):
        sqlite_world.make_next()

    assert (sqlite_world.load().state, sqlite_world.load().failure_code) == ("failed", "error")
    assert sqlite_world.load().failure_details == ("FileExistsError: File exists",)


def test_all_that_waits_is_made_one_after_the_other(sqlite_world: MakingWorld) -> None:
    sqlite_world.request()
    sqlite_world.request()

    ended = make_due_releases(
        sqlite_world.database,
        folder=sqlite_world.folder,
        actor=sqlite_world.statistician,
        clock=lambda: CUT_OFF,
    )

    assert ended == 2
    assert [sqlite_world.load(number).state for number in (1, 2)] == ["made", "made"]
    assert sorted(path.name for path in sqlite_world.folder.rglob("*")) == ["1.zip", "2.zip", "reluth"]


def test_a_release_that_ends_its_makers_is_given_up(world: MakingWorld) -> None:
    world.request()
    world.request()
    now = CUT_OFF
    for _ in range(3):
        begun = world.claim(now=now)
        assert begun is not None
        assert begun.number == 1
        now += LEASE + timedelta(seconds=1)

    following = world.claim(now=now)

    assert following is not None
    assert following.number == 2
    assert (world.load().state, world.load().failure_code) == ("failed", "gave_up")


def test_of_many_differences_the_first_are_kept_and_all_are_counted(
    sqlite_world: MakingWorld, tmp_path: Path
) -> None:
    for line in range(10):
        sqlite_world.answer_baseline(f"15-{line:03}", line=line)
    with sqlite_world.database.writing() as session:
        session.execute(text("UPDATE scores SET value = value + 1, raw = raw + 1"))
    sqlite_world.request()
    claim = sqlite_world.claim()
    assert claim is not None

    with pytest.raises(ScoresDisagree) as refused:
        freeze_source(sqlite_world.database, claim, folder=tmp_path, progress=report_nothing)

    assert len(refused.value.lines) == MOST_DETAILS + 1
    assert re.fullmatch(r"and \d+ more", refused.value.lines[-1])


def test_nobody_but_the_app_s_own_user_can_read_or_change_a_release(sqlite_world: MakingWorld) -> None:
    sqlite_world.folder.mkdir(mode=0o755)
    sqlite_world.make()

    place = sqlite_world.archive()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (sqlite_world.folder, place.parent, place)]
    assert modes == [0o700, 0o700, 0o400]


def test_a_lease_is_renewed_and_the_progress_told_though_one_write_fails(sqlite_world: MakingWorld) -> None:
    sqlite_world.request()
    claim = sqlite_world.claim()
    assert claim is not None
    later = CUT_OFF + LEASE - timedelta(seconds=1)
    stumbling = StumblingDatabase(sqlite_world.database.engine)
    keeper = LeaseKeeper(stumbling, claim, lambda: later, look_every_seconds=0.01)
    keeper.report("sdtm", 40, 100)
    thread = Thread(target=keeper.keep)
    thread.start()
    try:
        wait_until(lambda: sqlite_world.load().progress == ("sdtm", 40, 100))
    finally:
        keeper.stop()
        thread.join()

    assert stumbling.fell
    assert sqlite_world.claim(now=later + LEASE) is None
    assert sqlite_world.claim(now=later + LEASE + timedelta(seconds=1)) is not None


def test_who_lost_the_lease_in_the_middle_ends_without_an_error(sqlite_world: MakingWorld) -> None:
    sqlite_world.answer_baseline()
    sqlite_world.request()
    slow = sqlite_world.claim()
    assert slow is not None
    winners: list[ReleaseRecord] = []

    def lose(step: str, _done: int, _total: int) -> None:
        if step == "sdtm" and not winners:
            winners.append(sqlite_world.make_next(now=LATER))

    given = make_release(
        sqlite_world.database,
        slow,
        folder=sqlite_world.folder,
        actor=sqlite_world.statistician,
        clock=lambda: CUT_OFF,
        progress=lose,
    )

    assert [given] == winners
    assert given.state == "made"


def test_a_file_whose_release_could_not_be_written_down_is_taken_away(sqlite_world: MakingWorld) -> None:
    sqlite_world.request()
    with sqlite_world.database.writing() as session:
        session.execute(
            text(
                "CREATE TRIGGER refuse BEFORE UPDATE OF made_at ON data_releases "
                "WHEN NEW.made_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        )

    with pytest.raises(DBAPIError, match="refused"):
        sqlite_world.make_next()

    assert sqlite_world.load().state == "failed"
    assert not sqlite_world.archive().exists()


def test_a_row_cannot_be_replaced_past_the_triggers(sqlite_world: MakingWorld) -> None:
    sqlite_world.make()
    for table in ("data_releases", "audit_entries", "audit_payloads"):
        with (
            pytest.raises(DBAPIError, match=r"never changes|append-only"),
            sqlite_world.database.writing() as session,
        ):
            session.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


@dataclass(frozen=True)
class StumblingDatabase(Database):
    """A database that cannot be written the first time."""

    fell: list[bool] = field(default_factory=list)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Raise once, then open a session as ever."""
        if not self.fell:
            self.fell.append(True)
            raise ConnectionError
        with super().writing() as session:
            yield session


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)
