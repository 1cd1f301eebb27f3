import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from staff_world import EARLIER, PROTOCOL, SYSTEM

from pro_app.audit.verification import verify_audit_trail
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import DefinitionRejected, NotFound
from pro_app.services.studies import find_study, find_wording, load_current_protocol, load_study
from pro_app.storage.catalogue import load_wording
from pro_app.storage.database import Database, Session
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.studies import Study, StudyProtocol, StudyWording


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Give a copy of the content files that a test may change."""
    return Path(shutil.copytree(QUESTIONNAIRES, tmp_path / "questionnaires"))


def protocol_of(content: Path) -> Path:
    return content / PROTOCOL.relative_to(QUESTIONNAIRES)


def load(database: Database, path: Path) -> int:
    with database.writing() as session:
        return load_study(session, protocol_path=path, actor=SYSTEM, now=EARLIER).id


def counts(session: Session) -> list[int]:
    tables = (Study, StudyProtocol, StudyWording, StoredDefinition)
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_study_is_stored_with_its_protocol_instruments_and_wordings(database: Database) -> None:
    study_id = load(database, PROTOCOL)

    with database.reading() as session:
        assert counts(session) == [1, 1, 4, 7]
        assert load_current_protocol(session, study_id).code == "reluth"
        study = find_study(session, "RELUTH")
        assert study is not None
        assert study.mode == "test"
        assert verify_audit_trail(session) == (1, [])


def test_loading_again_changes_nothing(database: Database) -> None:
    first = load(database, PROTOCOL)
    second = load(database, PROTOCOL)

    with database.reading() as session:
        assert first == second
        assert counts(session) == [1, 1, 4, 7]
        assert verify_audit_trail(session) == (1, [])


@pytest.mark.parametrize(
    "name",
    [
        "protocols/reluth/1.0/protocol.yaml",
        "instruments/qlq-ginet21/1.0/instrument.yaml",
        "instruments/qlq-c30/3.0/wording/placeholder-fr.yaml",
    ],
)
def test_a_changed_file_under_the_same_version_is_refused(
    database: Database, content: Path, name: str
) -> None:
    load(database, protocol_of(content))
    with (content / name).open("a", encoding="utf-8") as file:
        file.write("# a change that changes nothing but the hash\n")

    with pytest.raises(DefinitionRejected) as refused:
        load(database, protocol_of(content))

    assert "loaded before with another content" in refused.value.problems[0].message
    with database.reading() as session:
        assert counts(session) == [1, 1, 4, 7]


def test_a_new_protocol_version_governs_from_its_loading_on(database: Database, content: Path) -> None:
    study_id = load(database, protocol_of(content))
    later = content / "protocols/reluth/1.1/protocol.yaml"
    later.parent.mkdir()
    shutil.copy(protocol_of(content), later)
    replace_text(later, 'version: "1.0"', 'version: "1.1"')
    with database.writing() as session:
        now = EARLIER + timedelta(days=1)
        load_study(session, protocol_path=later, actor=SYSTEM, now=now)

    with database.reading() as session:
        assert load_current_protocol(session, study_id).version == "1.1"


def test_a_protocol_that_names_an_unknown_questionnaire_is_refused_whole(
    database: Database, content: Path
) -> None:
    shutil.rmtree(content / "instruments/qlq-ginet21")

    with pytest.raises(DefinitionRejected):
        load(database, protocol_of(content))
    with database.reading() as session:
        assert counts(session) == [0, 0, 0, 0]


def test_a_protocol_that_names_an_unknown_scale_is_refused_whole(database: Database, content: Path) -> None:
    replace_text(protocol_of(content), "      PF2: {below: 83}", "      PF3: {below: 83}")

    with pytest.raises(DefinitionRejected) as refused:
        load(database, protocol_of(content))

    assert [problem.values for problem in refused.value.problems] == [{"code": "PF3"}]
    with database.reading() as session:
        assert counts(session) == [0, 0, 0, 0]


def test_a_questionnaire_without_any_wording_is_refused(database: Database, content: Path) -> None:
    shutil.rmtree(content / "instruments/qlq-c30/3.0/wording")

    with pytest.raises(DefinitionRejected) as refused:
        load(database, protocol_of(content))

    assert "no wording pack" in refused.value.problems[0].message


def test_the_wording_of_the_language_is_found_and_french_stands_in(database: Database) -> None:
    study_id = load(database, PROTOCOL)

    with database.reading() as session:

        def language_found(language: str) -> str:
            sha256 = find_wording(
                session,
                study_id=study_id,
                instrument_code="qlq-c30",
                instrument_version="3.0",
                language=language,
            )
            return load_wording(session, sha256).language

        assert [language_found(language) for language in ("fr", "en", "de")] == ["fr", "en", "fr"]


def test_a_wording_or_study_that_is_not_there_is_said_to_be_missing(database: Database) -> None:
    study_id = load(database, PROTOCOL)

    with database.reading() as session:
        with pytest.raises(NotFound):
            find_wording(
                session, study_id=study_id, instrument_code="x", instrument_version="1", language="fr"
            )
        with pytest.raises(NotFound):
            load_current_protocol(session, study_id + 1)


def test_a_licensed_pack_that_comes_later_does_not_replace_the_one_in_use_by_itself(
    database: Database, content: Path
) -> None:
    study_id = load(database, protocol_of(content))
    folder = content / "instruments/qlq-c30/3.0/wording"
    other = folder / "another-fr.yaml"
    shutil.copy(folder / "placeholder-fr.yaml", other)
    replace_text(other, "pack: placeholder-fr", "pack: another-fr")
    load(database, protocol_of(content))

    with database.reading() as session:
        sha256 = find_wording(
            session,
            study_id=study_id,
            instrument_code="qlq-c30",
            instrument_version="3.0",
            language="fr",
        )
        assert load_wording(session, sha256).pack == "placeholder-fr"
        assert counts(session) == [1, 1, 4, 8]
