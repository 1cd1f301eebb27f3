import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from clinic_world import Clinic
from conftest import NOW
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from wording_packs import C30, GINET21, change, make_pack, write_pack
from wording_world import COMMAND, approve, bring_in, put_in_use

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.studies import find_wording, load_study
from pro_app.services.wording_packs.approval import refuse_pack, use_pack
from pro_app.services.wording_packs.proof import make_proof
from pro_app.services.wording_packs.records import find_pack, list_packs, list_wordings_in_use, load_pack
from pro_app.storage.catalogue import load_wording
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.definitions import StoredDefinition
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.wording_packs import ImportedWording, WordingApproval

LATER = NOW + timedelta(hours=1)
START = date(2026, 3, 2)


def wording_in_use(clinic: Clinic, code: str = C30, language: str = "fr") -> str:
    with clinic.database.reading() as session:
        return find_wording(
            session,
            study_id=clinic.study_id,
            instrument_code=code,
            instrument_version="3.0" if code == C30 else "1.0",
            language=language,
        )


def actions(clinic: Clinic) -> list[str]:
    with clinic.database.reading() as session:
        said = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        return [action for action in said if action.startswith("wording.")]


@pytest.mark.parametrize("form", ["yaml", "json", "xlsx"])
def test_a_sound_pack_is_stored_and_waits_while_patients_read_what_they_read(
    clinic: Clinic, tmp_path: Path, form: str
) -> None:
    before = wording_in_use(clinic, GINET21)

    imported = bring_in(
        clinic.database, make_pack(), study_id=clinic.study_id, folder=tmp_path, now=NOW, form=form
    )

    assert imported.is_new
    assert imported.record.state == "waiting"
    assert wording_in_use(clinic, GINET21) == before
    with clinic.database.reading() as session:
        stored = session.get_one(StoredDefinition, imported.record.wording.sha256)
        assert (stored.kind, stored.code, stored.language) == ("wording", "qlq-ginet21/essai-1", "fr")
        assert load_wording(session, stored.sha256).items[31] == "Énoncé d’essai numéro 31 ?"
        assert verify_audit_trail(session)[1] == []


def test_importing_the_same_text_again_changes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    where = {"study_id": clinic.study_id, "folder": tmp_path}
    first = bring_in(clinic.database, make_pack(), now=NOW, **where)  # type: ignore[arg-type]  # the same place
    again = bring_in(clinic.database, make_pack(), now=LATER, **where)  # type: ignore[arg-type]  # as above

    assert not again.is_new
    assert again.record == first.record
    assert actions(clinic) == ["wording.import"]


@pytest.mark.parametrize("place", ["items.45", "copyright_line"])
def test_of_an_unsound_pack_nothing_is_stored(clinic: Clinic, tmp_path: Path, place: str) -> None:
    with pytest.raises(InputRejected):
        bring_in(
            clinic.database,
            change(make_pack(), place, ""),
            study_id=clinic.study_id,
            folder=tmp_path,
            now=NOW,
        )

    with clinic.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ImportedWording)) == 0
        assert find_pack(session, study_id=clinic.study_id, sha256="0" * 64) is None
    assert actions(clinic) == []


def test_a_name_that_was_used_for_another_text_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    where = {"study_id": clinic.study_id, "folder": tmp_path}
    bring_in(clinic.database, make_pack(), now=NOW, **where)  # type: ignore[arg-type]  # the same place

    with pytest.raises(InputRejected) as refused:
        bring_in(clinic.database, change(make_pack(), "items.31", "Autre"), now=LATER, **where)  # type: ignore[arg-type]  # as above

    assert "with another content" in refused.value.problems[0].message


def test_a_pack_of_a_questionnaire_that_no_study_has_is_refused_with_all_else_that_is_wrong(
    clinic: Clinic, tmp_path: Path
) -> None:
    data = change(change(make_pack(), "instrument.version", "9.0"), "title", "")

    with pytest.raises(InputRejected) as refused:
        bring_in(clinic.database, data, study_id=clinic.study_id, folder=tmp_path, now=NOW)

    assert [problem.message for problem in refused.value.problems] == [
        "No study here uses the questionnaire “%(code)s” in version “%(version)s”.",
        "The text is empty.",
    ]


