"""A clinic whose releases are made: its people, the folder of the ZIPs, and a maker that can be killed."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import sleep

from clinic_world import Clinic, noon, staff_actor
from export_world import give_answers, golden_answers, send

from pro_app.audit.actor import Actor, system_actor
from pro_app.clock import system_clock
from pro_app.services.releases.files import archive_path
from pro_app.services.releases.lease import Claim, claim_release
from pro_app.services.releases.make import make_release
from pro_app.services.releases.records import ReleaseRecord, load_release
from pro_app.services.releases.request import request_release
from pro_app.storage.database import Database, open_database

CONSENT, RANDOMISATION = date(2026, 1, 5), date(2026, 1, 12)
CUT_OFF = noon(date(2026, 4, 1))
LATER = noon(date(2026, 4, 20))
REASON = 'A test: « accents », "quotes" & <tags>'


@dataclass(frozen=True)
class MakingWorld:
    """A clinic, where its releases go, and the statistician who asks for them."""

    clinic: Clinic
    folder: Path

    @property
    def database(self) -> Database:
        """The database of the clinic."""
        return self.clinic.database

    @property
    def statistician(self) -> Actor:
        """The statistician of the study."""
        return self.member("statistician", 1)

    def member(self, role: str, account_id: int) -> Actor:
        """Give one of the clinic's accounts under a role that sees every site."""
        return staff_actor(role, study_id=self.clinic.study_id, site_id=None, account_id=account_id)

    def answer_baseline(self, code: str = "15-001", *, line: int = 0) -> int:
        """Enrol somebody, send the baseline and randomise; gives the participant's key."""
        participant_id = self.clinic.enrol(CONSENT, participant_code=code)
        answers = {"qlq-c30": golden_answers("c30", line), "qlq-ginet21": golden_answers("ginet21", line)}
        assessment_id = give_answers(self.clinic, participant_id, "BASELINE", on=CONSENT, answers=answers)
        send(self.clinic, participant_id, assessment_id, on=CONSENT)
        self.clinic.record(participant_id, "randomised", RANDOMISATION, arm="LUTATHERA")
        return participant_id

    def request(self, *, purpose: str = "data_check", now: datetime = CUT_OFF) -> ReleaseRecord:
        """Ask for the next release."""
        with self.database.writing() as session:
            return request_release(
                session,
                study_id=self.clinic.study_id,
                reason=REASON,
                purpose=purpose,
                actor=self.statistician,
                now=now,
            )

    def claim(self, *, now: datetime = CUT_OFF) -> Claim | None:
        """Take the next release that waits."""
        with self.database.writing() as session:
            return claim_release(session, actor=self.statistician, now=now)

    def make_next(self, *, now: datetime = CUT_OFF) -> ReleaseRecord:
        """Make the release that waits."""
        claim = self.claim(now=now)
        assert claim is not None
        return make_release(
            self.database, claim, folder=self.folder, actor=self.statistician, clock=lambda: now
        )

    def make(self, *, purpose: str = "data_check", now: datetime = CUT_OFF) -> ReleaseRecord:
        """Ask for the next release and make it."""
        self.request(purpose=purpose, now=now)
        return self.make_next(now=now)

    def load(self, number: int = 1) -> ReleaseRecord:
        """Give a release as it stands."""
        with self.database.reading() as session:
            return load_release(
                session, study_id=self.clinic.study_id, number=number, actor=self.statistician
            )

    def archive(self, number: int = 1) -> Path:
        """Give the place of a release's ZIP."""
        return archive_path(self.folder, study_code="reluth", number=number)

    def read(self, name: str, number: int = 1) -> bytes:
        """Read one file of a release."""
        with zipfile.ZipFile(self.archive(number)) as archive:
            return archive.read(name)

    def damage(self, name: str, number: int = 1) -> None:
        """Flip the bits of one byte in the middle of a file in a release's ZIP."""
        place = self.archive(number)
        with zipfile.ZipFile(place) as archive:
            info = archive.getinfo(name)
        content = bytearray(place.read_bytes())
        content[info.header_offset + len(name) + 30 + info.compress_size // 2] ^= 0xFF
        place.unlink()
        place.write_bytes(content)


def start_maker(url: str, folder: Path, *, stop_at: str) -> "subprocess.Popen[str]":
    """Start a process that makes the release that waits, says so at a step, and stays there to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "making_world", url, str(folder), stop_at],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent,
    )


def _make_until(url: str, folder: Path, stop_at: str) -> None:
    database, actor = open_database(url), system_actor("worker", "killed")

    def stop(step: str, _done: int, _total: int) -> None:
        if step == stop_at:
            sys.stdout.write(f"{step}\n")
            sys.stdout.flush()
            sleep(600)

    with database.writing() as session:
        claim = claim_release(session, actor=actor, now=system_clock())
    assert claim is not None
    make_release(database, claim, folder=folder, actor=actor, clock=system_clock, progress=stop)


if __name__ == "__main__":
    _make_until(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
