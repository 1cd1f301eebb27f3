"""An amendment of a study in production, whose questionnaires have licensed wording."""

from datetime import date
from pathlib import Path

from amendment_world import (
    apply,
    drop_visit,
    load_version,
    move_visit,
    preview,
    say_all_about_data,
    write_version,
)
from builders import build_staff
from clinic_world import Clinic, noon
from wording_packs import C30, GINET21, make_pack
from wording_world import put_in_use

from pro_app.storage.tables.studies import Study

ENROLLED_ON, TODAY = date(2026, 1, 5), date(2026, 4, 1)


def bring_into_production(clinic: Clinic, folder: Path) -> None:
    """Put texts in use that two people approved, and let the study be no test any more."""
    administrator = build_staff(
        clinic.database, "administrator", username="a.admin", study_id=clinic.study_id, now=noon(TODAY)
    )
    people = clinic.coordinator, administrator
    for code in (C30, GINET21):
        put_in_use(clinic.database, make_pack(code), people=people, folder=folder, now=noon(TODAY))
    with clinic.writing() as session:
        session.get_one(Study, clinic.study_id).mode = "production"


def test_a_study_in_production_is_amended_site_by_site(clinic: Clinic, tmp_path: Path) -> None:
    here = clinic.enrol(ENROLLED_ON)
    clinic.record(here, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    bring_into_production(clinic, tmp_path)
    load_version(
        clinic,
        write_version(tmp_path, "1.1", move_visit("M03", months=4), drop_visit("Y5"), say_all_about_data),
        at=noon(TODAY),
    )

    seen = preview(clinic, "1.1", at=TODAY)
    assert (seen.is_possible, list(seen.problems)) == (True, [])
    assert clinic.assessments(here)["M03"].target_on == date(2026, 8, 4)
    assert apply(clinic, "1.1", clinic.other_site_id, at=TODAY).participants == 0
    assert clinic.assessments(here)["M03"].target_on == date(2026, 8, 4)
    assert apply(clinic, "1.1", clinic.site_id, at=TODAY).participants == 1

    visits = clinic.assessments(here)
    assert visits["M03"].target_on == date(2026, 9, 4)
    assert "Y5" not in visits or not visits["Y5"].expected


def test_a_version_that_leaves_patients_in_the_dark_about_their_data_cannot_be_applied(
    clinic: Clinic, tmp_path: Path
) -> None:
    bring_into_production(clinic, tmp_path)
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))

    seen = preview(clinic, "1.1", at=TODAY)

    assert not seen.is_possible
    [problem] = seen.problems
    assert (problem.place, (problem.values or {})["version"]) == ("data-protection", "1.1")
