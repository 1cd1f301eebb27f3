"""Personal tokens for programs that read releases: made, shown once, listed, revoked, recognised."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.releases.contents import record_download
from pro_app.services.releases.records import TAKERS, ReleaseRecord
from pro_app.services.sessions import token_digest
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import holds
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.api_tokens import ApiToken

LONGEST_LABEL = 100
LONGEST_LIFE_DAYS = 366
PREFIX = "proapp_"
"""Lets a person, and a program that looks for leaked secrets, tell a token for what it is."""

TOUCH_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token as its owner sees it."""

    token_id: int
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_living(self, now: datetime) -> bool:
        """Tell whether it still opens anything."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Whose token a program came with, and the role under which it reads."""

    account_id: int
    study_id: int
    role: str

    def actor(self, request_id: str) -> Actor:
        """Give the actor of one request."""
        return Actor(
            kind="staff",
            role=self.role,
            request_id=request_id,
            study_id=self.study_id,
            site_ids=None,
            account_id=self.account_id,
        )


def check_token(label: str, days: int) -> list[Problem]:
    """List what is wrong with the label or the life of a new token."""
    problems = []
    if not label.strip():
        problems.append(Problem(mark("Please say what the token is for."), place="label"))
    elif len(label) > LONGEST_LABEL:
        message = mark("Please use %(longest)s characters at most.")
        problems.append(Problem(message, {"longest": LONGEST_LABEL}, place="label"))
    elif not label.strip().isprintable():
        problems.append(Problem(mark("Please write this in one line of plain text."), place="label"))
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        message = mark("Please choose between 1 and %(longest)s days.")
        problems.append(Problem(message, {"longest": LONGEST_LIFE_DAYS}, place="days"))
    return problems


def create_token(session: Session, *, label: str, days: int, actor: Actor, now: datetime) -> str:
    """Make a token of the actor for the actor's study, valid for `days`; gives it, which is kept nowhere.

    Raises InputRejected, NotPermitted.
    """
    account_id, study_id = _owner(actor)
    problems = check_token(label, days)
    if problems:
        raise InputRejected(tuple(problems))
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        account_id=account_id,
        study_id=study_id,
        label=label.strip(),
        token_sha256=token_digest(token),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    items = [
        {"field": "label", "before": None, "after": row.label},
        {"field": "expires_at", "before": None, "after": row.expires_at.isoformat()},
    ]
    _record(session, "api_token.create", row, items=items, actor=actor, now=now)
    return token


def list_tokens(session: Session, *, actor: Actor) -> list[TokenRecord]:
    """List the actor's own tokens for the actor's study, the newest first; raises NotPermitted."""
    account_id, study_id = _owner(actor)
    rows = session.scalars(
        select(ApiToken)
        .where(ApiToken.account_id == account_id, ApiToken.study_id == study_id)
        .order_by(ApiToken.id.desc())
    )
    return [_read(row) for row in rows]


def load_token(session: Session, *, token_id: int, actor: Actor) -> TokenRecord:
    """Give one of the actor's own tokens; raises NotFound, NotPermitted."""
    return _read(_find_own(session, token_id, actor))


def revoke_token(session: Session, *, token_id: int, actor: Actor, now: datetime) -> None:
    """End one of the actor's own tokens at once; raises NotFound, NotPermitted."""
    row = _find_own(session, token_id, actor)
    if row.revoked_at is None:
        _end(session, row, actor=actor, now=now)


def revoke_tokens(
    session: Session, *, account_id: int, study_id: int | None = None, actor: Actor, now: datetime
) -> None:
    """End every token of an account, in one study or in all, whoever asks; nothing revives them."""
    rows = select(ApiToken).where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
    if study_id is not None:
        rows = rows.where(ApiToken.study_id == study_id)
    for row in session.scalars(rows.order_by(ApiToken.id)).all():
        _end(session, row, actor=actor, now=now)


def find_token_holder(database: Database, token: str, *, now: datetime) -> TokenHolder | None:
    """Find who holds a living token; a disabled account or the loss of the role ends it at once."""
    with database.reading() as session:
        row = session.execute(
            select(ApiToken, StaffRole.role)
            .join(Account, Account.id == ApiToken.account_id)
            .join(
                StaffRole,
                (StaffRole.account_id == ApiToken.account_id) & (StaffRole.study_id == ApiToken.study_id),
            )
            .where(
                ApiToken.token_sha256 == token_digest(token),
                ApiToken.revoked_at.is_(None),
                ApiToken.expires_at > now,
                Account.disabled_at.is_(None),
                holds(now),
                StaffRole.role.in_(sorted(TAKERS)),
            )
            .order_by(StaffRole.id)
            .limit(1)
        ).first()
        if row is None:
            return None
        record, role = row
    if record.last_used_at is None or now - record.last_used_at > TOUCH_AFTER:
        _touch(database, record.id, now=now)
    return TokenHolder(record.account_id, record.study_id, role)


def is_known_token(database: Database, token: str) -> bool:
    """Tell whether this ever was somebody's token, whatever became of it."""
    with database.reading() as session:
        found = session.scalar(select(ApiToken.id).where(ApiToken.token_sha256 == token_digest(token)))
    return found is not None


def note_download(
    database: Database, release: ReleaseRecord, *, what: str, actor: Actor, now: datetime
) -> None:
    """Keep in the audit trail what a program took, in a short transaction of its own: it only reads."""
    with database.writing() as session:
        record_download(session, release, what=what, actor=actor, now=now)


def _owner(actor: Actor) -> tuple[int, int]:
    """Give account and study of a member of staff who may take releases; raises NotPermitted."""
    if actor.role not in TAKERS or actor.account_id is None or actor.study_id is None:
        raise NotPermitted("api_token")
    return actor.account_id, actor.study_id


def _find_own(session: Session, token_id: int, actor: Actor) -> ApiToken:
    row = session.get(ApiToken, token_id)
    if row is None or (row.account_id, row.study_id) != _owner(actor):
        raise NotFound("api_token")
    return row


def _end(session: Session, row: ApiToken, *, actor: Actor, now: datetime) -> None:
    row.revoked_at = now
    items = [{"field": "revoked_at", "before": None, "after": now.isoformat()}]
    _record(session, "api_token.revoke", row, items=items, actor=actor, now=now)


def _record(
    session: Session,
    action: str,
    row: ApiToken,
    *,
    items: list[dict[str, Any]],
    actor: Actor,
    now: datetime,
) -> None:
    change = Change(action, f"api_token:{row.id}", items)
    record_change(session, change, actor=actor, site_id=None, now=now)


def _read(row: ApiToken) -> TokenRecord:
    return TokenRecord(
        token_id=row.id,
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _touch(database: Database, token_id: int, *, now: datetime) -> None:
    """Note that the token is in use, in a short transaction of its own and not at every request."""
    with database.writing() as session:
        session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))
