"""`pro-app verify-scores` on a stored trial: silent while all is well, and naming whatever was changed."""

import csv
import io
from datetime import date

import pytest
from click.testing import CliRunner
from clinic_world import Clinic
from conftest import TEST_SECRET
from export_world import give_answers, golden_answers, send
from sqlalchemy import create_engine, make_url, text

from pro_app.cli import main, translation
from pro_app.services.score_verification import verify_scores
from pro_app.storage import catalogue

CONSENT, RANDOMISATION, WEEK_8 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 3, 9)
ANSWERS = {"qlq-c30": golden_answers("c30", 3), "qlq-ginet21": golden_answers("ginet21", 7)}
SCALES = 16 + 9
FIRST_RESPONSE = (
    "(SELECT min(r.id) FROM responses r JOIN assessments a ON a.id = r.assessment_id"
    " JOIN participants p ON p.id = a.participant_id WHERE p.participant_code = '15-001'"
    " AND a.visit_code = 'BASELINE' AND r.instrument_code = 'qlq-c30')"
)


@pytest.fixture(autouse=True)
def english_settings(monkeypatch: pytest.MonkeyPatch, database_url: str, contacts_url: str) -> None:
    for name, value in {
        "DATABASE_URL": database_url,
        "CONTACTS_DATABASE_URL": contacts_url,
        "SECRET_KEY": TEST_SECRET,
        "CONTACTS_KEY": TEST_SECRET,
        "MAIL_URL": "smtp://localhost:1",
        "MAIL_SENDER": "reluth@example.org",
        "PUBLIC_URL": "http://localhost",
        "LANGUAGE": "en",
    }.items():
        monkeypatch.setenv(f"PRO_APP_{name}", value)
    translation._catalogue.cache_clear()  # noqa: SLF001 -- a process reads its language once


@pytest.fixture
def trial(clinic: Clinic) -> Clinic:
    """Give a trial of two people: two forms that were sent, one by proxy, one that was only begun."""
    first, second = (clinic.enrol(CONSENT, participant_code=code) for code in ("15-001", "15-002"))
    send(clinic, first, give_answers(clinic, first, "BASELINE", on=CONSENT, answers=ANSWERS), on=CONSENT)
    proxy = give_answers(clinic, second, "BASELINE", on=CONSENT, answers=ANSWERS)
    send(clinic, second, proxy, on=CONSENT, respondent="proxy")
    for person in (first, second):
        clinic.record(person, "randomised", RANDOMISATION, arm="LUTATHERA")
    send(clinic, first, give_answers(clinic, first, "W08", on=WEEK_8, answers=ANSWERS), on=WEEK_8)
    give_answers(clinic, second, "W08", on=WEEK_8, answers=ANSWERS)
    return clinic


def change(trial: Clinic, statement: str) -> None:
    with trial.writing() as session:
        assert session.execute(text(statement)).rowcount > 0  # type: ignore[attr-defined]  # a change has one


def change_as_owner(trial: Clinic, request: pytest.FixtureRequest, statement: str) -> None:
    """Change a stored definition as only who owns the database can, with its triggers out of the way."""
    url, without = trial.database.engine.url, "DROP TRIGGER stored_definitions_kept"
    if url.get_backend_name() == "postgresql":
        url = make_url(request.getfixturevalue("postgres_owner_url")).set(database=url.database)
        without = "SET LOCAL session_replication_role = replica"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(without))
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def verify(*arguments: str, status: int) -> tuple[list[dict[str, str]], str]:
    """Run the command; give the rows that it prints, and what it says in the end."""
    result = CliRunner().invoke(main, ["verify-scores", *arguments], catch_exceptions=False)
    assert result.exit_code == status
    return list(csv.DictReader(io.StringIO(result.stdout))), result.stderr.splitlines()[-1]


def test_scores_that_the_app_stored_are_all_confirmed(trial: Clinic) -> None:
    rows, said = verify("--study", "reluth", status=0)

    assert (rows, said) == ([], f"{2 * SCALES} scores checked, 0 differences")
    with trial.database.reading() as session:
        batches = list(verify_scores(session, trial.study_id, people_per_batch=1))
    assert [(batch.participants, batch.scores) for batch in batches] == [(1, 2 * SCALES), (1, 0)]


@pytest.mark.usefixtures("trial")
def test_a_trial_without_scores_has_no_differences(clinic: Clinic) -> None:
    change(clinic, "UPDATE scores SET superseded_at = scored_at")
    change(clinic, "UPDATE assessments SET respondent = 'proxy' WHERE respondent IS NOT NULL")

    assert verify(status=0) == ([], "0 scores checked, 0 differences")


def test_an_empty_trial_has_nothing_to_verify(clinic: Clinic) -> None:
    assert clinic.study_id
    assert verify(status=0) == ([], "0 scores checked, 0 differences")


