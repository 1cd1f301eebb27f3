"""Sheets of paper in tests: a patient with a visit that is open, and the marks of a whole sheet."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO

from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.audit.actor import Actor, system_actor
from pro_app.services.accounts import create_account
from pro_app.services.paper.desk import Desk, load_desk
from pro_app.services.paper.entries import Finished, SheetHead, finish_entry, open_form, save_marks
from pro_app.services.staff_roles import grant_role
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.responses import Response

CONSENTED = date(2026, 1, 5)
SHEET_DAY = date(2026, 1, 6)
TYPED_AT = noon(date(2026, 1, 8))
LATER = timedelta(hours=1)


@dataclass
class PaperWorld:
    """A clinic with one patient and the visit whose sheet came back; `colleague` is of the same site."""

    clinic: Clinic
    colleague: Actor
    participant_id: int
    assessment_id: int

    def head(self, **changes: object) -> SheetHead:
        """Give what is said about a good sheet, with `changes`."""
        return replace(SheetHead(SHEET_DAY, "self"), **changes)  # type: ignore[arg-type]  # a test's own keywords

    def desk(self, actor: Actor | None = None) -> Desk:
        """Read what lies on the desk."""
        with self.clinic.database.reading() as session:
            return load_desk(session, self.assessment_id, actor=actor or self.clinic.nurse)

    def marks(self, character: str = "2", **others: str) -> dict[str, str]:
        """Give the marks of a whole sheet, all alike but `others` (`c30_5="9"`, `ginet21_51="8"`)."""
        said = {cell.key: character for cell in self.desk().open_cells}
        return said | {_key(name): mark for name, mark in others.items()}

    def open(self, *, actor: Actor | None = None, now: datetime = TYPED_AT, **changes: object) -> None:
        """Open the sheet."""
        with self.clinic.writing() as session:
            open_form(
                session, self.assessment_id, self.head(**changes), actor=actor or self.clinic.nurse, now=now
            )

    def type(
        self, marks: Mapping[str, str] | None = None, *, actor: Actor | None = None, now: datetime = TYPED_AT
    ) -> Finished:
        """Type a sheet in whole, and finish the entry."""
        actor, marks = actor or self.clinic.nurse, self.marks() if marks is None else marks
        with self.clinic.writing() as session:
            assert save_marks(session, self.assessment_id, marks, actor=actor, now=now) == []
            return finish_entry(session, self.assessment_id, actor=actor, now=now)

    def answers(self) -> dict[str, Answer]:
        """Read the answers that stand, by the key of their item."""
        with self.clinic.database.reading() as session:
            rows = session.execute(
                select(Response.instrument_code, Answer)
                .join(Response, Response.id == Answer.response_id)
                .where(Response.assessment_id == self.assessment_id, Answer.superseded_at.is_(None))
            )
            return {f"{code}:{answer.item_number}": answer for code, answer in rows}


def _key(name: str) -> str:
    code, _, number = name.partition("_")
    return f"qlq-{code}:{number}"


def build_paper_world(clinic: Clinic) -> PaperWorld:
    """Enrol a patient, whose first visit is open then, and give the nurse a colleague."""
    now = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)
    with clinic.writing() as session:
        account = create_account(
            session,
            username="colleague",
            display_name="Colleague",
            password="a long and unusual password 7!",
            language="fr",
            actor=system_actor("test", "setup"),
            now=now,
        )
        grant_role(
            session,
            account_id=account.id,
            study_id=clinic.study_id,
            role="nurse",
            site_id=clinic.site_id,
            actor=system_actor("test", "setup"),
            now=now,
        )
        colleague = replace(clinic.nurse, account_id=account.id)
    participant_id = clinic.enrol(CONSENTED)
    visits = clinic.assessments(participant_id)
    first = min(visits.values(), key=lambda visit: visit.opens_on)
    return PaperWorld(clinic, colleague, participant_id, first.assessment_id)


def make_row(world: PaperWorld, **changes: str) -> dict[str, str]:
    """Give a good row about the first visit, with `changes` (`c30_5="9"`, `source_on="…"`)."""
    record = world.desk().assessment
    row = {
        "participant_code": record.participant_code,
        "visit_code": record.visit_code,
        "source_on": SHEET_DAY.isoformat(),
        "respondent": "self",
        "late_reason": "",
        **{cell.key: "2" for cell in world.desk().cells},
    }
    for name, value in changes.items():
        start, _, number = name.rpartition("_")
        row[f"qlq-{start}:{number}" if start in {"c30", "ginet21"} else name] = value
    return row


def make_table(*rows: dict[str, str], delimiter: str = ";") -> bytes:
    """Write rows as a table."""
    text = StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
