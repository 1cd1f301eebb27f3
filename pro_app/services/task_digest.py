"""The morning digest: how many tasks of each kind wait for a member of a site, by e-mail where wanted.

On working days, at the hour that was chosen, in the time zone of the site; a morning that was missed is made
up for within MADE_UP_FOR. It tells counts and nothing else.
"""

import logging
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.clock import Clock
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected, NotPermitted, Problem
from pro_app.language import mark
from pro_app.reminders.public_holidays import is_public_holiday
from pro_app.reminders.staff_mail.enqueue import NewStaffMail, enqueue_staff_mail, list_known_keys
from pro_app.services.account_records import load_any_account, record_account_change
from pro_app.services.account_rules import SITE_ROLES
from pro_app.services.site_tasks import count_tasks_by_site
from pro_app.services.staff_addresses import parse_staff_address, save_staff_address
from pro_app.services.studies import load_current_protocol
from pro_app.storage.database import Database
from pro_app.storage.queries.accounts import holds
from pro_app.storage.tables.accounts import Account, StaffRole
from pro_app.storage.tables.sites import Site

_log = logging.getLogger(__name__)

HOURS = tuple(range(6, 13))
MADE_UP_FOR = timedelta(hours=3)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class DigestWish:
    """What the owner of an account said: the hour where the site is (None: no digest), and the address."""

    hour: int | None
    email: str | None


@dataclass(frozen=True, slots=True)
class _Reader:
    """An account whose hour this is; `roles` are those at sites, by study and site, `day` is the first's."""

    account_id: int
    study_id: int
    day: date
    zone: str
    contact_ref: str
    message_key: str
    expires_at: datetime
    roles: tuple[tuple[int, int, str], ...]


def find_digest_hour(session: Session, account_id: int) -> int | None:
    """Find at which hour the digest of an account comes; None where none is wanted."""
    return load_any_account(session, account_id).digest_hour


def find_digest_wish(session: Session, vault: ContactVault, account_id: int) -> DigestWish:
    """Give what the owner of an account chose."""
    account = load_any_account(session, account_id)
    email = vault.find(account.contact_ref).email if account.contact_ref is not None else None
    return DigestWish(account.digest_hour, email)


def save_digest_wish(
    session: Session, wish: DigestWish, *, vault: ContactVault, actor: Actor, now: datetime
) -> None:
    """Save one's own wish and address; raises InputRejected for no such hour, or no address."""
    if actor.account_id is None or actor.role not in SITE_ROLES:
        raise NotPermitted("digest")
    if wish.hour is not None and wish.hour not in HOURS:
        raise InputRejected((Problem(mark("Please choose one of the hours."), place="hour"),))
    if wish.hour is not None and not (wish.email or "").strip():
        raise InputRejected((Problem(mark("Please write where the digest goes."), place="email"),))
    parse_staff_address(wish.email)  # before anything is changed, since a refusal is answered by a page
    account = session.get_one(Account, actor.account_id, with_for_update=True)
    before = account.digest_hour
    account.digest_hour = wish.hour
    save_staff_address(session, account.id, wish.email, vault=vault, actor=actor, now=now)
    if before != wish.hour:
        items = [{"field": "digest_hour", "before": before, "after": wish.hour}]
        change = Change("account.change_digest", f"account:{account.id}", items)
        record_account_change(session, change, actor=actor, now=now)


def enqueue_digests(database: Database, *, clock: Clock) -> int:
    """Write the digests whose hour has come, each in a transaction of its own; gives how many were written.

    The tasks are counted while nothing is held: a site of thousands holds up nobody who writes. What fails
    for one reader is logged, and tried again with the next round; the others get theirs.
    """
    now = clock()
    with database.reading() as session:
        readers = _list_readers(session, now=now)
        known = list_known_keys(session, [reader.message_key for reader in readers])
    readers = [reader for reader in readers if reader.message_key not in known]
    written = 0
    for reader in readers:
        try:
            written += _enqueue_digest(database, reader, clock=clock, now=now)
        except Exception:  # noqa: BLE001 -- whatever is wrong at one site, the others get theirs
            _log.exception("a digest could not be written; the others go on")
    return written


