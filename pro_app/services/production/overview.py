"""What a study has and lacks for production, for the page on which it is brought there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound, Problem
from pro_app.services.production.entries import Entry, list_entries
from pro_app.services.production.gate import PRODUCTION, GateReport, check_gate
from pro_app.services.production.go_live import WentLive, check_begun, go_live
from pro_app.storage.tables.studies import Study


@dataclass(frozen=True, slots=True)
class ProductionOverview:
    """Whether a study is in production, the documents that hold now, by kind, and what is missing."""

    study_code: str
    is_live: bool
    entries: Mapping[str, Entry]
    report: GateReport

    @property
    def missing(self) -> tuple[Problem, ...]:
        """What keeps the study from beginning, or, once it is in production, what it may not lack."""
        return self.report.problems if self.is_live else self.report.obstacles

    @property
    def remarks(self) -> tuple[Problem, ...]:
        """What is only to be known."""
        return self.report.notes if self.is_live else self.report.remarks


def load_production_overview(session: Session, *, study_id: int, now: datetime) -> ProductionOverview:
    """Read what a study has and lacks on the UTC date of `now`; raises NotFound."""
    study = _load(session, study_id)
    is_live = study.mode == PRODUCTION
    report = check_gate(session, study, today=now.date(), without_further_placeholders=not is_live)
    begun = [] if is_live else check_begun(session, study)
    return ProductionOverview(
        study_code=study.study_code,
        is_live=is_live,
        entries=list_entries(session, study_id),
        report=GateReport((*begun, *report.problems), report.expired, report.remarks),
    )


def bring_to_production(session: Session, *, study_id: int, actor: Actor, now: datetime) -> WentLive:
    """Bring a study to production; raises ProductionRefused, after which the session goes on as it was."""
    study = _load(session, study_id)
    with session.begin_nested():
        return go_live(session, study, actor=actor, now=now)


def _load(session: Session, study_id: int) -> Study:
    study = session.get(Study, study_id)
    if study is None:
        raise NotFound("study")
    return study
