"""Planning under an amendment: what is over stays under the version it was planned under (pure).

What was sent, begun, or is past belongs to the version that the participant was asked under, and no
amendment takes it away. What is still to come follows the version that governs the participant now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import CurrentVisit, PlanChange
from pro_app.protocol.schedule import PlannedVisit, plan_visits

BEFORE_AMENDMENT = "BEFORE_AMENDMENT"
"""The visit was past when the version that asks for it came to be applied: nobody expects it."""


@dataclass(frozen=True, slots=True)
class GovernedVisit:
    """One visit of the stored plan and the version that its row was made under."""

    current: CurrentVisit
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class WantedPlan:
    """The plan that follows from the facts; `versions` names the SHA-256 where it is an earlier version's.

    `renewed` are the visits that keep their days but come under other rules than those of their row.
    """

    visits: tuple[PlannedVisit, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    renewed: frozenset[str] = frozenset()

    def renew(self, change: PlanChange) -> PlanChange:
        """Give a kept visit that comes under other rules as one that is planned anew on its own days."""
        return (
            replace(change, action="move")
            if change.action == "keep" and change.visit_code in self.renewed
            else change
        )


def plan_under_versions(
    protocol: Protocol,
    facts: Facts,
    stored: Sequence[GovernedVisit],
    *,
    today: date,
    left: Protocol | None = None,
) -> WantedPlan:
    """Plan every visit under `protocol`, except those that belong to the version they were planned under.

    `left` is the version that governed until now, where `protocol` is just being applied: a visit that it
    did not ask for and whose window is over is planned as `BEFORE_AMENDMENT`, not expected, instead of
    counting as missed by somebody who could not know of it.
    """
    plans = _Plans(facts)
    wanted = dict(plans.under(protocol))
    standing = {row.current.visit.visit_code: row for row in stored if not row.current.unscheduled}
    asked_before = plans.under(left) if left is not None else wanted
    for code, visit in wanted.items():
        row = standing.get(code)
        came_late = row.current.visit.reason == BEFORE_AMENDMENT if row else code not in asked_before
        if came_late and _is_past(visit, today):
            wanted[code] = replace(visit, expected=False, reason=BEFORE_AMENDMENT)
    versions: dict[str, str] = {}
    renewed: set[str] = set()
    for code, row in standing.items():
        if row.protocol.sha256 == protocol.sha256:
            continue
        own = plans.under(row.protocol).get(code)
        if own is not None and _belongs_to_its_version(row.current, own, today):
            wanted[code], versions[code] = own, row.protocol.sha256
        elif code not in wanted and row.current.answers_on is not None:
            # No facts ask for it, its answers hold it; a later version may not even know it.
            versions[code] = row.protocol.sha256
        elif _has_other_rules(row.protocol, protocol, code):
            renewed.add(code)
    return WantedPlan(tuple(wanted.values()), versions, frozenset(renewed))


class _Plans:
    """The plan that each version makes of the same facts, by visit code, made once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[str, dict[str, PlannedVisit]] = {}

    def under(self, protocol: Protocol) -> dict[str, PlannedVisit]:
        """Give the plan of one version."""
        if protocol.sha256 not in self._known:
            plan = plan_visits(protocol, self._facts)
            self._known[protocol.sha256] = {visit.visit_code: visit for visit in plan}
        return self._known[protocol.sha256]


def _belongs_to_its_version(row: CurrentVisit, own: PlannedVisit, today: date) -> bool:
    """Say whether a visit was sent or begun, or was past before and is past under the facts of today."""
    if row.submitted or row.answers_on is not None:
        return True
    return _is_past(row.visit, today) and _is_past(own, today)


def _has_other_rules(before: Protocol, after: Protocol, code: str) -> bool:
    """Say whether words, questionnaires, reminders or flags of a visit differ between two versions."""
    return _list_rules(before, code) != _list_rules(after, code)


def _list_rules(protocol: Protocol, code: str) -> object:
    rule = protocol.find_visit(code)
    if rule is None:
        return None
    tasks = [task for task in protocol.site_tasks if rule.phase in task.phases]
    return rule.label, rule.late_flag, rule.may_reopen, protocol.phases_by_code[rule.phase], tasks


def _is_past(visit: PlannedVisit, today: date) -> bool:
    return visit.closes_on is not None and visit.closes_on < today
