from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from clinic_world import Clinic
from conftest import NOW
from tiny_study import write_tiny_study
from wording_packs import C30, GINET21, make_pack
from wording_world import bring_in, put_in_use

from pro_app.audit.actor import Actor
from pro_app.booklet.chromium import ChromiumFailed, find_chromium, open_chromium
from pro_app.booklet.stage import Stage, open_stage
from pro_app.booklet.texts import BookletTexts, load_texts, read_texts
from pro_app.cli import main
from pro_app.errors import InputRejected
from pro_app.storage.tables.studies import Study


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Read from SQLite only: the queries are those of other tests, and the pages run on SQLite anyway."""
    return sqlite_url


def load(clinic: Clinic, *, imported: bool = False) -> BookletTexts:
    with clinic.database.reading() as session:
        return load_texts(session, session.get_one(Study, clinic.study_id), imported=imported)


def read_page(stage: Stage, number: int, *, signed_in: bool = True) -> str:
    """Read one screen as the person of the stage, or as nobody."""
    address = f"{stage.base_url}/p/q/{stage.assessment_id}/{number}"
    cookie = "=".join(stage.cookie) if signed_in else ""
    return requests.get(address, headers={"Cookie": cookie}, timeout=30).text


def test_the_booklet_shows_what_patients_read_or_what_waits_for_approval(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    put_in_use(clinic.database, make_pack(C30), people=people, folder=tmp_path, now=NOW)
    bring_in(clinic.database, make_pack(GINET21), study_id=clinic.study_id, folder=tmp_path, now=NOW)

    in_use, waiting = load(clinic), load(clinic, imported=True)

    assert [w.pack for w in in_use.list_shown("fr")] == ["essai-1", "placeholder-fr"]
    assert [w.pack for w in waiting.list_shown("fr")] == ["essai-1", "essai-1"]
    assert [w.sha256 in waiting.approved for w in waiting.list_shown("fr")] == [True, False]
    assert [w.pack for w in in_use.list_shown("en")] == ["placeholder-en", "placeholder-en"]


def test_the_stage_serves_the_texts_of_the_installation_and_only_to_its_one_person(
    clinic: Clinic, tmp_path: Path
) -> None:
    for code in (C30, GINET21):
        bring_in(clinic.database, make_pack(code), study_id=clinic.study_id, folder=tmp_path, now=NOW)
    folder = tmp_path / "stage"
    folder.mkdir()

    with open_stage(load(clinic, imported=True), folder, language="fr") as stage:
        assert "Énoncé d’essai numéro 1 ?" in read_page(stage, 2)
        stage.answer()
        assert " checked" in read_page(stage, 3)
        stage.submit("self")
        assert "Énoncé" not in read_page(stage, 2, signed_in=False)

    assert clinic.assessments(1) == {}, "nobody is added to the installation itself"


def test_a_study_of_files_is_served_too(tmp_path: Path) -> None:
    texts = read_texts(write_tiny_study(tmp_path))
    folder = tmp_path / "stage"
    folder.mkdir()

    with open_stage(texts, folder, language="fr") as stage:
        assert "Consigne." in read_page(stage, 1)


def test_a_study_that_asks_nothing_at_enrolment_is_refused_in_words(tmp_path: Path) -> None:
    path = write_tiny_study(tmp_path)
    text = path.read_text(encoding="utf-8")
    wide = "window: {opens: -14, closes: 6}\n    opens_with: enrolled\n"
    assert wide in text
    path.write_text(text.replace(wide, "window: {opens: -3, closes: 6}\n"), encoding="utf-8")
    folder = tmp_path / "stage"
    folder.mkdir()
    texts = read_texts(path)

    with pytest.raises(InputRejected) as refused, open_stage(texts, folder, language="fr"):
        pass

    assert "No visit that opens at enrolment" in refused.value.problems[0].message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--study", "reluth", "--chromium", "no-such-browser"), "No Chromium was found."),
        (("--study", "unheard-of", "--chromium", "true"), "Name the study with --study."),
        (("--chromium", "true"), "Name the study with --study."),
        (("--study", "reluth", "--imported", "--chromium", "true"), "PRO_APP_DATABASE_URL"),
    ],
)  # fmt: skip
def test_a_booklet_that_cannot_be_made_is_refused_in_words_and_leaves_no_file(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    target = tmp_path / "screens.pdf"

    refused = CliRunner().invoke(
        main, ["screens", "--output", str(target), *arguments], env={"PRO_APP_LANGUAGE": "en"}
    )

    assert (refused.exit_code, target.exists()) == (2, False)
    assert words in refused.stderr


def test_a_program_that_is_no_browser_is_said_to_have_ended() -> None:
    with pytest.raises(ChromiumFailed, match="ended"), open_chromium(find_chromium("true")) as chromium:
        chromium.ask("Browser.getVersion")
