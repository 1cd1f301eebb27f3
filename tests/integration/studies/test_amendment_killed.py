"""An amendment whose process is killed in the middle has changed nothing, and locks nothing."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from amendment_world import apply, drop_visit, load_version, move_visit, preview, write_version
from clinic_world import Clinic, noon
from database_copies import read_rows

ENROLLED_ON, TODAY = date(2026, 1, 5), date(2026, 4, 1)
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from pro_app.audit.actor import system_actor
from pro_app.services.amendments.apply import Confirmation, apply_amendment
from pro_app.services.amendments.model import AmendmentScope
from pro_app.storage.database import open_database

url, study_id, sha256, fingerprint, writes = sys.argv[1:]
left = int(writes)

def count_down(connection, cursor, statement, *rest):
    global left
    left -= statement.startswith(("INSERT", "UPDATE"))
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

database = open_database(url)
event.listen(database.engine, "after_cursor_execute", count_down)
scope = AmendmentScope(int(study_id), sha256)
with database.writing() as session:
    apply_amendment(
        session, scope, Confirmation(fingerprint, "killed"),
        actor=system_actor("test", "killed"), now=datetime(2026, 4, 1, 11, tzinfo=UTC),
    )
print("applied")
"""


@pytest.mark.parametrize("writes", [1, 2, 15, 40])
def test_a_killed_amendment_has_changed_nothing_and_can_be_applied_again(
    clinic: Clinic, database_url: str, tmp_path: Path, *, writes: int
) -> None:
    for number in range(4):
        key = clinic.enrol(ENROLLED_ON, participant_code=f"15-00{number}")
        clinic.record(key, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    load_version(
        clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4), drop_visit("Y5")), at=noon(TODAY)
    )
    seen, before = preview(clinic, "1.1", at=TODAY), read_rows(clinic.database)
    arguments = [
        database_url,
        str(clinic.study_id),
        seen.scope.protocol_sha256,
        seen.fingerprint,
        str(writes),
    ]

    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False, timeout=120
    )

    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "")
    assert read_rows(clinic.database) == before
    assert apply(clinic, "1.1", at=TODAY).participants == 4
