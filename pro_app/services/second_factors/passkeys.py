"""Passkeys (W3C Web Authentication, level 2): adding one, proving the second factor by one.

They stand beside the authenticator app, never in its place: whoever loses them has the app and its recovery
codes. A passkey signs for one origin only, so a page that looks like ours gets nothing from it.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from pro_app.audit.trail import Change
from pro_app.errors import InputRejected, NotFound, NotPermitted, Problem
from pro_app.language import mark
from pro_app.services.account_records import record_account_change
from pro_app.services.second_factors.passkey_party import RelyingParty
from pro_app.services.second_factors.passkey_records import (
    KnownPasskey,
    keep_challenge,
    list_rows,
    passkey_does_not_fit,
    take_challenge,
)
from pro_app.services.second_factors.proving import complete_sign_in
from pro_app.services.second_factors.records import PASSKEY, find_second_factor
from pro_app.services.staff_sessions import StaffSignIn
from pro_app.storage.tables.accounts import Account
from pro_app.storage.tables.passkeys import Passkey

Verified = TypeVar("Verified")
MOST_PASSKEYS = 10
LONGEST_LABEL = 100
LONGEST_ANSWER = 20_000
"""Characters of JSON; what browsers send is a tenth of that."""
_MALFORMED = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
"""What the library raises for an answer that is false, or for one that is none."""
logger = logging.getLogger(__name__)


def begin_adding(session: Session, sign_in: StaffSignIn, *, party: RelyingParty, now: datetime) -> str:
    """Give the options (JSON) by which a browser makes a passkey, and remember what it is to sign.

    The caller has asked for the password. Raises NotPermitted for whoever has no app or has not gone through,
    InputRejected where there are as many as can be.
    """
    if sign_in.second_factor_at is None or find_second_factor(session, sign_in.account_id) is None:
        raise NotPermitted("add a passkey")
    known = list_rows(session, sign_in.account_id)
    if len(known) >= MOST_PASSKEYS:
        message = mark("There are %(most)s passkeys already. Remove one that you do not use.")
        raise InputRejected((Problem(message, {"most": MOST_PASSKEYS}, place="label"),))
    options = generate_registration_options(
        rp_id=party.host,
        rp_name=party.host,
        user_id=f"account:{sign_in.account_id}".encode(),
        user_name=sign_in.username,
        user_display_name=sign_in.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[_describe(row) for row in known],
    )
    keep_challenge(session, sign_in, options.challenge, purpose="add", now=now)
    return options_to_json(options)


def add_passkey(
    session: Session,
    sign_in: StaffSignIn,
    *,
    answer: str,
    label: str,
    party: RelyingParty,
    now: datetime,
    request_id: str = "",
) -> KnownPasskey:
    """Keep the passkey that a browser just made for this session; raises InputRejected for any other."""
    named = label.strip()
    if not 0 < len(named) <= LONGEST_LABEL or not named.isprintable():
        raise InputRejected((Problem(mark("Please give the passkey a name in one line."), place="label"),))
    challenge = take_challenge(session, sign_in, purpose="add", now=now)
    verified = _verify(
        lambda: verify_registration_response(
            credential=_limit(answer),
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
        )
    )
    session.get_one(Account, sign_in.account_id, with_for_update=True)
    credential_id = bytes_to_base64url(verified.credential_id)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)) is not None:
        raise InputRejected((passkey_does_not_fit(),))
    row = Passkey(
        account_id=sign_in.account_id,
        label=named,
        credential_id=credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        added_at=now,
    )
    session.add(row)
    session.flush()
    items = [{"field": "second_factor", "before": None, "after": f"{PASSKEY}:{row.id}"}]
    change = Change("account.add_passkey", f"account:{sign_in.account_id}", items)
    record_account_change(session, change, actor=sign_in.actor(request_id), now=now)
    return KnownPasskey(row.id, row.label, row.added_at, None)


def begin_proving(session: Session, sign_in: StaffSignIn, *, party: RelyingParty, now: datetime) -> str:
    """Give the options (JSON) by which a browser signs with one of the account's passkeys.

    Raises NotFound where the account has none.
    """
    known = list_rows(session, sign_in.account_id)
    if not known:
        raise NotFound("passkey")
    options = generate_authentication_options(
        rp_id=party.host,
        allow_credentials=[_describe(row) for row in known],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    keep_challenge(session, sign_in, options.challenge, purpose="prove", now=now)
    return options_to_json(options)


def prove_by_passkey(
    session: Session,
    sign_in: StaffSignIn,
    *,
    answer: str,
    party: RelyingParty,
    now: datetime,
    request_id: str = "",
) -> str:
    """Complete a sign-in by a passkey; gives the session's new token.

    Raises InputRejected for an answer to another question, from another page, of another account's passkey,
    and where the passkey has counted fewer uses than we have seen: it has been copied then.
    """
    challenge = take_challenge(session, sign_in, purpose="prove", now=now)
    row = _find_signing(session, sign_in.account_id, answer)
    verified = _verify(
        lambda: verify_authentication_response(
            credential=_limit(answer),
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
        )
    )
    row.sign_count, row.used_at = verified.new_sign_count, now
    return complete_sign_in(session, sign_in, kind=PASSKEY, now=now, request_id=request_id)


def _describe(row: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential_id))


def _find_signing(session: Session, account_id: int, answer: str) -> Passkey:
    """Find the account's passkey that an answer names, locked; raises InputRejected."""
    named = _verify(lambda: parse_authentication_credential_json(_limit(answer)).id)
    row = session.scalar(
        select(Passkey)
        .where(Passkey.credential_id == named, Passkey.account_id == account_id, Passkey.removed_at.is_(None))
        .with_for_update()
    )
    if row is None:
        raise InputRejected((passkey_does_not_fit(),))
    return row


def _limit(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("answer")
    return answer


def _verify(check: Callable[[], Verified]) -> Verified:
    """Give what the library found to be true; raises InputRejected for everything else, in the same words."""
    try:
        return check()
    except _MALFORMED as refused:
        logger.warning("a passkey was refused: %s", type(refused).__name__)
        raise InputRejected((passkey_does_not_fit(),)) from refused
