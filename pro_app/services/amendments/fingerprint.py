"""The fingerprint of a preview: what somebody has seen before confirming, in 64 characters."""

import hashlib
import json
from collections.abc import Iterable

from pro_app.errors import Problem
from pro_app.protocol.replan import PlanChange
from pro_app.protocol.schedule import PlannedVisit
from pro_app.services.amendments.model import AmendmentScope, PersonAmendment, SiteAmendment


def make_fingerprint(
    scope: AmendmentScope, sites: Iterable[SiteAmendment], problems: Iterable[Problem]
) -> str:
    """Digest whom an amendment concerns, what it does to their visits, and what forbids it.

    Neither words nor messages count: a language or a message that has just gone out changes no decision.
    """
    said = {
        "version": scope.protocol_sha256,
        "sites": [
            [
                site.site_id,
                site.version,
                site.changes_version,
                [_say_person(person) for person in site.people],
            ]
            for site in sites
        ],
        "untouched": [[person.participant_id, person.reason] for site in sites for person in site.untouched],
        "problems": [[problem.message, problem.values] for problem in problems],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _say_person(person: PersonAmendment) -> list[object]:
    return [
        person.participant_id,
        person.left.sha256,
        [_say_change(change) for change in person.outcome.changed],
        [[found.problem.message, found.kind, found.on] for found in person.objections],
        person.answered_outside,
    ]


def _say_change(change: PlanChange) -> list[object]:
    return [change.action, change.visit_code, _say_visit(change.before), _say_visit(change.after)]


def _say_visit(visit: PlannedVisit | None) -> list[object] | None:
    if visit is None:
        return None
    return [visit.opens_on, visit.target_on, visit.closes_on, visit.provisional, visit.expected, visit.reason]
