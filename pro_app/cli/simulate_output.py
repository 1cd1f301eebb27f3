"""What happened in a simulated trial, as a table to read."""

from collections.abc import Mapping

from pro_app.cli.translation import translate
from pro_app.language import mark
from pro_app.simulation.report import SimulationReport, VisitRates


def render_table(report: SimulationReport) -> str:
    """Write the report to be read."""
    blocks = [
        translate(mark("From %(first)s to %(last)s"), first=report.began_on, last=report.ended_on),
        _render_counts(translate(mark("What happened")), report.happened),
        _render_counts(translate(mark("Visits by state at the end")), report.visits),
        _render_counts(translate(mark("Messages by state")), report.messages),
        _render_counts(translate(mark("Why messages did not go")), report.messages_by_reason),
        translate(mark("Messages that arrived: %(count)s"), count=report.arrived),
        _render_rates(report.rates),
        _render_violations(report),
    ]
    return "\n\n".join(blocks)


def _render_counts(title: str, counts: Mapping[str, int]) -> str:
    return "\n".join([title, *(f"  {count:>6}  {name}" for name, count in counts.items())])


def _render_rates(rates: tuple[VisitRates, ...]) -> str:
    """Write both rates with their numerators and denominators."""
    title = mark("Completion rate (valid of expected) and available-data rate (valid of randomised)")
    lines = [translate(title)]
    for row in rates:
        completion = f"{row.completed}/{row.expected}"
        available = f"{row.available}/{row.randomised}"
        lines.append(
            f"  {row.visit:<10} {completion:>9} {_percent(row.completion_rate):>7}"
            f" {available:>9} {_percent(row.available_data_rate):>7}"
        )
    return "\n".join(lines)


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _render_violations(report: SimulationReport) -> str:
    if not report.violations:
        return translate(mark("Everything that must hold holds: 0 violations."))
    title = translate(mark("VIOLATIONS: %(count)s"), count=report.violations)
    return "\n".join([_render_counts(title, report.violations_by_rule), *(f"  {e}" for e in report.examples)])
