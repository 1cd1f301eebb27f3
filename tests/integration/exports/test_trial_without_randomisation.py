"""A trial of one arm that randomises nobody: the arm of everybody, and a denominator of everyone enrolled."""

from datetime import date

import pytest
from clinic_world import Clinic, build_clinic
from export_world import EXPORTED_AT, TidyTables, tidy_tables

from pro_app.contacts.vault import ContactVault
from pro_app.exports.cdisc.adam.adsl import derive_adsl
from pro_app.exports.cdisc.sdtm.dm import derive_dm
from pro_app.figures.estimates.completion import estimate_completion
from pro_app.services.clinic_scope import load_scope
from pro_app.services.completion import count_completion, list_people
from pro_app.storage.database import Database

CONSENT_ON, SURGERY_ON = date(2026, 1, 5), date(2026, 1, 29)


@pytest.fixture
def operations(database: Database, vault: ContactVault) -> Clinic:
    """Enrol three people, of whom one has answered, one has not, and one was never operated on."""
    clinic = build_clinic(database, vault, protocol="example-surgery")
    for code in ("15-001", "15-002", "15-003"):
        person = clinic.enrol(CONSENT_ON, participant_code=code, email=None, telephone=None)
        if code == "15-001":
            clinic.answer(person, "PRE", date(2026, 1, 12), items=5)
        if code != "15-003":
            clinic.record(person, "surgery", SURGERY_ON)
    return clinic


@pytest.fixture
def tables(operations: Clinic) -> TidyTables:
    return tidy_tables(operations)


def test_the_pages_divide_by_everyone_enrolled(operations: Clinic) -> None:
    with operations.database.reading() as session:
        scope = load_scope(session, actor=operations.nurse)
        table = count_completion(session, scope, language="en", now=EXPORTED_AT)
        everyone = list_people(session, scope, figure="randomised", language="en", now=EXPORTED_AT).lines
    assert table.denominator_event == "enrolled"
    row = next(row for row in table.rows if row.code == "PRE")
    assert (row.randomised, row.tally.available, row.available_data_rate) == (3, 1, 1 / 3)
    assert [person.participant_code for person in everyone] == ["15-001", "15-002", "15-003"]


def test_tables_and_figures_divide_by_everyone_enrolled_too(tables: TidyTables) -> None:
    row = tables.rows("completion", visit_code="PRE")[0]
    assert (row["randomised"], row["available"], row["available_data_rate"]) == (3, 1, 1 / 3)
    for by_arm in (False, True):
        estimate = estimate_completion(tables.frames, tables.release.protocol, by_arm=by_arm)
        figures = {figure["visit_code"]: figure for figure in estimate.iter_rows(named=True)}
        assert (figures["PRE"]["randomised"], figures["PRE"]["available_data_rate"]) == (3, 1 / 3)


def test_everybody_is_in_the_only_arm(tables: TidyTables) -> None:
    assert [row["arm"] for row in tables.rows("participants")] == ["OPERATED"] * 3
    dm = derive_dm(tables.frames, tables.release)
    assert dm.select("ARMCD", "ARM", "ACTARMCD", "ARMNRS").unique().rows() == [
        ("OPERATED", "Surgery", "OPERATED", None)
    ]


def test_the_populations_of_the_analysis_are_of_everyone_enrolled(tables: TidyTables) -> None:
    rows = derive_adsl(tables.frames, tables.release).iter_rows(named=True)
    flags = {row["SUBJID"]: (row["RANDFL"], row["ITTFL"], row["PROFL"], row["TRT01PN"]) for row in rows}
    assert flags == {
        "15-001": ("N", "Y", "Y", 1),
        "15-002": ("N", "Y", "N", 1),
        "15-003": ("N", "Y", "N", 1),
    }


def test_who_has_no_baseline_is_named(tables: TidyTables) -> None:
    named = [remark.participant_code for remark in tables.remarks if remark.code == "no_baseline"]
    assert named == ["15-002", "15-003"]
