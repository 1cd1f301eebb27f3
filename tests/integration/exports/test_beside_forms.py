"""What came late, was kept beside a form or was given under a wrong clock is in the dataset, and marked."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from clinic_world import Clinic, noon
from export_world import export, open_dataset, person, tidy_tables

from pro_app.services.answers import Operation
from pro_app.services.synchronisation import Batch, Submission, take_batch
from pro_app.storage.tables.credentials import Device

NOW = noon(date(2026, 7, 1))
YEARS = timedelta(days=3 * 365)


@dataclass
class Form:
    """The form of week 8 of one person, and the devices that answer it."""

    clinic: Clinic
    participant_id: int
    assessment_id: int
    closes_at: datetime

    def send(
        self, *taps: Operation, at: datetime, clock: datetime | None = None, device: int | None = None
    ) -> None:
        """Send taps that reach us at `at` from a device whose clock then says `clock`, without the form."""
        self._take(Batch(self.assessment_id, taps, device_now=clock or at), at=at, device=device)

    def finish(self, *, at: datetime, received_at: datetime) -> None:
        """Send the form, finished at `at`."""
        batch = Batch(self.assessment_id, (), device_now=received_at, submission=Submission("self", at))
        self._take(batch, at=received_at, device=None)

    def _take(self, batch: Batch, *, at: datetime, device: int | None) -> None:
        actor = replace(person(self.clinic, self.participant_id), device_id=device)
        with self.clinic.writing() as session:
            take_batch(session, batch, actor=actor, now=at)

    def remember_device(self, number: int) -> int:
        """Remember a phone and give its key."""
        with self.clinic.writing() as session:
            device = Device(
                participant_id=self.participant_id,
                secret_sha256=f"{number:064}",
                label="iPhone",
                remembered_at=self.closes_at,
            )
            session.add(device)
            session.flush()
            return device.id

    def row(self) -> dict[str, object]:
        """Give the form's row of the table `assessments`."""
        [row] = tidy_tables(self.clinic, now=NOW).rows("assessments", visit_code="W08")
        return row

    def answered(self) -> list[dict[str, object]]:
        """Give the answers of the form."""
        return tidy_tables(self.clinic, now=NOW).rows("items", visit_code="W08", state="answered")

    def said(self) -> set[str]:
        """Give the remarks about the form."""
        remarks = tidy_tables(self.clinic, now=NOW).remarks
        return {remark.code for remark in remarks if remark.visit_code == "W08"}


@pytest.fixture
def form(clinic: Clinic) -> Form:
    """Make a person whose form of week 8 is open."""
    participant_id = clinic.enrol(date(2026, 1, 5), email=None, telephone=None)
    clinic.record(participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    record = clinic.assessments(participant_id)["W08"]
    assert record.window.closes_at is not None
    return Form(clinic, participant_id, record.assessment_id, record.window.closes_at)


def tap(value: int, *, at: datetime, item: int = 1, zone: str | None = None) -> Operation:
    """Make one tap, by the clock of its device."""
    return Operation(str(uuid4()), "qlq-c30", item, "answered", value, device_at=at, device_zone=zone)


def test_what_was_given_in_the_window_and_came_after_it_is_marked_and_counts_as_in_time(form: Form) -> None:
    before, after = form.closes_at - timedelta(hours=1), form.closes_at + timedelta(days=5)
    form.send(tap(2, at=before - timedelta(hours=1)), at=before)
    form.send(tap(3, item=2, at=before), at=after)
    form.finish(at=before, received_at=after)

    assert [(row["item"], row["received_late"]) for row in form.answered()] == [(1, False), (2, True)]
    row = form.row()
    assert (row["received_late"], row["in_window"], row["late"]) == (True, True, False)
    assert "received_late" in form.said()


def test_a_form_that_came_in_its_window_has_no_mark(form: Form) -> None:
    at = form.closes_at - timedelta(days=1)
    form.send(tap(2, at=at), at=at)
    form.finish(at=at, received_at=at)
    row = form.row()
    assert (row["received_late"], row["set_aside"], row["conflicts"]) == (False, 0, 0)
    assert form.said() == set()


@pytest.mark.parametrize(
    ("skew", "is_off"),
    [(YEARS, True), (-YEARS, True), (timedelta(minutes=6), True), (timedelta(minutes=-4), False)],
)
def test_device_time_device_zone_and_server_time_are_kept_apart(
    form: Form, skew: timedelta, *, is_off: bool
) -> None:
    given_at, received_at = form.closes_at - timedelta(days=2), form.closes_at - timedelta(days=1)
    form.send(tap(2, at=given_at + skew, zone="Indian/Reunion"), at=received_at, clock=received_at + skew)

    [row] = form.answered()
    assert (row["answered_at"], row["received_at"]) == (given_at, received_at)
    assert (row["device_at"], row["device_zone"]) == (given_at + skew, "Indian/Reunion")
    assert row["clock_off"] is is_off
    assert ("clock_off" in form.said()) is is_off


@pytest.mark.parametrize("said", [datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)])
def test_a_clock_at_the_end_of_the_calendar_does_not_stop_a_dataset(form: Form, said: datetime) -> None:
    at = form.closes_at - timedelta(days=1)
    form.send(tap(2, at=said), at=at)
    [row] = [row for row in open_dataset(export(form.clinic, now=NOW)).table("items") if row["device_at"]]
    assert (row["device_at"][:10], row["clock_off"]) == (said.date().isoformat(), "1")


def test_answers_that_were_set_aside_are_counted_named_and_in_the_audit_trail(form: Form) -> None:
    before = form.closes_at - timedelta(hours=1)
    form.send(tap(2, at=before), at=before)
    form.finish(at=before, received_at=before)
    form.send(tap(4, at=before), tap(3, item=2, at=before), at=form.closes_at + timedelta(days=1))

    assert form.row()["set_aside"] == 2
    assert [row["value"] for row in form.answered()] == [2]
    [remark] = [r for r in tidy_tables(form.clinic, now=NOW).remarks if r.code == "set_aside"]
    assert remark.fr.startswith("Réponses gardées hors du questionnaire : 2.")
    entries = open_dataset(export(form.clinic, now=NOW)).table("audit_trail")
    kept = [(e["field"], e["after"]) for e in entries if e["action"] == "answers.set_aside"]
    assert kept == [("qlq-c30:1", "4"), ("qlq-c30:2", "3")]


def test_different_answers_of_two_devices_are_counted_and_both_in_the_audit_trail(form: Form) -> None:
    phone, tablet = form.remember_device(1), form.remember_device(2)
    at = form.closes_at - timedelta(days=1)
    form.send(tap(1, at=at), tap(2, item=2, at=at), at=at, device=phone)
    later = at + timedelta(hours=1)
    form.send(tap(4, at=later), tap(2, item=2, at=later), at=later, device=tablet)
    # One device that changes its mind is no conflict.
    form.send(tap(3, item=3, at=at), tap(4, item=3, at=later), at=later, device=phone)

    assert form.row()["conflicts"] == 1
    assert "conflicts" in form.said()
    entries = open_dataset(export(form.clinic, now=NOW)).table("audit_trail")
    kept = [e["after"] for e in entries if e["action"] == "answers.save" and e["field"] == "qlq-c30:1"]
    assert kept == ["1", "4"]
