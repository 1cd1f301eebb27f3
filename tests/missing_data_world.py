"""A clinic whose questionnaires stand in every state there is, spread over some months and two sites."""

from dataclasses import replace
from datetime import date, timedelta

from clinic_world import Clinic, noon

from pro_app.services.visits import NotDone, record_not_done, reopen_visit

LOOKED_ON = date(2026, 6, 10)
ENOUGH = 5
"""Answers that make one scale scorable; a single one does not."""
FIRST_DAYS = (date(2025, 12, 1), date(2026, 1, 5), date(2026, 1, 26), date(2026, 2, 23), date(2026, 3, 30))
PEOPLE_AT_FIRST_SITE = 8


def fill_two_sites(clinic: Clinic) -> tuple[list[int], list[int]]:
    """Enrol eight people at the first site and two at the other one; gives their keys."""
    first = [_follow(clinic, f"15-{number:03}", number) for number in range(1, PEOPLE_AT_FIRST_SITE + 1)]
    elsewhere = replace(clinic, site_id=clinic.other_site_id, nurse=clinic.other_nurse)
    second = [_follow(elsewhere, f"16-{number:03}", number) for number in (1, 4)]
    _explain_and_reopen(clinic, first)
    return first, second


def _follow(clinic: Clinic, code: str, number: int) -> int:
    """Enrol somebody, randomise a week later, and answer what the number says."""
    enrolled_on = FIRST_DAYS[number % len(FIRST_DAYS)]
    arm = ("LUTATHERA", "SURVEILLANCE")[number % 2]
    participant_id = clinic.enrol(enrolled_on, participant_code=code, email=f"{code}@example.fr")
    if number % 2:
        clinic.answer(participant_id, "BASELINE", enrolled_on + timedelta(days=1), items=ENOUGH)
    randomised_on = enrolled_on + timedelta(days=7)
    if number == PEOPLE_AT_FIRST_SITE:  # is never randomised
        return participant_id
    clinic.record(participant_id, "randomised", randomised_on, arm=arm)
    week_8 = randomised_on + timedelta(weeks=8)
    if number in {1, 2, 3}:  # the third one's form cannot be scored
        clinic.answer(participant_id, "W08", week_8, items=ENOUGH if number < 3 else 1)
    if number == 4:
        clinic.answer(participant_id, "W08", week_8, submit=False)
    if number == 6:
        clinic.record(participant_id, "left", week_8 + timedelta(weeks=6))
    return participant_id


def _explain_and_reopen(clinic: Clinic, people: list[int]) -> None:
    """Say why one form is missing, and open another one again."""
    explained = clinic.assessments(people[4])["W08"]
    with clinic.writing() as session:
        record_not_done(
            session,
            explained.assessment_id,
            NotDone("FORGOT", "patient", ""),
            actor=clinic.nurse,
            now=noon(LOOKED_ON - timedelta(days=2)),
        )
    reopened = clinic.assessments(people[6])["W16"]
    with clinic.writing() as session:
        reopen_visit(
            session,
            reopened.assessment_id,
            reason="was away",
            actor=clinic.nurse,
            now=noon(LOOKED_ON - timedelta(days=5)),
        )
