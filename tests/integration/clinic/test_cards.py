from datetime import date, timedelta

import pytest
from clinic_world import Clinic, noon
from conftest import TEST_SECRET
from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.services.cards import PrintedCard, print_card
from pro_app.services.sessions import token_digest
from pro_app.services.sign_in_codes import code_digest
from pro_app.storage.tables.audit_trail import AuditPayload
from pro_app.storage.tables.credentials import ParticipantCredential, SignInCard

TODAY = date(2026, 3, 2)


def print_for(clinic: Clinic, participant_id: int, actor: Actor | None = None) -> PrintedCard:
    with clinic.writing() as session:
        return print_card(
            session,
            participant_id=participant_id,
            secret_key=TEST_SECRET,
            actor=actor or clinic.nurse,
            now=noon(TODAY),
        )


def test_a_card_is_kept_only_as_digests_and_for_seven_days(clinic: Clinic) -> None:
    participant_id = clinic.enrol(TODAY)
    card = print_for(clinic, participant_id)
    with clinic.database.reading() as session:
        stored = session.scalars(select(SignInCard)).one()
        credential = session.get_one(ParticipantCredential, participant_id)
        payloads = str([payload.items for payload in session.scalars(select(AuditPayload))])
    assert stored.token_digest == token_digest(card.token)
    assert stored.short_code_digest == code_digest(TEST_SECRET, "short", card.short_code)
    assert credential.sign_in_code_digest == code_digest(TEST_SECRET, "sign-in", card.sign_in_code)
    assert stored.expires_at == card.expires_at == noon(TODAY) + timedelta(days=7)
    assert not any(secret in payloads for secret in (card.token, card.short_code, card.sign_in_code))


def test_the_card_names_the_site_and_its_telephone_and_no_person(clinic: Clinic) -> None:
    card = print_for(clinic, clinic.enrol(TODAY))
    assert (card.site_name, card.site_telephone, card.sender_label) == (
        "Centre 15",
        "04 67 61 31 00",
        "Suivi 34",
    )


def test_a_new_card_voids_the_one_before_and_changes_the_sign_in_code(clinic: Clinic) -> None:
    participant_id = clinic.enrol(TODAY)
    first, second = print_for(clinic, participant_id), print_for(clinic, participant_id)
    with clinic.database.reading() as session:
        cards = session.scalars(select(SignInCard).order_by(SignInCard.id)).all()
        credential = session.get_one(ParticipantCredential, participant_id)
    assert [card.revoked_at is not None for card in cards] == [True, False]
    assert cards[1].token_digest == token_digest(second.token)
    assert credential.sign_in_code_digest == code_digest(TEST_SECRET, "sign-in", second.sign_in_code)
    assert len({first.sign_in_code, second.sign_in_code, first.token, second.token}) == 4


def test_another_site_cannot_print_a_card(clinic: Clinic) -> None:
    participant_id = clinic.enrol(TODAY)
    with pytest.raises(NotFound):
        print_for(clinic, participant_id, actor=clinic.other_nurse)