def _enqueue_digest(database: Database, reader: _Reader, *, clock: Clock, now: datetime) -> bool:
    """Count for one reader and write the digest; tells whether this is a day for one."""
    with database.reading() as session:
        if not _is_working_day(session, reader):
            return False
        counts = _count(session, reader, now=now)
    mail = NewStaffMail(
        message_key=reader.message_key,
        account_id=reader.account_id,
        kind="digest",
        contact_ref=reader.contact_ref,
        expires_at=reader.expires_at,
        counts=counts,
    )
    with database.writing() as session:
        enqueue_staff_mail(session, mail, now=clock())
    return True


def _list_readers(session: Session, *, now: datetime) -> list[_Reader]:
    """List the accounts whose hour has come today, where they work."""
    rows = session.execute(
        select(Account, StaffRole, Site.zone)
        .join(StaffRole, StaffRole.account_id == Account.id)
        .join(Site, Site.id == StaffRole.site_id)
        .where(
            Account.digest_hour.is_not(None),
            Account.contact_ref.is_not(None),
            Account.disabled_at.is_(None),
            holds(now),
        )
        .order_by(Account.id, StaffRole.id)
    ).all()
    of_account: dict[int, list[tuple[Account, StaffRole, str]]] = {}
    for account, role, zone in rows:
        of_account.setdefault(account.id, []).append((account, role, zone))
    found = [_find_reader(held, now=now) for held in of_account.values()]
    return [reader for reader in found if reader is not None]


def _find_reader(held: list[tuple[Account, StaffRole, str]], *, now: datetime) -> _Reader | None:
    """Give the reader where this is the time, in the zone of the first site."""
    account, first, zone = held[0]
    day = now.astimezone(ZoneInfo(zone)).date()
    if account.digest_hour is None or account.contact_ref is None:
        return None
    begins_at = datetime.combine(day, time(account.digest_hour), ZoneInfo(zone)).astimezone(UTC)
    if not begins_at <= now < begins_at + MADE_UP_FOR:
        return None
    return _Reader(
        account_id=account.id,
        study_id=first.study_id,
        day=day,
        zone=zone,
        contact_ref=account.contact_ref,
        message_key=f"digest:{account.id}:{day.isoformat()}",
        expires_at=begins_at + MADE_UP_FOR,
        roles=tuple((role.study_id, role.site_id, role.role) for _a, role, _z in held if role.site_id),
    )


def _is_working_day(session: Session, reader: _Reader) -> bool:
    """Tell whether the reader's day is one for messages by the calendar that the study keeps."""
    if reader.day.weekday() >= SATURDAY:
        return False
    country = load_current_protocol(session, reader.study_id).messages.public_holidays_of
    return country is None or not is_public_holiday(reader.day, country=country, zone=reader.zone)


def _count(session: Session, reader: _Reader, *, now: datetime) -> dict[str, int]:
    """Count the tasks of each kind at the sites of the reader; what two roles see alike counts once."""
    of_site: dict[int, dict[str, int]] = {}
    for study_id, site_id, role in reader.roles:
        actor = Actor(
            kind="staff",
            role=role,
            request_id=secrets.token_hex(8),
            study_id=study_id,
            site_ids=frozenset({site_id}),
            account_id=reader.account_id,
        )
        seen = of_site.setdefault(site_id, {})
        for count in count_tasks_by_site(session, actor=actor, now=now):
            for kind, number in count.by_kind.items():
                seen[kind] = max(number, seen.get(kind, 0))
    total: Counter[str] = Counter()
    for seen in of_site.values():
        total.update(seen)
    return dict(total)
