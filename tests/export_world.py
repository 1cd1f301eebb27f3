"""A small trial to export: answers from the golden files, sent, unsent, by proxy, with canaries."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from pathlib import Path

import polars as pl
from clinic_world import Clinic, noon, staff_actor

from pro_app.audit.actor import Actor
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tables.audit_trail import AUDIT_TRAIL
from pro_app.exports.tidy.agreement import check_agreement
from pro_app.exports.tidy.batch import PEOPLES_TABLES
from pro_app.exports.tidy.completion import CompletionCount
from pro_app.exports.tidy.remarks import RemarkCollector
from pro_app.scoring.agreement import ScoreDifference
from pro_app.services.answers import Operation, save_operations
from pro_app.services.audit_batches import list_audit_batches
from pro_app.services.dataset import Dataset, build_dataset, open_snapshot
from pro_app.services.dataset_provenance import describe_release
from pro_app.services.submission import submit_assessment
from pro_app.services.tidy_batches import list_tidy_batches
from pro_app.storage.tables.studies import Study

GOLDEN = Path(__file__).parent / "golden" / "scores"
EXPORTED_AT = noon(date(2026, 4, 1))
CANARY_EMAIL = "canary.patient@example.fr"
CANARY_TELEPHONE = "06 11 22 33 44"

_numbers = count(1)


@dataclass(frozen=True)
class OpenedDataset:
    """The files of a dataset by name, and its tables as lists of rows."""

    files: Mapping[str, bytes]

    def table(self, name: str) -> list[dict[str, str]]:
        """Read one CSV table."""
        return list(csv.DictReader(io.StringIO(self.files[f"{name}.csv"].decode("utf-8"))))


@dataclass(frozen=True)
class TidyTables:
    """The tidy tables of a clinic, what there is to know about them, and where scores differ."""

    release: Release
    frames: Tables
    remarks: list[Remark]
    differences: list[ScoreDifference]

    def rows(self, name: str, **wanted: object) -> list[dict[str, object]]:
        """Give the rows of a table that have these values."""
        return [
            row
            for row in self.frames[name].iter_rows(named=True)
            if all(row[column] == value for column, value in wanted.items())
        ]

    @property
    def said(self) -> set[tuple[str, str | None, str | None]]:
        """The remarks about people and forms as code, participant and visit."""
        return {(r.code, r.participant_code, r.visit_code) for r in self.remarks if r.participant_code}


def golden_answers(instrument: str, line: int) -> dict[int, str]:
    """Give one row of the golden answers: item number -> response code, `N`, or empty."""
    row = golden_row(f"{instrument}_items.csv", line)
    return {int(name[1:]): value for name, value in row.items() if name[0] == "q"}


def golden_row(name: str, line: int) -> dict[str, str]:
    """Give one row of a golden file; the first one has the line 0."""
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[line]


def give_answers(
    clinic: Clinic,
    participant_id: int,
    visit_code: str,
    *,
    on: date,
    answers: Mapping[str, Mapping[int, str]],
) -> int:
    """Give answers (by instrument) to a visit without sending them; gives the assessment's key."""
    assessment_id = clinic.assessments(participant_id)[visit_code].assessment_id
    with clinic.writing() as session:
        save_operations(
            session,
            assessment_id=assessment_id,
            operations=list(_operations(answers)),
            actor=person(clinic, participant_id),
            now=noon(on),
        )
    return assessment_id


def send(
    clinic: Clinic, participant_id: int, assessment_id: int, *, on: date, respondent: str = "self"
) -> None:
    """Send a form."""
    with clinic.writing() as session:
        submit_assessment(
            session,
            assessment_id=assessment_id,
            respondent=respondent,
            actor=person(clinic, participant_id),
            now=noon(on),
        )


def answer_form(
    clinic: Clinic, participant_id: int, visit_code: str, *, on: date, line: int = 0, respondent: str = "self"
) -> int:
    """Answer a whole form with one row of the golden answers and send it; gives the assessment's key."""
    answers = {"qlq-c30": golden_answers("c30", line), "qlq-ginet21": golden_answers("ginet21", line)}
    assessment_id = give_answers(clinic, participant_id, visit_code, on=on, answers=answers)
    send(clinic, participant_id, assessment_id, on=on, respondent=respondent)
    return assessment_id


def person(clinic: Clinic, participant_id: int) -> Actor:
    """Give a participant as an actor."""
    return Actor(
        kind="participant",
        role="participant",
        request_id="answer",
        study_id=clinic.study_id,
        site_ids=frozenset({clinic.site_id}),
        participant_id=participant_id,
        mode="own_device",
    )


def statistician(clinic: Clinic) -> Actor:
    """Give a statistician of the study; the first account of the clinic stands in for the person."""
    return staff_actor("statistician", study_id=clinic.study_id, site_id=None, account_id=1)


def export(clinic: Clinic, *, now: datetime = EXPORTED_AT) -> Dataset:
    """Make the dataset."""
    with open_snapshot(clinic.database) as session:
        return build_dataset(
            session,
            study_id=clinic.study_id,
            purpose="a test",
            actor=statistician(clinic),
            now=now,
        )


def open_dataset(dataset: Dataset) -> OpenedDataset:
    """Unpack a dataset."""
    with zipfile.ZipFile(io.BytesIO(dataset.content)) as archive:
        return OpenedDataset({name: archive.read(name) for name in archive.namelist()})


def _operations(answers: Mapping[str, Mapping[int, str]]) -> Iterator[Operation]:
    """Give one operation for each answer; empty answers are not given at all."""
    for instrument, values in answers.items():
        for number, value in values.items():
            if value == "N":
                yield Operation(f"export-{next(_numbers)}", instrument, number, "not_applicable")
            elif value:
                yield Operation(f"export-{next(_numbers)}", instrument, number, "answered", int(value))


def tidy_tables(clinic: Clinic, *, now: datetime = EXPORTED_AT, people_per_batch: int = 50) -> TidyTables:
    """Make the tidy tables of everybody, in one piece."""
    with open_snapshot(clinic.database) as session:
        study = session.get(Study, clinic.study_id)
        assert study is not None
        release = describe_release(
            session, study, purpose="a test", actor=statistician(clinic), now=now, number=1, reason="a test"
        )
        collector, completion = RemarkCollector(release), CompletionCount(release.protocol)
        batches, differences = [], []
        for tables in list_tidy_batches(session, study, release=release, people_per_batch=people_per_batch):
            collector.add(tables)
            completion.add(tables)
            differences += check_agreement(tables, release)
            batches.append(tables)
        frames = {
            table.name: pl.concat([make_frame(table), *(batch[table.name] for batch in batches)])
            for table in PEOPLES_TABLES
        }
        frames["completion"] = completion.make_frame(release)
        frames["audit_trail"] = pl.concat([make_frame(AUDIT_TRAIL), *list_audit_batches(session, study)])
    return TidyTables(release, frames, collector.finish(), differences)
