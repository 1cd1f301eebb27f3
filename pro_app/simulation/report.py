"""What happened in a simulated trial, as numbers: the same seed gives the same ones."""

from collections import Counter
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.simulation.run import Simulated
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.outbox import list_outbox

LONGEST_LIST = 50
"""How many violations are told in full; their number is told in any case."""


@dataclass(frozen=True, slots=True)
class VisitRates:
    """Both rates of one visit with what they are made of; a rate is None where nobody counts."""

    visit: str
    expected: int
    received: int
    completed: int
    available: int
    randomised: int
    completion_rate: float | None
    available_data_rate: float | None


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """The numbers of one run. `messages_by_reason`: why those that did not go did not."""

    began_on: str
    ended_on: str
    happened: dict[str, int]
    visits: dict[str, int]
    messages: dict[str, int]
    messages_by_reason: dict[str, int]
    arrived: int
    rates: tuple[VisitRates, ...]
    violations: int
    violations_by_rule: dict[str, int]
    examples: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Give the report as plain values."""
        return asdict(self)


def make_report(simulated: Simulated) -> SimulationReport:
    """Count what a simulated trial has left behind."""
    world = simulated.world
    zone_days = (at.date().isoformat() for at in (simulated.began_at, simulated.ended_at))
    with world.database.reading() as session:
        records = list_assessments(session, study_id=world.study_id)
        outbox = list_outbox(session)
        rates = _count_rates(session, simulated)
    unsent = Counter(
        row.outcome_reason or "" for row in outbox if row.state in {"failed", "cancelled", "unknown"}
    )
    began_on, ended_on = zone_days
    return SimulationReport(
        began_on=began_on,
        ended_on=ended_on,
        happened=_sorted(simulated.happened),
        visits=_sorted(Counter(str(record.state(simulated.ended_at)) for record in records)),
        messages=_sorted(Counter(row.state for row in outbox)),
        messages_by_reason=_sorted(unsent),
        arrived=len(simulated.sent),
        rates=rates,
        violations=len(simulated.violations),
        violations_by_rule=_sorted(Counter(violation.rule for violation in simulated.violations)),
        examples=tuple(str(violation) for violation in simulated.violations[:LONGEST_LIST]),
    )


def _count_rates(session: Session, simulated: Simulated) -> tuple[VisitRates, ...]:
    scope = ClinicScope(simulated.world.study_id, None, ())
    shown = count_completion(session, scope, language="en", now=simulated.ended_at)
    return tuple(
        VisitRates(
            visit=row.completion.visit_code,
            expected=row.completion.expected,
            received=row.completion.received,
            completed=len(row.completion.completed_ids),
            available=len(row.completion.available_ids),
            randomised=row.completion.randomised,
            completion_rate=row.completion.completion_rate,
            available_data_rate=row.completion.available_data_rate,
        )
        for row in shown.rows
    )


def _sorted(counts: "Counter[str]") -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
