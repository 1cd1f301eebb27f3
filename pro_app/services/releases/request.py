"""Asking for a data release, and approving the purpose of one as the second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.exports.making.purposes import ANALYSES, PURPOSES
from pro_app.language import mark
from pro_app.services.releases.records import ROLES, ReleaseRecord, read_release, require_permitted
from pro_app.storage.queries.accounts import list_active_roles
from pro_app.storage.queries.releases import find_last_number, find_release
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.releases import DataRelease
from pro_app.storage.tables.studies import Study

LONGEST_REASON = 500


def check_request(reason: str, purpose: str) -> list[Problem]:
    """List what is wrong with what somebody who asks for a release says."""
    problems = []
    if not reason.strip():
        problems.append(Problem(mark("Please say why the release is made."), place="reason"))
    elif len(reason.strip()) > LONGEST_REASON:
        message = mark("Please use %(longest)s characters at most.")
        problems.append(Problem(message, {"longest": LONGEST_REASON}, place="reason"))
    elif not reason.strip().isprintable():
        problems.append(Problem(mark("Please write this in one line of plain text."), place="reason"))
    if purpose not in PURPOSES:
        problems.append(Problem(mark("Please choose what the release is for."), place="purpose"))
    return problems


def request_release(
    session: Session,
    *,
    study_id: int,
    reason: str,
    purpose: str,
    demographics: Mapping[str, Mapping[str, Any]] | None = None,
    requester: Actor | None = None,
    actor: Actor,
    now: datetime,
) -> ReleaseRecord:
    """Put the next number down, to be made by the worker; `demographics` as `parse_demographics` gives it.

    It is asked for by `requester` where somebody acts for another, as a command does. Raises InputRejected
    without a reason, with an unknown purpose, or for an analysis that nobody by name asks for: whoever
    approves it must be somebody else. Raises NotFound, NotPermitted.
    """
    asking = requester or actor
    require_permitted(study_id, actor)
    require_permitted(study_id, asking)
    problems = check_request(reason, purpose)
    if purpose in ANALYSES and asking.account_id is None:
        message = mark("For this purpose, say whose account asks for the release; somebody else approves it.")
        problems.append(Problem(message, place="account"))
    if problems:
        raise InputRejected(tuple(problems))
    # Two who ask at the same moment queue on the study, so that each gets a number of its own.
    study = session.scalar(select(Study).where(Study.id == study_id).with_for_update())
    if study is None:
        raise NotFound("study")
    row = DataRelease(
        study_id=study_id,
        number=find_last_number(session, study_id) + 1,
        reason=reason.strip(),
        purpose=purpose,
        demographics={code: dict(said) for code, said in (demographics or {}).items()},
        requested_at=now,
        requested_by=f"{asking.reference} ({asking.role})",
        requested_by_id=asking.account_id,
        progress_done=0,
        progress_total=0,
        row_counts={},
        failure_details=[],
    )
    session.add(row)
    session.flush()
    said = {"number": row.number, "purpose": purpose, "people_described": len(row.demographics)}
    if requester is not None:
        said["requested_by"] = row.requested_by
    items = [{"field": name, "before": None, "after": str(value)} for name, value in said.items()]
    change = Change("release.request", f"release:{row.id}", items, reason=row.reason)
    record_change(session, change, actor=actor, site_id=None, now=now)
    return read_release(session, row)


def load_requester(session: Session, *, study_id: int, username: str, now: datetime) -> Actor:
    """Give somebody in whose name a command may ask for releases of the study.

    Raises InputRejected where there is no such account that is open and has a role that may.
    """
    account = session.scalar(select(Account).where(Account.username == username.strip().lower()))
    held = list_active_roles(session, at=now, account_id=account.id, study_id=study_id) if account else []
    for role in held:
        if role.role in ROLES:
            return Actor("staff", role.role, "", study_id=study_id, site_ids=None, account_id=role.account_id)
    message = mark("The study has no coordinator or statistician with the account “%(username)s”.")
    raise InputRejected((Problem(message, {"username": username[:64]}, place="account"),))


def approve_release(
    session: Session, *, study_id: int, number: int, actor: Actor, now: datetime
) -> ReleaseRecord:
    """Approve the purpose of a release as the second person.

    Raises InputRejected where there is nothing to approve, or for the person who asked for it; NotFound,
    NotPermitted.
    """
    require_permitted(study_id, actor)
    row = find_release(session, study_id=study_id, number=number, lock=True)
    if row is None:
        raise NotFound("release")
    problem = _check_approval(row, actor)
    if problem is not None:
        raise InputRejected((problem,))
    row.approved_at, row.approved_by_id = now, actor.account_id
    session.flush()
    items = [{"field": "purpose", "before": row.purpose, "after": row.purpose}]
    change = Change("release.approve", f"release:{row.id}", items)
    record_change(session, change, actor=actor, site_id=None, now=now)
    return read_release(session, row)


def _check_approval(row: DataRelease, actor: Actor) -> Problem | None:
    if row.made_at is None:
        return Problem(mark("The release is not made yet."))
    if row.purpose not in ANALYSES:
        return Problem(mark("A release for this purpose needs no approval."))
    if row.approved_at is not None:
        return Problem(mark("The release was approved before."))
    if actor.account_id is None or actor.account_id == row.requested_by_id:
        return Problem(mark("Somebody else than the person who asked for the release must approve it."))
    return None
