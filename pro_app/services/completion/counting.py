"""Counting forms for a scope of the clinic, in groups: what all pages of rates ask."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from pro_app.compliance.tallies import FIGURES, FormTally
from pro_app.protocol.protocol import InstrumentReference, Protocol
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.protocol_versions import list_versions
from pro_app.services.studies import load_current_protocol
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.queries.form_standings import (
    CountingRules,
    Dimension,
    Only,
    StandingScope,
    count_forms,
    list_planned_pairs,
)

Key = tuple[Any, ...]
EVERYTHING = Only()
NOTHING = FormTally()


def count_standings(
    session: Session,
    scope: ClinicScope,
    *,
    by: Sequence[Dimension] = (),
    only: Only = EVERYTHING,
    figures: Sequence[str] = FIGURES,
    now: datetime,
) -> dict[Key, FormTally]:
    """Count the forms of a scope whose window has closed at `now`, in groups `by` some dimensions.

    The keys have the values of `by` in that order: the site's key, codes of visit, mode, respondent, reason
    and who said it, the month of closing as `2026-03`; None where a form has none. `figures` narrows what is
    counted, the others stay 0. Counted anew each time from what is committed, never kept.
    """
    own = make_standing_scope(scope)
    rules = load_rules(session, scope.study_id, instrument_code=only.instrument_code, site_ids=scope.site_ids)
    # Site by site and visit by visit is the order of the index: the groups need no sorting.
    counted = count_forms(
        session,
        own,
        by=("site", "visit") if tuple(by) in {("site",), ("visit",), ()} else by,
        figures=figures,
        only=only,
        rules=rules,
        now=now,
    )
    tallies: dict[Key, FormTally] = {}
    for whole, counts in counted:
        key = _narrow(whole, by)
        tallies[key] = tallies.get(key, NOTHING) + FormTally(**counts)
    return tallies or ({} if by else {(): NOTHING})


def _narrow(whole: Key, by: Sequence[Dimension]) -> Key:
    """Give the key by what was asked, where it was counted by site and visit."""
    if tuple(by) == ("site",):
        return whole[:1]
    return whole[1:] if tuple(by) == ("visit",) else whole if by else ()


def make_standing_scope(scope: ClinicScope) -> StandingScope:
    """Give what the statements need to know of a scope."""
    return StandingScope(scope.study_id, scope.site_ids)


def load_rules(
    session: Session,
    study_id: int,
    *,
    instrument_code: str | None = None,
    site_ids: frozenset[int] | None = None,
) -> CountingRules:
    """Give what the versions of a study's protocol say about counting; with an instrument, where it is asked.

    A reason that closes a visit, and a respondent who is not scored, are so in every version that knows them.
    `site_ids` are those whose forms are to be counted; None for all.
    """
    versions = [load_protocol(session, version.sha256) for version in list_versions(session, study_id)]
    not_asked = {}
    if instrument_code:
        scope = StandingScope(study_id, site_ids)
        not_asked[instrument_code] = _list_not_asking(
            session, scope, instrument_code=instrument_code, versions=versions
        )
    return CountingRules(
        closing_reasons=frozenset(reason for version in versions for reason in version.closing_reasons),
        proxies=frozenset(r.code for version in versions for r in version.respondents if not r.scored),
        denominator_event=load_current_protocol(session, study_id).denominator_event,
        not_asked=not_asked,
    )


def _list_not_asking(
    session: Session, scope: StandingScope, *, instrument_code: str, versions: Sequence[Protocol]
) -> frozenset[tuple[str, str]]:
    """List protocol and visit wherever the instrument is not asked; nothing is read where all ask it."""
    by_hash = {version.sha256: version for version in versions}
    if all(_asks(phase.instruments, instrument_code) for version in versions for phase in version.phases):
        return frozenset()
    planned = list_planned_pairs(session, scope)
    phases = {(sha256, visit): by_hash[sha256].find_phase(visit) for sha256, visit in planned}
    return frozenset(
        pair
        for pair, phase in phases.items()
        if phase is None or not _asks(phase.instruments, instrument_code)
    )


def _asks(references: Sequence[InstrumentReference], instrument_code: str) -> bool:
    return any(reference.code == instrument_code for reference in references)
