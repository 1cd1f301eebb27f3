"""Printing a sign-in card: the plain codes exist only in the answer to the request that makes them."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.audit.trail import Change, record_change
from pro_app.services.participants import load_participant
from pro_app.services.sessions import end_participant_sessions, token_digest
from pro_app.services.sign_in_codes import SHORT_CODE_LENGTH, SIGN_IN_CODE_LENGTH, code_digest, make_code
from pro_app.services.sites import load_site
from pro_app.storage.tables.credentials import ParticipantCredential, SignInCard

CARD_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """What a card shows; token and codes are readable nowhere else and never again."""

    participant_id: int
    participant_code: str
    token: str
    short_code: str
    sign_in_code: str
    expires_at: datetime
    zone: str
    language: str
    site_name: str
    site_telephone: str
    sender_label: str


def print_card(
    session: Session, *, participant_id: int, secret_key: str, actor: Actor, now: datetime
) -> PrintedCard:
    """Make a new card with a new sign-in code; the cards before it and the open sessions end with it."""
    participant = load_participant(session, participant_id, actor=actor, lock=True)
    site = load_site(session, participant.site_id, actor=actor)
    card = PrintedCard(
        participant_id=participant.id,
        participant_code=participant.participant_code,
        token=secrets.token_urlsafe(32),
        short_code=make_code(SHORT_CODE_LENGTH),
        sign_in_code=make_code(SIGN_IN_CODE_LENGTH),
        expires_at=now + CARD_LIFE,
        zone=participant.zone,
        language=participant.language,
        site_name=site.name,
        site_telephone=site.telephone,
        sender_label=site.sender_label,
    )
    voided = _void_cards(session, participant_id=participant.id, now=now)
    _save_card(session, card, secret_key=secret_key, actor=actor, now=now)
    _save_sign_in_code(session, card, secret_key=secret_key)
    end_participant_sessions(session, participant_id=participant.id, now=now)
    items = [{"field": "expires_at", "before": None, "after": card.expires_at.isoformat()}]
    items += [{"field": "voided_cards", "before": None, "after": str(voided)}] if voided else []
    record_change(
        session,
        Change("card.print", f"participant:{participant.id}", items),
        actor=actor,
        site_id=participant.site_id,
        now=now,
    )
    return card


def _void_cards(session: Session, *, participant_id: int, now: datetime) -> int:
    """Void the cards that could still be used and tell how many there were."""
    voided = session.scalars(
        update(SignInCard)
        .where(
            SignInCard.participant_id == participant_id,
            SignInCard.used_at.is_(None),
            SignInCard.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(SignInCard.id)
    )
    return len(voided.all())


def _save_card(session: Session, card: PrintedCard, *, secret_key: str, actor: Actor, now: datetime) -> None:
    session.add(
        SignInCard(
            participant_id=card.participant_id,
            token_digest=token_digest(card.token),
            short_code_digest=code_digest(secret_key, "short", card.short_code),
            printed_at=now,
            printed_by_id=actor.account_id,
            expires_at=card.expires_at,
        )
    )


def _save_sign_in_code(session: Session, card: PrintedCard, *, secret_key: str) -> None:
    digest = code_digest(secret_key, "sign-in", card.sign_in_code)
    credential = session.get(ParticipantCredential, card.participant_id)
    if credential is None:
        session.add(ParticipantCredential(participant_id=card.participant_id, sign_in_code_digest=digest))
    else:
        credential.sign_in_code_digest = digest
    session.flush()