def test_a_text_left_from_the_stored_placeholder_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    with clinic.database.reading() as session:
        left = load_wording(session, wording_in_use(clinic, GINET21)).items[50]

    with pytest.raises(InputRejected) as refused:
        bring_in(
            clinic.database,
            change(make_pack(), "items.50", left),
            study_id=clinic.study_id,
            folder=tmp_path,
            now=NOW,
        )

    assert [problem.message for problem in refused.value.problems] == [
        "This is still the text of the placeholder."
    ]


def test_two_different_people_approve_then_it_can_be_put_in_use(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    database, (first, second) = clinic.database, people
    pack_id = bring_in(
        database, make_pack(C30), study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record.pack_id

    def use(actor: Actor) -> str:
        with database.writing() as session:
            return use_pack(session, study_id=clinic.study_id, pack_id=pack_id, actor=actor, now=LATER).state

    assert approve(database, pack_id, actor=first, now=NOW).state == "waiting"
    with pytest.raises(InputRejected):
        approve(database, pack_id, actor=first, now=NOW)
    with pytest.raises(InputRejected):
        use(first)
    assert approve(database, pack_id, actor=second, now=NOW).state == "approved"
    with pytest.raises(InputRejected):
        approve(database, pack_id, actor=second, now=NOW)
    assert use(second) == "in_use"
    with pytest.raises(InputRejected):
        use(second)

    assert actions(clinic) == ["wording.import", "wording.approve", "wording.approve", "wording.use"]
    with database.reading() as session:
        assert (
            wording_in_use(clinic)
            == load_pack(session, study_id=clinic.study_id, pack_id=pack_id).wording.sha256
        )
        in_use = {(w.wording.instrument_code, w.wording.language): w.is_approved
                  for w in list_wordings_in_use(session, clinic.study_id)}  # fmt: skip
        assert in_use == {
            (C30, "fr"): True,
            (C30, "en"): False,
            (GINET21, "fr"): False,
            (GINET21, "en"): False,
        }
        assert verify_audit_trail(session)[1] == []


@pytest.mark.parametrize("role", ["nurse", "monitor"])
def test_nobody_else_decides_about_wording(clinic: Clinic, tmp_path: Path, role: str) -> None:
    pack_id = bring_in(
        clinic.database, make_pack(), study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record.pack_id

    with pytest.raises(NotPermitted):
        approve(clinic.database, pack_id, actor=getattr(clinic, role), now=NOW)


def test_a_pack_of_another_study_is_not_there(clinic: Clinic, people: tuple[Actor, Actor]) -> None:
    with pytest.raises(NotFound):
        approve(clinic.database, 77, actor=people[0], now=NOW)


def test_a_refused_text_is_never_approved_nor_used(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    database = clinic.database
    pack_id = bring_in(
        database, make_pack(), study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record.pack_id
    approve(database, pack_id, actor=people[0], now=NOW)

    def refuse(reason: str) -> str:
        with database.writing() as session:
            return refuse_pack(
                session, study_id=clinic.study_id, pack_id=pack_id, reason=reason, actor=people[1], now=LATER
            ).state

    with pytest.raises(InputRejected):
        refuse("  ")
    assert refuse("Énoncé 34 : une virgule manque") == "refused"
    with pytest.raises(InputRejected):
        approve(database, pack_id, actor=people[1], now=LATER)
    with pytest.raises(InputRejected):
        refuse("encore")
    with database.reading() as session:
        (record,) = list_packs(session, clinic.study_id)
    assert record.refusal_reason == "Énoncé 34 : une virgule manque"
    assert not record.is_approved


def test_who_has_begun_goes_on_in_the_words_they_began_with(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    begun = clinic.enrol(START, participant_code="15-101")
    later = clinic.enrol(START, participant_code="15-102")
    before = wording_in_use(clinic)
    clinic.answer(begun, "BASELINE", START, submit=False)

    new = put_in_use(clinic.database, make_pack(C30), people=people, folder=tmp_path, now=LATER)
    clinic.answer(begun, "BASELINE", START, submit=False, items=3)
    clinic.answer(later, "BASELINE", START, submit=False)

    with clinic.database.reading() as session:
        rows = session.execute(select(Response.assessment_id, Response.wording_sha256))
        kept = {row.assessment_id: row.wording_sha256 for row in rows}
    assert kept[clinic.assessments(begun)["BASELINE"].assessment_id] == before
    assert kept[clinic.assessments(later)["BASELINE"].assessment_id] == new.wording.sha256


def test_an_earlier_text_can_be_put_in_use_again(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    old = put_in_use(clinic.database, make_pack(C30), people=people, folder=tmp_path, now=NOW)
    new = put_in_use(
        clinic.database, make_pack(C30, pack="essai-2"), people=people, folder=tmp_path, now=LATER
    )

    with clinic.database.writing() as session:
        assert load_pack(session, study_id=clinic.study_id, pack_id=old.pack_id).replaced_at == LATER
        use_pack(
            session,
            study_id=clinic.study_id,
            pack_id=old.pack_id,
            actor=people[0],
            now=LATER + timedelta(hours=1),
        )

    assert wording_in_use(clinic) == old.wording.sha256
    with clinic.database.reading() as session:
        assert load_pack(session, study_id=clinic.study_id, pack_id=new.pack_id).state == "approved"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_definitions SET text = 'x'",
        "DELETE FROM stored_definitions",
        "UPDATE wording_approvals SET account_id = 1",
        "DELETE FROM wording_approvals",
        "UPDATE imported_wordings SET wording_sha256 = wording_sha256 || ''",
        "UPDATE imported_wordings SET source_name = 'x'",
        "DELETE FROM imported_wordings",
    ],
)
def test_the_database_itself_refuses_to_change_a_text_or_an_approval(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path, *, statement: str
) -> None:
    record = put_in_use(clinic.database, make_pack(), people=people, folder=tmp_path, now=NOW)

    if "wording_sha256 ||" in statement:
        with clinic.database.writing() as session:
            session.execute(text(statement))  # the same value: nothing changes
        return
    with (
        pytest.raises(DBAPIError, match=r"never changes|permission denied"),
        clinic.database.writing() as session,
    ):
        session.execute(text(statement))
    with clinic.database.reading() as session:
        assert session.get_one(StoredDefinition, record.wording.sha256).text != "x"


def test_the_same_account_cannot_approve_twice_even_behind_the_services(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    pack_id = bring_in(
        clinic.database, make_pack(), study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record.pack_id
    approve(clinic.database, pack_id, actor=people[0], now=NOW)

    with pytest.raises(DBAPIError), clinic.database.writing() as session:
        session.add(
            WordingApproval(
                imported_wording_id=pack_id,
                account_id=people[0].account_id or 0,
                role="coordinator",
                approved_at=LATER,
            )
        )


def test_the_proof_shows_every_text_beside_the_placeholder(clinic: Clinic, tmp_path: Path) -> None:
    record = bring_in(
        clinic.database, make_pack(C30), study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record

    with clinic.database.reading() as session:
        proof = make_proof(session, record)

    assert proof.placeholder is not None
    assert proof.placeholder.pack == "placeholder-fr"
    items = [line for line in proof.lines if line.kind == "item"]
    assert [line.key for line in items] == [str(number) for number in range(1, 31)]
    assert items[0].text == "Énoncé d’essai numéro 1 ?"
    assert items[0].placeholder == proof.placeholder.items[1]
    shown = {line.text for line in proof.lines}
    wording = record.wording
    assert shown >= {wording.title, wording.copyright_line, *wording.items.values()}
    assert shown >= {label for labels in wording.options.values() for label in labels.values()}
    assert shown >= {t for b in wording.blocks.values() for t in (b.instruction, b.recall_line)}


def test_a_licensed_pack_that_came_with_the_study_waits_for_approval_too(
    clinic: Clinic, tmp_path: Path
) -> None:
    content = Path(shutil.copytree(QUESTIONNAIRES, tmp_path / "questionnaires"))
    write_pack(content / "instruments/qlq-ginet21/1.0/wording", make_pack(), name="essai-1")

    with clinic.database.writing() as session:
        protocol = content / "protocols/reluth/1.0/protocol.yaml"
        load_study(session, protocol_path=protocol, actor=COMMAND, now=LATER)

    with clinic.database.reading() as session:
        (record,) = list_packs(session, clinic.study_id)
    assert (record.wording.pack, record.state, record.source_name) == ("essai-1", "waiting", "essai-1.yaml")
