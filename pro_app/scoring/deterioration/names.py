"""The names that definitions of deterioration have in tables of outcomes, and what each stands for."""

import re
from dataclasses import replace

from pro_app.protocol.analysis import DeteriorationKind, DeteriorationRule, ReferenceScore

STANDARD_NAMES = (
    "TTD_baseline",
    "TTD_baseline_death",
    "TTD_best",
    "TTD_best_death",
    "TTD_previous",
    "TTD_previous_death",
    "TUDD_baseline_def1",
    "TUDD_baseline_def1_death",
    "TUDD_baseline_def2",
    "TUDD_baseline_def2_death",
    "TUDD_baseline_def3",
    "TUDD_baseline_def3_death",
)
"""The definitions that are computed where nobody names any."""

NAME_FORM = "TTD_{baseline|best|previous}[_death|_SA1|_SA2|_SA3], TUDD_{…}_{def1|def2|def3}[…]"
"""How names are built, for people."""

_NAME = re.compile(r"(?:TTD|TUDD)_(baseline|best|previous)(?:_def([123]))?(?:_(death|SA[123]))?")
_REFERENCES: dict[str, ReferenceScore] = {
    "baseline": "baseline",
    "best": "best",
    "previous": "previous",
}
_KINDS: dict[str | None, DeteriorationKind] = {
    None: "first",
    "1": "definitive_1",
    "2": "definitive_2",
    "3": "definitive_3",
}


def find_rule(name: str) -> DeteriorationRule | None:
    """Find what a name stands for, with time zero at the first record; None for an unknown name.

    `_death` and `_SA2`: death is an event; `_SA1`: so is having no baseline or no follow-up; `_SA3`: both.
    """
    match = _NAME.fullmatch(name)
    if match is None or name.startswith("TUDD") != (match[2] is not None):
        return None
    rule = DeteriorationRule(reference=_REFERENCES[match[1]], kind=_KINDS[match[2]], time_zero="first_record")
    if match[3] in {"death", "SA2", "SA3"}:
        rule = replace(rule, death="event")
    if match[3] in {"SA1", "SA3"}:
        rule = replace(rule, no_baseline="event", no_follow_up="event")
    return rule
