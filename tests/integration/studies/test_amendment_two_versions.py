"""Participants under two versions of the protocol at once: their forms, the rates, the dataset, a release."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from amendment_world import apply, drop_visit, find_coded, load_version, write_version
from clinic_world import Clinic, noon
from making_world import MakingWorld

from pro_app.audit.actor import Actor, system_actor
from pro_app.services.clinic_scope import ClinicScope
from pro_app.services.completion import count_completion
from pro_app.services.dataset import build_dataset
from pro_app.services.questionnaire import load_questionnaire

ENROLLED_ON, RANDOMISED_ON = date(2026, 1, 5), date(2026, 1, 12)
AMENDED_ON = date(2026, 4, 1)
W16_ON = date(2026, 5, 4)
CUT_OFF = date(2026, 7, 15)


def ask_one_questionnaire_only(data: dict[str, Any]) -> None:
    """Ask the first questionnaire only during treatment."""
    find_coded(data["phases"], "on_treatment")["instruments"] = ["qlq-c30"]


@pytest.fixture
def both(clinic: Clinic, tmp_path: Path) -> dict[str, int]:
    """Have one participant at each site, and one site under the amendment; both answer, and W24 goes by."""
    people = {"old": clinic.enrol(ENROLLED_ON, participant_code="15-001")}
    other = Clinic(**(vars(clinic) | {"nurse": clinic.other_nurse}))
    people["new"] = other.enrol(ENROLLED_ON, participant_code="16-001", site_id=clinic.other_site_id)
    for name, place in (("old", clinic), ("new", other)):
        place.record(people[name], "randomised", RANDOMISED_ON, arm="LUTATHERA")
    path = write_version(tmp_path, "1.1", ask_one_questionnaire_only, drop_visit("Y5"), drop_visit("Y4"))
    load_version(clinic, path, at=noon(AMENDED_ON))
    apply(clinic, "1.1", clinic.other_site_id, at=AMENDED_ON)
    return people


def asked(clinic: Clinic, participant_id: int, visit_code: str) -> list[str]:
    """Give the questionnaires of a visit."""
    actor = Actor(
        kind="participant",
        role="participant",
        request_id="x",
        study_id=clinic.study_id,
        site_ids=None,
        participant_id=participant_id,
        mode="own_device",
    )
    record = clinic.assessments(participant_id)[visit_code]
    with clinic.database.reading() as session:
        loaded = load_questionnaire(session, assessment_id=record.assessment_id, actor=actor)
    return [part.asked.instrument.code for part in loaded.parts]


def test_each_is_asked_what_the_own_version_asks(clinic: Clinic, both: dict[str, int]) -> None:
    assert asked(clinic, both["old"], "W16") == ["qlq-c30", "qlq-ginet21"]
    assert asked(clinic, both["new"], "W16") == ["qlq-c30"]
    # W08 was over when the amendment was applied.
    assert asked(clinic, both["new"], "W08") == ["qlq-c30", "qlq-ginet21"]


def test_rates_are_counted_over_both_versions(clinic: Clinic, both: dict[str, int]) -> None:
    clinic.answer(both["old"], "W16", W16_ON, items=30)
    scope = ClinicScope(clinic.study_id, None, ())

    with clinic.database.reading() as session:
        table = count_completion(session, scope, language="fr", now=noon(date(2032, 1, 5)))

    rows = {row.code: row for row in table.rows}
    assert (rows["W16"].tally.expected, rows["W16"].tally.completed) == (2, 1)
    assert (rows["Y5"].tally.expected, rows["Y5"].label) == (1, "Suivi à 5 ans")


def test_the_dataset_names_the_version_of_each(clinic: Clinic, both: dict[str, int]) -> None:
    clinic.answer(both["old"], "W16", W16_ON, items=30)

    with clinic.database.reading() as session:
        made = build_dataset(
            session,
            study_id=clinic.study_id,
            purpose="a look",
            actor=system_actor("test", "x"),
            now=noon(CUT_OFF),
        )

    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        names = archive.namelist()
        tables = {
            name: pl.read_csv(archive.read(next(n for n in names if n.endswith(f"{name}.csv"))))
            for name in ("participants", "visits", "remarks")
        }
    people = dict(tables["participants"].select("participant_code", "protocol_version").iter_rows())
    assert {code: str(version) for code, version in people.items()} == {"15-001": "1.0", "16-001": "1.1"}
    planned = tables["visits"].filter(pl.col("participant_code") == "16-001")
    versions = {str(v) for v in planned["protocol_version"].unique()}
    assert versions == {"1.0", "1.1"}
    (remark,) = tables["remarks"].filter(pl.col("code") == "protocol_versions")["remark_en"]
    assert "1.0 (1 = 15: 1); 1.1 (1 = 16: 1)" in remark


def test_a_release_is_made_of_both(clinic: Clinic, both: dict[str, int], tmp_path: Path) -> None:
    clinic.answer(both["old"], "W16", W16_ON, items=30)
    world = MakingWorld(clinic, tmp_path / "releases")
    world.request(now=noon(CUT_OFF))

    made = world.make_next(now=noon(CUT_OFF))

    assert (made.state, made.failure_code) == ("made", None)
