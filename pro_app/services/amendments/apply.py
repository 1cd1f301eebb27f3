"""Applying an amendment in the transaction of the caller: everybody whom it concerns, or nobody."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, ProAppError, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.services.amendments.model import AmendmentPreview, AmendmentScope, PersonAmendment
from pro_app.services.amendments.overview import AMENDED
from pro_app.services.amendments.preview import Progress, preview_amendment
from pro_app.services.planning import PlanOutcome, plan_participant
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site

ROLES = ("administrator", "coordinator")
"""Who may apply an amendment."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What somebody says who has seen the preview: which one, why it is applied, and what is accepted."""

    fingerprint: str
    reason: str
    accepts_answered: bool = False


@dataclass(eq=False)
class AmendmentRefused(ProAppError):
    """Nothing was changed; `preview` says how it stands now.

    `why`: `changed` since it was seen, `forbidden` by what is recorded, `answered` visits not accepted.
    """

    why: str
    preview: AmendmentPreview


@dataclass(frozen=True, slots=True)
class AppliedAmendment:
    """What was done: the preview that held, and how many participants and sites came under the version."""

    preview: AmendmentPreview
    participants: int
    sites: int


def apply_amendment(
    session: Session,
    scope: AmendmentScope,
    confirmation: Confirmation,
    *,
    actor: Actor,
    now: datetime,
    language: str = LANGUAGES[0],
    progress: Progress | None = None,
) -> AppliedAmendment:
    """Put the sites and their participants under a version and plan all of them anew.

    Sites and participants are locked first, in the order of their keys. What is done already is not done
    again. Raises AmendmentRefused, InputRejected without a reason, NotPermitted, NotFound.
    """
    _check_actor(actor, scope)
    reason = _check_reason(confirmation.reason)
    sites, people = _lock(session, scope)
    preview = preview_amendment(session, scope, now=now, language=language, progress=progress)
    if preview.is_done:
        return AppliedAmendment(preview, 0, 0)
    _check_preview(preview, confirmation)
    # The chains of the audit trail are locked last, as by those who answer: nobody waits in a circle.
    outcomes = [
        (person, _amend(session, people[person.participant_id], person, preview=preview, now=now))
        for person in preview.people
    ]
    moved = [site for site in preview.sites if site.changes_version]
    for site in moved:
        sites[site.site_id].protocol_sha256 = preview.protocol.sha256
    session.flush()
    _record(session, preview, outcomes, reason=reason, actor=actor, now=now)
    return AppliedAmendment(preview, len(outcomes), len(moved))


def _check_actor(actor: Actor, scope: AmendmentScope) -> None:
    if actor.kind == "system":
        return
    if actor.study_id != scope.study_id:
        raise NotFound("study")
    if actor.role not in ROLES or actor.site_ids is not None:
        raise NotPermitted("apply an amendment")


def _check_reason(given: str) -> str:
    reason = given.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InputRejected((Problem(mark("Say why, in at most 500 characters."), place="reason"),))
    return reason


def _check_preview(preview: AmendmentPreview, confirmation: Confirmation) -> None:
    """Raise AmendmentRefused unless the preview is the one that was seen, and may be applied."""
    if not preview.is_possible:
        raise AmendmentRefused("forbidden", preview)
    if preview.fingerprint != confirmation.fingerprint:
        raise AmendmentRefused("changed", preview)
    if preview.answered_outside and not confirmation.accepts_answered:
        raise AmendmentRefused("answered", preview)


def _lock(session: Session, scope: AmendmentScope) -> tuple[dict[int, Site], dict[int, Participant]]:
    """Keep everybody else from enrolling at the sites and from changing their participants."""
    sites = select(Site).where(Site.study_id == scope.study_id).order_by(Site.id)
    people = select(Participant).where(Participant.study_id == scope.study_id).order_by(Participant.id)
    if scope.site_ids is not None:
        sites = sites.where(Site.id.in_(scope.site_ids))
        people = people.where(Participant.site_id.in_(scope.site_ids))
    locked_sites = session.scalars(
        sites.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
    locked_people = session.scalars(
        people.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
    return {site.id: site for site in locked_sites}, {person.id: person for person in locked_people}


def _amend(
    session: Session,
    participant: Participant,
    person: PersonAmendment,
    *,
    preview: AmendmentPreview,
    now: datetime,
) -> PlanOutcome:
    """Put one participant under the version and plan anew."""
    participant.protocol_sha256 = preview.protocol.sha256
    session.flush()
    return plan_participant(session, participant, now=now, left=person.left)


def _record(
    session: Session,
    preview: AmendmentPreview,
    outcomes: Collection[tuple[PersonAmendment, PlanOutcome]],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write an entry for each participant and each site, and one for the study."""
    version = preview.protocol.version
    moved = [site for site in preview.sites if site.changes_version]
    for site in sorted(preview.sites, key=lambda site: site.site_id):
        changes = [
            Change(
                "participant.amend",
                f"participant:{person.participant_id}",
                [_say_version(person.left.version, version), *outcome.list_audit_items()],
                reason,
            )
            for person, outcome in outcomes
            if person.site_id == site.site_id
        ]
        if site.changes_version:
            changes.append(
                Change("site.amend", f"site:{site.site_id}", [_say_version(site.version, version)], reason)
            )
        for change in changes:
            record_change(session, change, actor=actor, site_id=site.site_id, now=now)
    codes = ", ".join(site.site_code for site in preview.sites)
    items: list[dict[str, object]] = [
        _say_version(None, version),
        {"field": "sites", "before": None, "after": codes},
        {"field": "participants", "before": None, "after": str(len(outcomes))},
    ]
    items += [{"field": f"site:{site.site_id}", "before": site.version, "after": version} for site in moved]
    change = Change(AMENDED, f"study:{preview.scope.study_id}", items, reason)
    record_change(session, change, actor=actor, site_id=None, now=now)


def _say_version(before: str | None, after: str) -> dict[str, object]:
    return {"field": "protocol_version", "before": before, "after": after}
