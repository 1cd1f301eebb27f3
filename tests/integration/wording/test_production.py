from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from clinic_world import Clinic
from conftest import NOW
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from wording_packs import C30, GINET21, make_pack
from wording_world import COMMAND, bring_in, put_in_use

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, ProductionRefused
from pro_app.services.production.entries import (
    ENTRY_WORDS,
    NewEntry,
    list_entries,
    may_be_listened_to,
    record_entry,
)
from pro_app.services.production.gate import check_gate, require_gate
from pro_app.services.production.go_live import WentLive, go_live
from pro_app.services.protocol_versions import find_version_in_force
from pro_app.services.wording_packs.approval import approve_pack, use_pack
from pro_app.storage.catalogue import known_protocols
from pro_app.storage.database import Database, open_database
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.studies import Study, StudyWording

TODAY = NOW.date()
START = date(2026, 3, 2)
Ready = Callable[[], None]


def entry(kind: str, **changes: object) -> NewEntry:
    """Give a good entry of a kind, with `changes`."""
    until = TODAY + timedelta(days=400) if kind == "hosting-certificate" else None
    good = {"kind": kind, "reference": f"REF {kind}", "dated_on": date(2026, 1, 15), "valid_until": until}
    return NewEntry(**(good | changes))  # type: ignore[arg-type]  # a test's own keywords


def record(clinic: Clinic, said: NewEntry) -> None:
    with clinic.writing() as session:
        record_entry(session, said, study_id=clinic.study_id, actor=COMMAND, now=NOW)


def begin(clinic: Clinic, *, days_later: int = 0) -> WentLive:
    with clinic.writing() as session:
        study = session.get_one(Study, clinic.study_id)
        return go_live(session, study, actor=COMMAND, now=NOW + timedelta(days=days_later))


def missing(clinic: Clinic) -> list[str]:
    """Give what going live is refused for: kinds of documents, and `wording` with the text."""
    with pytest.raises(ProductionRefused) as refused:
        begin(clinic)
    return [
        problem.place
        if problem.place != "wording"
        else f"wording {(problem.values or {}).get('pack', '')}".strip()
        for problem in refused.value.problems
    ]


def mode(database: Database, study_id: int) -> str:
    with database.reading() as session:
        return session.get_one(Study, study_id).mode


@pytest.fixture
def texts(clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path) -> None:
    """Put approved texts in use, in French, for both questionnaires."""
    for code in (C30, GINET21):
        put_in_use(clinic.database, make_pack(code), people=people, folder=tmp_path, now=NOW)


@pytest.fixture
def documents(clinic: Clinic, told: None) -> None:  # noqa: ARG001 -- changes what the protocol says
    """Record every document, under a protocol that tells patients about their data."""
    for kind in ENTRY_WORDS:
        record(clinic, entry(kind))


def test_going_live_names_everything_that_is_missing_at_once(clinic: Clinic) -> None:
    assert missing(clinic) == [
        "ecoa-licence",
        "screen-approval",
        "ethics-committee",
        "authority",
        "information-notice",
        "hosting-certificate",
        "impact-assessment",
        "data-protection",
        "wording qlq-c30 3.0 (fr)",
        "wording qlq-ginet21 1.0 (fr)",
    ]
    assert mode(clinic.database, clinic.study_id) == "test"


@pytest.mark.usefixtures("texts", "documents")
def test_a_study_that_has_everything_goes_live_and_its_other_placeholders_go(clinic: Clinic) -> None:
    done = begin(clinic)

    assert not done.was_live
    assert sorted(done.retired) == ["qlq-c30 (en)", "qlq-ginet21 (en)"]
    assert mode(clinic.database, clinic.study_id) == "production"
    assert [note.place for note in require_gate(clinic.database, today=TODAY)] == ["sites"]
    assert begin(clinic) == WentLive(was_live=True, retired=())
    with clinic.database.reading() as session:
        said = session.scalars(select(AuditEntry.action)).all()
        assert said.count("study.go_live") == 1
        assert said.count("study.production_entry") == len(ENTRY_WORDS)
        assert verify_audit_trail(session)[1] == []


