"""Random amendments over random histories: the preview says what applying does, and going back undoes it.

How many histories: AMENDMENT_HISTORIES, 6 by default.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from amendment_world import (
    Change,
    add_visit,
    apply,
    drop_visit,
    load_version,
    move_visit,
    preview,
    set_reminder_day,
    set_window,
    write_version,
)
from clinic_world import Clinic, build_clinic, noon
from conftest import TEST_SECRET
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from reminders_world import list_rows

from pro_app.contacts.vault import ContactVault
from pro_app.errors import DefinitionRejected, InputRejected, WindowClosed
from pro_app.protocol.open_days import PLAN_REPLACED
from pro_app.services.amendments.model import AmendmentPreview
from pro_app.services.planning import plan_participant
from pro_app.storage.database import open_database
from pro_app.storage.tables.participants import Participant

HISTORIES = int(os.environ.get("AMENDMENT_HISTORIES", "6"))  # noqa: TID251 -- the number of cases of a test
STARTED_ON = date(2026, 1, 12)

changes = st.lists(
    st.one_of(
        st.builds(move_visit, st.just("M03"), months=st.integers(2, 4)),
        st.builds(move_visit, st.just("M06"), months=st.integers(5, 7)),
        st.builds(move_visit, st.just("Y2"), months=st.integers(22, 28)),
        st.builds(set_window, st.just("W##"), st.integers(-12, -6), st.integers(5, 12)),
        st.builds(set_window, st.sampled_from(["M03", "M09"]), st.integers(-20, -13), st.integers(13, 20)),
        st.builds(drop_visit, st.sampled_from(["M03", "M06", "M12", "Y5"])),
        st.builds(add_visit, st.sampled_from(["X01", "X02"]), months=st.integers(14, 21)),
        st.builds(
            set_reminder_day,
            st.just("on_treatment"),
            st.just("second-reminder"),
            st.integers(0, 2),
        ),
    ),
    min_size=1,
    max_size=3,
)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["answer", "begin", "treatment_ended", "progressed", "paused", "lost", "died", "wait"]
        ),
        st.integers(5, 70),
    ),
    max_size=5,
)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # Shrinking whole trials would take longer than reading what failed.
    derandomize=True,
)
@given(amendment=changes, histories=st.lists(steps, min_size=1, max_size=3), later=st.integers(0, 800))
def test_the_preview_says_what_applying_does_and_going_back_undoes_it(
    sqlite_template: Path,
    contacts_template: Path,
    *,
    amendment: Sequence[Change],
    histories: Sequence[Sequence[tuple[str, int]]],
    later: int,
) -> None:
    with tempfile.TemporaryDirectory(prefix="amendment-") as name:
        folder = Path(name)
        clinic = _open(folder, sqlite_template, contacts_template)
        days = [_live(clinic, number, steps) for number, steps in enumerate(histories)]
        today = max(days) + timedelta(days=later)
        try:
            load_version(clinic, write_version(folder, "1.1", *_make_apt(amendment)), at=noon(today))
        except DefinitionRejected:
            assume(False)
        planned, messages = _list_plans(clinic), _list_messages(clinic)

        seen = preview(clinic, "1.1", at=today)
        apply(clinic, "1.1", at=today, accepts_answered=True)

        assert _list_plans(clinic) == _foresee(planned, seen)
        _check_message_counts(seen, messages, _list_messages(clinic))
        _check_that_nothing_is_left_to_plan(clinic, today)
        assert _list_settled(planned, today) <= _list_plans(clinic).items()

        back = preview(clinic, "1.0", at=today)
        assert back.is_possible
        apply(clinic, "1.0", at=today, accepts_answered=True)
        assert _list_standing(_list_plans(clinic)) == _list_standing(planned)
        _close(clinic)


def _open(folder: Path, main: Path, contacts: Path) -> Clinic:
    shutil.copy(main, folder / "main.sqlite")
    shutil.copy(contacts, folder / "contacts.sqlite")
    vault = ContactVault(open_database(f"sqlite:///{folder / 'contacts.sqlite'}"), TEST_SECRET)
    return build_clinic(open_database(f"sqlite:///{folder / 'main.sqlite'}"), vault)


def _close(clinic: Clinic) -> None:
    clinic.database.engine.dispose()
    clinic.vault.database.engine.dispose()


def _make_apt(amendment: Sequence[Change]) -> list[Change]:
    """Leave out a change of a visit that an earlier one took out, and a visit added twice."""

    def apt(change: Change) -> Change:
        def attempt(data: dict[str, object]) -> None:
            codes = {visit["code"] for visit in data["visits"]}  # type: ignore[attr-defined]
            try:
                change(data)
            except StopIteration:
                return
            after = [visit["code"] for visit in data["visits"]]  # type: ignore[attr-defined]
            if len(after) != len(set(after)):
                data["visits"] = data["visits"][: len(codes)]  # type: ignore[index]

        return attempt

    return [apt(change) for change in amendment]


def _live(clinic: Clinic, number: int, steps: Sequence[tuple[str, int]]) -> date:
    """Let one participant live through some steps; gives the day of the last one."""
    key = clinic.enrol(STARTED_ON, participant_code=f"15-{number:03}", consented_on=STARTED_ON)
    clinic.record(key, "randomised", STARTED_ON, arm=("LUTATHERA", "SURVEILLANCE")[number % 2])
    day = STARTED_ON
    for what, wait in steps:
        day += timedelta(days=wait)
        try:
            _do(clinic, key, what, on=day)
        except (InputRejected, WindowClosed):
            continue  # Not every step is possible after every other.
    return day


def _do(clinic: Clinic, key: int, what: str, *, on: date) -> None:
    if what in {"answer", "begin"}:
        open_now = [
            code
            for code, record in clinic.assessments(key).items()
            if record.is_answerable(noon(on)) and record.submitted_at is None
        ]
        for code in open_now[:1]:
            clinic.answer(key, code, on, submit=what == "answer")
    elif what == "paused":
        clinic.record(key, what, on, until=(on + timedelta(days=40)).isoformat())
    elif what != "wait":
        clinic.record(key, what, on)


Plan = tuple[object, ...]


def _list_plans(clinic: Clinic) -> dict[tuple[int, str], Plan]:
    """Give what counts of every visit of everybody."""
    with clinic.database.reading() as session:
        keys = [person.id for person in session.query(Participant)]
    return {
        (key, code): (
            r.opens_on,
            r.target_on,
            r.closes_on,
            r.provisional,
            r.expected,
            r.reason_code,
            r.started_at,
        )
        for key in keys
        for code, r in clinic.assessments(key).items()
    }


def _foresee(plans: dict[tuple[int, str], Plan], seen: AmendmentPreview) -> dict[tuple[int, str], Plan]:
    """Give the plans as they stand once everything that a preview says has happened."""
    after = dict(plans)
    for person in seen.people:
        for change in person.outcome.changed:
            assert change.action in {"move", "add", "cancel"}  # No amendment takes answers from a visit.
            key = (person.participant_id, change.visit_code)
            started_at = after[key][-1] if key in after else None
            visit = change.after or change.before
            assert visit is not None
            gone = change.action == "cancel"
            after[key] = (
                *(visit.opens_on, visit.target_on, visit.closes_on, visit.provisional),
                *((False, PLAN_REPLACED) if gone else (visit.expected, visit.reason)),
                started_at,
            )
    return after


def _list_messages(clinic: Clinic) -> set[tuple[object, ...]]:
    return {
        (row.assessment_id, row.rule_code, row.channel, row.due_at)
        for row in list_rows(clinic.database)
        if row.state == "planned"
    }


def _check_message_counts(
    seen: AmendmentPreview, before: set[tuple[object, ...]], after: set[tuple[object, ...]]
) -> None:
    assert (seen.messages.withdrawn, seen.messages.added) == (len(before - after), len(after - before))


def _check_that_nothing_is_left_to_plan(clinic: Clinic, today: date) -> None:
    with clinic.writing() as session:
        for participant in session.query(Participant):
            assert plan_participant(session, participant, now=noon(today)).changed == ()


def _list_settled(plans: dict[tuple[int, str], Plan], today: date) -> set[tuple[tuple[int, str], Plan]]:
    """Give the visits that were begun or are past, which no amendment touches."""
    return {
        (key, plan)
        for key, plan in plans.items()
        if plan[5] != PLAN_REPLACED and (plan[-1] is not None or _is_past(plan, today))
    }


def _is_past(plan: Plan, today: date) -> bool:
    closes_on = plan[2]
    return isinstance(closes_on, date) and closes_on < today


def _list_standing(plans: dict[tuple[int, str], Plan]) -> dict[tuple[int, str], Plan]:
    """Give the visits that stand in the plan."""
    return {key: plan for key, plan in plans.items() if plan[5] != PLAN_REPLACED}
