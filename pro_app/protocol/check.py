"""Every problem of a protocol file, in words: its schema first, then what its parts mean together."""

from collections.abc import Callable, Iterator

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.schema import check_schema
from pro_app.errors import Problem
from pro_app.protocol.analysis_rules import check_baseline_visits, check_time_windows
from pro_app.protocol.code_rules import check_codes, check_own_reasons, check_references
from pro_app.protocol.event_order import check_event_order, check_opening_events
from pro_app.protocol.event_rules import (
    check_assumed_paths,
    check_dates,
    check_effects,
    check_public_holidays,
    check_sending,
    check_zones,
)
from pro_app.protocol.series_rules import check_repetitions
from pro_app.protocol.visit_rules import (
    check_offsets,
    check_overlaps,
    check_reminders,
    check_site_tasks,
    check_visit_codes,
    check_visits,
)

Rule = Callable[[DefinitionFile], Iterator[Problem]]

_STAGES: tuple[tuple[Rule, ...], ...] = (
    (check_offsets,),
    (
        check_codes,
        check_references,
        check_own_reasons,
        check_dates,
        check_zones,
        check_public_holidays,
        check_sending,
        check_effects,
        check_event_order,
        check_visits,
        check_repetitions,
        check_opening_events,
        check_reminders,
        check_site_tasks,
        check_baseline_visits,
        check_time_windows,
    ),
    (check_visit_codes, check_overlaps, check_assumed_paths),
)
"""Each stage can rely on those before it: on dates within the calendar, then on a place for every visit."""


def check_protocol(definition: DefinitionFile) -> list[Problem]:
    """List every problem of a protocol in the order of its lines; empty for a sound one.

    What the parts mean together is looked at only in a file of the right shape, and windows are
    compared only once every visit has its place in the calendar.
    """
    problems = check_schema(definition, "protocol")
    for stage in _STAGES:
        if not problems:
            problems = [problem for rule in stage for problem in rule(definition)]
    return sorted(problems, key=lambda problem: problem.line or 0)
