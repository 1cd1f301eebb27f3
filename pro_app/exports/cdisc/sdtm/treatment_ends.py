"""How treatment or surveillance ended: as planned, by an event that the protocol ends it with, or unsaid."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from pro_app.exports.cdisc.sdtm.frames import PERSON
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.protocol.anchors import find_rule_date
from pro_app.protocol.rules import DateRule, Moment

COMPLETED, NOT_SAID = "COMPLETED", "OTHER"
ENDING_EVENTS = {"progressed": "PROGRESSIVE DISEASE", "new_treatment": "NEW ANTITUMOR TREATMENT"}
"""DSDECOD by the kind of event that a protocol may end a period with."""

_ENDED, _INFUSION = "treatment_ended", "infusion"
_SCHEMA = pl.Schema({**dict.fromkeys(PERSON, pl.String()), "ended_as": pl.String()})


def find_treatment_ends(subjects: pl.DataFrame, tables: Tables, release: Release) -> pl.DataFrame:
    """Give `ended_as`, a value of DSDECOD, for each subject whose end of treatment is recorded.

    `subjects` are those of `make_subjects`. Nobody records why treatment ended, and nothing is concluded
    from what merely came before: what is planned is the arm's rule for the date that the app proposes.
    """
    infusions = (
        tables["events"]
        .filter(pl.col("in_force") & (pl.col("kind") == _INFUSION))
        .group_by(PERSON)
        .agg(pl.col("occurred_on").sort().alias("infusions_on"))
    )
    ended = subjects.filter(pl.col("treatment_ended_on").is_not_null())
    rules = {arm.code: arm.proposed.get(_ENDED) for arm in release.protocol.arms}
    rows = [
        (*(row[name] for name in PERSON), _find_end(rules.get(row["arm"]), row))
        for row in ended.join(infusions, on=PERSON, how="left", maintain_order="left").iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _find_end(rule: DateRule | None, subject: Mapping[str, Any]) -> str:
    """Give DSDECOD of one subject; without a rule nothing is known of the plan."""
    if rule is None:
        return NOT_SAID
    ended_on: date = subject["treatment_ended_on"]
    dates: dict[str, Sequence[date]] = {
        kind: () if (on := subject[f"{kind}_on"]) is None else (on,)
        for kind in ("randomised", *ENDING_EVENTS)
    }
    dates[_INFUSION] = tuple(on for on in subject["infusions_on"] or () if on <= ended_on)
    planned = [moment for moment in rule.moments if moment.event not in ENDING_EVENTS]
    reached = [_is_reached(moment, dates, ended_on) for moment in planned]
    if any(reached) if rule.pick == "earliest" else bool(reached) and all(reached):
        return COMPLETED
    for moment in rule.moments:
        if moment.event in ENDING_EVENTS and _find_date(moment, dates) == ended_on:
            return ENDING_EVENTS[moment.event]
    return NOT_SAID


def _is_reached(moment: Moment, dates: Mapping[str, Sequence[date]], ended_on: date) -> bool:
    """Say whether what is planned took place: enough infusions, or the end of the period."""
    if moment.event == _INFUSION:
        return len(dates[_INFUSION]) >= moment.at_least
    planned_on = _find_date(moment, dates)
    return planned_on is not None and planned_on <= ended_on


def _find_date(moment: Moment, dates: Mapping[str, Sequence[date]]) -> date | None:
    return find_rule_date(DateRule("earliest", (moment,)), lambda kind: dates.get(kind, ()))
