"""What happened in a simulated trial, as numbers: the same seed gives the same ones."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from pro_app.protocol.events import fold_events
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.visit_order import order_visit_codes
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.simulation.run import Simulated
from pro_app.simulation.world import World
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.queries.events import list_events_by_participant, read_events
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
    """The numbers of one run. `messages_by_reason`: why those that did not go did not.

    `randomised` are the people in the denominator of the available-data rate.
    """

    began_on: str
    ended_on: str
    happened: dict[str, int]
    visits: dict[str, int]
    messages: dict[str, int]
    messages_by_reason: dict[str, int]
    arrived: int
    randomised: int
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
        randomised = _count_randomised(session, world)
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
        randomised=randomised,
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
            visit=row.code,
            expected=row.tally.expected,
            received=row.tally.received,
            completed=row.tally.completed,
            available=row.tally.available,
            randomised=row.randomised or 0,
            completion_rate=row.tally.completion_rate,
            available_data_rate=row.available_data_rate,
        )
        for row in shown.rows
    )


def _count_randomised(session: Session, world: World) -> int:
    """Count the people in the fixed denominator, also where no visit is over that could show their number."""
    histories = list_events_by_participant(session, study_id=world.study_id).values()
    kind = world.protocol.denominator_event
    return sum(bool(fold_events(read_events(rows)).dates_of(kind)) for rows in histories)


def pool_reports(reports: Sequence[SimulationReport], protocol: Protocol) -> SimulationReport:
    """Add up the numbers of the parts of one trial; rates are computed anew from their sums."""
    first = reports[0]
    return SimulationReport(
        began_on=first.began_on,
        ended_on=first.ended_on,
        happened=_pool(report.happened for report in reports),
        visits=_pool(report.visits for report in reports),
        messages=_pool(report.messages for report in reports),
        messages_by_reason=_pool(report.messages_by_reason for report in reports),
        arrived=sum(report.arrived for report in reports),
        randomised=sum(report.randomised for report in reports),
        rates=_pool_rates(reports, protocol),
        violations=sum(report.violations for report in reports),
        violations_by_rule=_pool(report.violations_by_rule for report in reports),
        examples=tuple(
            f"{number}: {example}"
            for number, report in enumerate(reports, start=1)
            for example in report.examples
        )[:LONGEST_LIST],
    )


def _pool_rates(reports: Sequence[SimulationReport], protocol: Protocol) -> tuple[VisitRates, ...]:
    """Add up each visit over the parts; a part in which nobody's visit is over does not show it."""
    rows: dict[str, list[VisitRates]] = {}
    for report in reports:
        for row in report.rates:
            rows.setdefault(row.visit, []).append(row)
    randomised = sum(report.randomised for report in reports)
    return tuple(_add_up(rows[code], randomised) for code in order_visit_codes(protocol, rows))


def _add_up(rows: Sequence[VisitRates], randomised: int) -> VisitRates:
    expected = sum(row.expected for row in rows)
    completed, available = sum(row.completed for row in rows), sum(row.available for row in rows)
    return VisitRates(
        visit=rows[0].visit,
        expected=expected,
        received=sum(row.received for row in rows),
        completed=completed,
        available=available,
        randomised=randomised,
        completion_rate=completed / expected if expected else None,
        available_data_rate=available / randomised if randomised else None,
    )


def _pool(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return _sorted(sum(map(Counter, counts), Counter()))


def _sorted(counts: "Counter[str]") -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