@pytest.mark.usefixtures("texts", "told")
@pytest.mark.parametrize("left_out", list(ENTRY_WORDS))
def test_each_document_is_needed(clinic: Clinic, left_out: str) -> None:
    for kind in ENTRY_WORDS:
        if kind != left_out:
            record(clinic, entry(kind))

    assert missing(clinic) == [left_out]
    with clinic.database.reading() as session:
        in_use = session.scalars(select(StudyWording).where(StudyWording.replaced_at.is_(None))).all()
    assert len(in_use) == 4, "a refusal leaves the placeholders where they were"


@pytest.mark.usefixtures("texts", "documents")
@pytest.mark.parametrize("unsaid", ["controller", "contact", "legal_basis", "retention", "hosting"])
def test_each_part_of_what_patients_are_told_about_their_data_is_needed(
    clinic: Clinic, unsaid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clinic.database.reading() as session:
        sha256 = find_version_in_force(session, clinic.study_id).sha256
    told = known_protocols[sha256].participant_pages
    silent = replace(told, data_protection=replace(told.data_protection, **{unsaid: None}))
    monkeypatch.setitem(known_protocols, sha256, replace(known_protocols[sha256], participant_pages=silent))

    with pytest.raises(ProductionRefused) as refused:
        begin(clinic)

    [problem] = refused.value.problems
    assert problem.values == {"version": "1.0", "parts": unsaid}


@pytest.mark.usefixtures("documents")
def test_each_text_has_to_be_approved_by_two(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    put_in_use(clinic.database, make_pack(C30), people=people, folder=tmp_path, now=NOW)
    imported = bring_in(
        clinic.database, make_pack(GINET21), study_id=clinic.study_id, folder=tmp_path, now=NOW
    )

    assert missing(clinic) == ["wording qlq-ginet21 1.0 (fr)"]
    with clinic.writing() as session:  # as if it had come into use behind the services
        session.execute(
            text(
                "UPDATE study_wordings SET wording_sha256 = :sha "
                "WHERE instrument_code = :code AND language = 'fr'"
            ),
            {"sha": imported.record.wording.sha256, "code": GINET21},
        )
    assert missing(clinic) == ["wording qlq-ginet21 1.0 (fr)"]


@pytest.mark.usefixtures("documents")
def test_trial_answers_on_a_placeholder_never_become_those_of_production(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    participant = clinic.enrol(START)
    clinic.answer(participant, "BASELINE", START, submit=False)
    for code in (C30, GINET21):
        put_in_use(clinic.database, make_pack(code), people=people, folder=tmp_path, now=NOW)

    with pytest.raises(ProductionRefused) as refused:
        begin(clinic)

    (problem,) = refused.value.problems
    assert problem.values == {"count": 1}
    assert "without trial data" in problem.message


@pytest.mark.usefixtures("texts", "documents")
def test_production_never_shows_a_placeholder_again(
    clinic: Clinic, people: tuple[Actor, Actor], tmp_path: Path
) -> None:
    begin(clinic)
    data = make_pack(GINET21, pack="provisoire") | {"placeholder": True, "licence_reference": ""}
    for block in data["blocks"].values():
        for name in block:
            block[name] = f"[Texte provisoire] {block[name]}"
    pack_id = bring_in(
        clinic.database, data, study_id=clinic.study_id, folder=tmp_path, now=NOW
    ).record.pack_id
    for actor in people:
        with clinic.writing() as session:
            approve_pack(session, study_id=clinic.study_id, pack_id=pack_id, actor=actor, now=NOW)

    with pytest.raises(InputRejected), clinic.writing() as session:
        use_pack(session, study_id=clinic.study_id, pack_id=pack_id, actor=people[0], now=NOW)


@pytest.mark.usefixtures("texts", "documents")
def test_what_is_lost_behind_the_app_stops_it_at_its_next_start(clinic: Clinic) -> None:
    begin(clinic)
    with clinic.writing() as session:
        session.execute(
            text("UPDATE study_wordings SET replaced_at = in_use_at WHERE instrument_code = 'qlq-c30'")
        )

    with pytest.raises(ProductionRefused) as refused:
        require_gate(clinic.database, today=TODAY)

    assert refused.value.study_code == "reluth"
    assert [problem.message for problem in refused.value.problems] == [
        "Missing: the licensed text of %(pack)s."
    ]


@pytest.mark.usefixtures("texts", "documents")
def test_nobody_begins_on_a_certificate_that_has_run_out(clinic: Clinic) -> None:
    with pytest.raises(ProductionRefused) as refused:
        begin(clinic, days_later=401)

    assert [problem.place for problem in refused.value.problems] == ["hosting-certificate"]
    assert mode(clinic.database, clinic.study_id) == "test"


@pytest.mark.usefixtures("texts", "documents")
def test_a_certificate_that_runs_out_is_said_and_stops_nobody(clinic: Clinic) -> None:
    begin(clinic)

    notes = require_gate(clinic.database, today=TODAY + timedelta(days=401))

    assert [note.place for note in notes] == ["hosting-certificate", "sites"]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (entry("ecoa-licence", reference=" "), "reference"),
        (entry("ecoa-licence", reference="x" * 301), "reference"),
        (entry("ecoa-licence", reference="a\nb"), "reference"),
        (entry("other"), "kind"),
        (entry("authority", dated_on=TODAY + timedelta(days=1)), "on"),
        (entry("hosting-certificate", valid_until=None), "until"),
        (entry("hosting-certificate", valid_until=TODAY - timedelta(days=1)), "until"),
        (entry("authority", allows_listening=True), "allows-listening"),
    ],
)
def test_a_document_that_cannot_be_is_refused(clinic: Clinic, said: NewEntry, place: str) -> None:
    with pytest.raises(InputRejected) as refused:
        record(clinic, said)

    assert [problem.place for problem in refused.value.problems] == [place]


def test_a_later_document_replaces_the_earlier_one_and_both_are_kept(clinic: Clinic) -> None:
    record(clinic, entry("information-notice", reference="v1"))
    record(clinic, entry("information-notice", reference="v1"))
    record(clinic, entry("information-notice", reference="v2"))

    with clinic.database.reading() as session:
        assert list_entries(session, clinic.study_id)["information-notice"].said.reference == "v2"
        rows = session.execute(
            text("SELECT reference, replaced_at FROM production_entries ORDER BY id")
        ).all()
        assert [(row.reference, row.replaced_at is None) for row in rows] == [("v1", False), ("v2", True)]
        assert session.scalars(select(AuditEntry.action)).all().count("study.production_entry") == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE production_entries SET reference = 'x'",
        "UPDATE production_entries SET dated_on = '2020-01-01'",
        "DELETE FROM production_entries",
    ],
)
def test_the_database_itself_keeps_what_was_recorded(clinic: Clinic, statement: str) -> None:
    record(clinic, entry("authority"))

    with pytest.raises(DBAPIError, match="never changes"), clinic.writing() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("allowed", [False, True])
def test_listening_follows_the_licence_entry(clinic: Clinic, *, allowed: bool) -> None:
    with clinic.database.reading() as session:
        assert not may_be_listened_to(session, clinic.study_id)

    record(clinic, entry("ecoa-licence", allows_listening=allowed))

    with clinic.database.reading() as session:
        assert may_be_listened_to(session, clinic.study_id) is allowed


def test_a_study_in_test_needs_nothing_nor_does_an_empty_database(clinic: Clinic, tmp_path: Path) -> None:
    assert require_gate(clinic.database, today=TODAY) == ()
    empty = open_database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    assert require_gate(empty, today=TODAY) == ()
    empty.engine.dispose()


@pytest.mark.usefixtures("texts", "documents")
def test_the_gate_of_a_sound_study_only_names_sites_without_a_first_day(clinic: Clinic) -> None:
    begin(clinic)

    with clinic.database.reading() as session:
        report = check_gate(session, session.get_one(Study, clinic.study_id), today=TODAY)

    assert (report.obstacles, [remark.place for remark in report.remarks]) == ((), ["sites"])
