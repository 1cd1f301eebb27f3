"""What is done about somebody, so that there is a trail to read."""

from datetime import date

from clinic_world import Clinic, noon
from export_world import give_answers, send

from pro_app.services.considered_events import Correction
from pro_app.services.events import correct_event

ENROLLED = date(2026, 1, 5)
ANSWERED = date(2026, 1, 6)
INSTRUMENT = "qlq-c30"
QUESTIONS = range(1, 28)
"""Those of the first instrument that all have the options 1 to 4."""


def enrol_and_answer(clinic: Clinic, code: str, option: str) -> int:
    """Enrol somebody who chooses one option throughout, and sends the form; gives the participant's key."""
    participant_id = clinic.enrol(ENROLLED, participant_code=code, email=f"{code}@example.fr")
    answers = {INSTRUMENT: dict.fromkeys(QUESTIONS, option)}
    form = give_answers(clinic, participant_id, "BASELINE", on=ANSWERED, answers=answers)
    send(clinic, participant_id, form, on=ANSWERED)
    return participant_id


def correct_day(clinic: Clinic, event_id: int, on: date, *, reason: str) -> None:
    """Correct the day of a randomisation."""
    said = Correction(reason, on, {"arm": "LUTATHERA"})
    with clinic.writing() as session:
        correct_event(session, event_id, said, actor=clinic.nurse, now=noon(date(2026, 1, 20)))
