"""An amendment of a study in production, whose questionnaires have licensed wording."""

import shutil
from datetime import date
from pathlib import Path

from amendment_world import PROTOCOL, apply, drop_visit, load_version, move_visit, preview, write_version
from clinic_world import Clinic, noon
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.instruments.wording_rules import PLACEHOLDER_MARKS
from pro_app.services.studies import load_study
from pro_app.storage.catalogue import load_wording
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.studies import Study, StudyWording

ENROLLED_ON, TODAY = date(2026, 1, 5), date(2026, 4, 1)


def write_licensed_content(folder: Path) -> Path:
    """Copy the content files as if every wording pack were licensed; gives the path of the protocol."""
    content = Path(shutil.copytree(QUESTIONNAIRES, folder / "questionnaires"))
    for path in content.glob("instruments/*/*/wording/placeholder-*.yaml"):
        text = path.read_text(encoding="utf-8")
        for mark in PLACEHOLDER_MARKS:
            text = text.replace(f"{mark} ", "")
        text = text.replace("pack: placeholder-", "pack: licensed-").replace(
            "placeholder: true", "placeholder: false"
        )
        text = text.replace('licence_reference: ""', 'licence_reference: "A licence of the test"')
        path.with_name(path.name.replace("placeholder", "licensed")).write_text(text, encoding="utf-8")
        path.unlink()
    return content / PROTOCOL.relative_to(QUESTIONNAIRES)


def bring_into_production(clinic: Clinic, folder: Path) -> None:
    """Let the study show licensed wording only, and no longer be a test."""
    with clinic.writing() as session:
        load_study(
            session,
            protocol_path=write_licensed_content(folder),
            actor=system_actor("test", "licensed"),
            now=noon(TODAY),
        )
        packs = [
            load_wording(session, sha256)
            for sha256 in session.scalars(
                select(StoredDefinition.sha256).where(StoredDefinition.kind == "wording")
            )
        ]
        licensed = {
            (pack.instrument_code, pack.language): pack.sha256 for pack in packs if not pack.placeholder
        }
        for row in session.scalars(select(StudyWording)):
            row.wording_sha256 = licensed[row.instrument_code, row.language]
        session.get_one(Study, clinic.study_id).mode = "production"


def test_a_study_in_production_is_amended_site_by_site(clinic: Clinic, tmp_path: Path) -> None:
    here = clinic.enrol(ENROLLED_ON)
    clinic.record(here, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    bring_into_production(clinic, tmp_path)
    load_version(
        clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4), drop_visit("Y5")), at=noon(TODAY)
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
