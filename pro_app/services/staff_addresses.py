"""The e-mail addresses of staff: in the contact vault, never in the audit trail."""

import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change
from pro_app.contacts.vault import NO_CONTACT, Contact, ContactVault
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.account_reach import require_changeable, require_works_here_only
from pro_app.services.account_records import (
    account_ref,
    load_account,
    load_any_account,
    record_account_change,
)
from pro_app.services.contact_details import parse_contact
from pro_app.services.open_invitations import withdraw_mailed
from pro_app.storage.tables.accounts import Account


def find_staff_address(session: Session, vault: ContactVault, account_id: int) -> str | None:
    """Find the e-mail address of an account; None where none is known."""
    contact_ref = load_any_account(session, account_id).contact_ref
    return vault.find(contact_ref).email if contact_ref is not None else None


def parse_staff_address(typed: str | None) -> str | None:
    """Give an e-mail address in its normal form, None where nothing is typed; raises InputRejected."""
    return parse_contact(email=typed, telephone=None, zone="Europe/Paris").email


def save_staff_address(
    session: Session,
    account_id: int,
    typed: str | None,
    *,
    vault: ContactVault,
    actor: Actor,
    now: datetime,
) -> str | None:
    """Save one's own address or that of an account within reach; gives it, None where it was taken away.

    The audit trail says that it changed and not to what; an invitation that was mailed to the earlier one is
    taken back. The vault commits at once: call this when nothing
    else of the request can be refused. Raises InputRejected for what is no address, NotFound and NotPermitted
    as other changes of accounts.
    """
    address = parse_staff_address(typed)
    account = _load(session, account_id, actor=actor, now=now)
    before = vault.find(account.contact_ref).email if account.contact_ref is not None else None
    if before == address:
        return address
    if account.contact_ref is None:
        account.contact_ref = secrets.token_hex(16)
    if address is None:
        account.digest_hour = None
    items = [{"field": "email", "given": address is not None}]
    record_account_change(
        session, Change("account.change_address", account_ref(account), items), actor=actor, now=now
    )
    withdraw_mailed(session, account_id, actor=actor, now=now)
    session.flush()
    vault.save(account.contact_ref, NO_CONTACT if address is None else Contact(address, None), now=now)
    return address


def require_address(session: Session, vault: ContactVault, account_id: int) -> str:
    """Give the reference of an account's address in the vault; raises InputRejected where there is none."""
    account = load_any_account(session, account_id)
    if account.contact_ref is None or vault.find(account.contact_ref).email is None:
        message = mark("No e-mail address is known. Please write it down first, or print the invitation.")
        raise InputRejected((Problem(message, place="email"),))
    return account.contact_ref


def _load(session: Session, account_id: int, *, actor: Actor, now: datetime) -> Account:
    if actor.account_id == account_id:
        return load_any_account(session, account_id)
    account = load_account(session, account_id, actor=actor)
    require_changeable(session, account_id, actor=actor, now=now)
    require_works_here_only(session, account_id, actor=actor, now=now)
    return account
