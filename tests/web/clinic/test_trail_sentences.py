"""What a reader of the audit trail sees in French, fact by fact."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from pro_app.services.participant_trail import TrailEntry
from pro_app.services.trail_changes import TrailChange
from pro_app.web.clinic.trail_words import what_words, who_words

DAY = "2026-03-12"


def entry(action: str, *changes: TrailChange, actor_kind: str = "participant") -> TrailEntry:
    return TrailEntry(
        entry_id=1,
        at=datetime(2026, 3, 12, 9, tzinfo=UTC),
        actor_kind=actor_kind,
        by=None,
        role="participant",
        site_code=None,
        action=action,
        visit="",
        reason=None,
        changes=changes,
        answers=0,
        is_redacted=False,
    )


@pytest.mark.parametrize(
    ("action", "change", "told"),
    [
        ("reminder.ask", TrailChange("remind_on", after=DAY), "date du rappel : 12 mars 2026"),
        ("task.record", TrailChange("again_on", after=DAY), "nouvel essai le : 12 mars 2026"),
        ("event.correct", TrailChange("until", after=DAY), "jusqu’au : 12 mars 2026"),
        ("event.record", TrailChange("occurred_on", after=DAY), "date : 12 mars 2026"),
        ("event.record", TrailChange("of", after="Fin de traitement"), "concerne : Fin de traitement"),
        ("assessment.reopen", TrailChange("reopened_until", after=DAY), "ouvert jusqu’au : 12 mars 2026"),
        ("assessment.not_done", TrailChange("said_by", after="Patient"), "indiqué par : Patient"),
        ("clarification.request", TrailChange("asked_on", after=DAY), "demandé le : 12 mars 2026"),
        ("clarification.request", TrailChange("asked_by", after="site"), "demandé par : le centre"),
        ("clarification.accept", TrailChange("mode", after="paper"), "mode de remplissage : sur papier"),
        ("participant.transfer", TrailChange("site", before="15", after="16"), "centre : 15 → 16"),
        ("participant.amend", TrailChange("moves_on", after=DAY), "à partir du : 12 mars 2026"),
        ("contact.change", TrailChange("email", after="given"), "ajout : adresse e-mail"),
        ("contact.change", TrailChange("telephone"), "retrait : numéro de téléphone"),
        ("contact.change", TrailChange("browser", after="given"), "ajout : notifications sur un appareil"),
        ("event.correct", TrailChange("event", "Décès", before=DAY), "retrait : Décès (12 mars 2026)"),
        ("device.remember", TrailChange("device", "12"), "appareil n° 12"),
    ],
)
def test_a_fact_is_said_in_good_french(app: Flask, action: str, *, change: TrailChange, told: str) -> None:
    with app.test_request_context(), force_locale("fr"):
        said = what_words(entry(action, change))
    assert said.replace("\N{NO-BREAK SPACE}", " ").endswith(f" : {told}")


def test_somebody_else_s_hand_on_a_form_is_not_this_patient_s(app: Flask) -> None:
    with app.test_request_context(), force_locale("fr"):
        assert who_words(entry("answers.save", actor_kind="other_participant")) == "un(e) autre patient(e)"
        assert who_words(entry("answers.save")) == "le ou la patient(e)"