def test_a_changed_score_is_named_with_what_both_computations_give(trial: Clinic) -> None:
    change(
        trial,
        f"UPDATE scores SET value = value + 1 WHERE scale_code = 'PF2' AND response_id = {FIRST_RESPONSE}",
    )

    (row,), said = verify(status=3)

    assert said == f"{2 * SCALES} scores checked, 1 difference"
    assert float(row.pop("stored")) == pytest.approx(float(row["exact"]) + 1)
    assert row.pop("exact") == row.pop("vectorised") != ""
    assert row == {
        "study": "reluth",
        "participant_code": "15-001",
        "visit_code": "BASELINE",
        "ordinal": "0",
        "instrument": "qlq-c30",
        "response_version": "1",
        "scoring_name": "manual",
        "scale": "PF2",
        "detail": "value",
    }


def test_every_detail_of_a_stored_score_is_verified(trial: Clinic) -> None:
    wrong = {
        "PF2": "answered = answered + 1",
        "RF2": "missing = missing + 1",
        "EF": "not_applicable = 1",
        "CF": "needed = 0",
        "SF": "raw = 0",
        "QL2": "reason = 'scale_missing'",
        "FA": "value = NULL",
        "NV": f"instrument_sha256 = (SELECT r.wording_sha256 FROM responses r WHERE r.id = {FIRST_RESPONSE})",
        "PA": "scale_code = 'PAIN'",
    }
    for scale, assignment in wrong.items():
        change(
            trial,
            f"UPDATE scores SET {assignment} WHERE scale_code = '{scale}' AND response_id = {FIRST_RESPONSE}",
        )

    rows, _ = verify(status=3)

    details = {scale: assignment.split()[0] for scale, assignment in wrong.items()}
    assert {row["scale"]: row["detail"] for row in rows} == {**details, "PA": "stored", "PAIN": "stored"}
    assert {(row["participant_code"], row["visit_code"]) for row in rows} == {("15-001", "BASELINE")}


def test_a_scoring_definition_that_the_questionnaire_has_not_is_named(trial: Clinic) -> None:
    change(trial, f"UPDATE scores SET scoring_name = 'other' WHERE response_id = {FIRST_RESPONSE}")

    (row,), _ = verify(status=3)

    assert (row["scoring_name"], row["detail"], row["stored"]) == ("other", "scoring_name", "other")


def test_an_answer_that_was_changed_behind_its_scores_is_found(trial: Clinic) -> None:
    change(
        trial,
        "UPDATE answers SET value = 5 - value WHERE value IS NOT NULL AND superseded_at IS NULL"
        f" AND item_number = 8 AND response_id = {FIRST_RESPONSE}",
    )

    rows, _ = verify(status=3)

    assert {"DY"} <= {row["scale"] for row in rows} <= {"DY", "SUMMARY"}


def test_an_answer_that_its_item_does_not_offer_is_named(trial: Clinic) -> None:
    change(
        trial,
        "UPDATE answers SET state = 'answered', value = 7 WHERE superseded_at IS NULL"
        f" AND item_number = 8 AND response_id = {FIRST_RESPONSE}",
    )

    (row,), _ = verify(status=3)

    assert (row["scale"], row["detail"], row["stored"]) == ("q8", "item", "7")


def test_a_form_that_should_be_scored_and_is_not_lacks_every_scale(trial: Clinic) -> None:
    change(trial, f"UPDATE scores SET superseded_at = scored_at WHERE response_id = {FIRST_RESPONSE}")

    rows, _ = verify(status=3)

    assert [row["scale"] for row in rows][-1] == "SUMMARY"
    assert [(row["detail"], row["stored"]) for row in rows] == [("stored", "")] * 16


def test_a_definition_that_is_not_what_its_hash_says_is_named(
    trial: Clinic, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    change_as_owner(
        trial,
        request,
        "UPDATE stored_definitions SET text = replace(text, 'items: [6, 7]', 'items: [6, 8]')"
        " WHERE code = 'qlq-c30' AND kind = 'instrument'",
    )
    # A process keeps the definitions that it has read, as their hash never changes meaning.
    monkeypatch.setattr(catalogue, "_instruments", {})

    rows, _ = verify(status=3)

    assert [(row["instrument"], row["visit_code"], row["detail"]) for row in rows] == [
        ("qlq-c30", "BASELINE", "definition"),
        ("qlq-c30", "W08", "definition"),
    ]
    monkeypatch.setattr(catalogue, "_instruments", {})


def test_an_unknown_study_is_refused() -> None:
    result = CliRunner().invoke(main, ["verify-scores", "--study", "reluht"])

    assert (result.exit_code, result.stdout) == (2, "")
