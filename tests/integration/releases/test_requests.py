"""Asking for a release and approving it: who may, with which words, and age and sex beside it."""

import json
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from clinic_world import staff_actor
from making_world import CONSENT, CUT_OFF, LATER, MakingWorld

from pro_app.audit.actor import Actor, system_actor
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.releases.contents import (
    find_archive,
    list_downloads,
    list_table_files,
    open_file,
    record_download,
)
from pro_app.services.releases.demographics import parse_demographics
from pro_app.services.releases.records import ReleaseRecord, list_releases, load_release
from pro_app.services.releases.request import approve_release, request_release


def ask(
    world: MakingWorld,
    *,
    reason: str = "An interim look",
    purpose: str = "final",
    actor: Actor | None = None,
    demographics: bytes | None = None,
) -> ReleaseRecord:
    study_id = world.clinic.study_id
    with world.database.writing() as session:
        described = parse_demographics(session, demographics, study_id=study_id) if demographics else None
        return request_release(
            session,
            study_id=study_id,
            reason=reason,
            purpose=purpose,
            demographics=described,
            actor=actor or world.statistician,
            now=CUT_OFF,
        )


def approve(world: MakingWorld, actor: Actor) -> ReleaseRecord:
    with world.database.writing() as session:
        return approve_release(session, study_id=world.clinic.study_id, number=1, actor=actor, now=LATER)


def problems(world: MakingWorld, content: str) -> list[str]:
    with pytest.raises(InputRejected) as refused:
        ask(world, demographics=content.encode())
    return [problem.message % (problem.values or {}) for problem in refused.value.problems]


def test_numbers_follow_each_other_without_gaps_also_when_asked_at_once(world: MakingWorld) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = [asked.number for asked in pool.map(lambda _: ask(world), range(4))]

    assert sorted(numbers) == [1, 2, 3, 4]
    with world.database.reading() as session:
        listed = list_releases(session, study_id=world.clinic.study_id, actor=world.statistician)
    assert [(release.number, release.state) for release in listed] == [
        (number, "requested") for number in (4, 3, 2, 1)
    ]


@pytest.mark.parametrize(
    ("reason", "purpose", "places"),
    [
        ("", "final", ["reason"]),
        ("  ", "final", ["reason"]),
        ("x" * 501, "final", ["reason"]),
        ("two\nlines", "final", ["reason"]),
        ("good", "curiosity", ["purpose"]),
        ("", "", ["reason", "purpose"]),
    ],
)
def test_a_request_without_good_words_is_refused(
    sqlite_world: MakingWorld, *, reason: str, purpose: str, places: list[str]
) -> None:
    with pytest.raises(InputRejected) as refused:
        ask(sqlite_world, reason=reason, purpose=purpose)

    assert [problem.place for problem in refused.value.problems] == places


def test_only_coordinators_and_statisticians_of_the_study_may(sqlite_world: MakingWorld) -> None:
    for role in ("nurse", "investigator", "monitor", "administrator"):
        with pytest.raises(NotPermitted):
            ask(sqlite_world, actor=sqlite_world.member(role, 2))
    stranger = staff_actor("statistician", study_id=999, site_id=None, account_id=2)
    with pytest.raises(NotFound):
        ask(sqlite_world, actor=stranger)
    assert ask(sqlite_world, actor=sqlite_world.member("coordinator", 3)).number == 1
    with sqlite_world.database.reading() as session, pytest.raises(NotFound):
        load_release(session, study_id=sqlite_world.clinic.study_id, number=1, actor=stranger)


def test_a_second_person_approves_the_analysis_once(world: MakingWorld) -> None:
    world.make(purpose="final")
    assert world.load().needs_approval
    assert not world.load().shows_arms
    with pytest.raises(InputRejected, match="Somebody else"):
        approve(world, world.statistician)

    approved = approve(world, world.member("coordinator", 3))

    assert (approved.approved_by, approved.approved_at) == ("Member 2", LATER)
    assert approved.shows_arms
    assert not approved.needs_approval
    with pytest.raises(InputRejected, match="before"):
        approve(world, world.member("coordinator", 3))


def test_there_is_nothing_to_approve_before_it_is_made_or_for_a_check(sqlite_world: MakingWorld) -> None:
    coordinator = sqlite_world.member("coordinator", 3)
    with pytest.raises(NotFound):
        approve(sqlite_world, coordinator)
    sqlite_world.request(purpose="data_check")
    with pytest.raises(InputRejected, match="not made yet"):
        approve(sqlite_world, coordinator)
    sqlite_world.make_next()
    with pytest.raises(InputRejected, match="needs no approval"):
        approve(sqlite_world, coordinator)


def test_age_and_sex_come_from_the_file_and_who_is_not_in_it_is_remarked(sqlite_world: MakingWorld) -> None:
    sqlite_world.answer_baseline("15-001")
    sqlite_world.clinic.enrol(CONSENT, participant_code="15-002")
    content = "\ufeffparticipant_code;age;sex;other\r\n15-001;64;F;x\r\n\r\n"

    asked = ask(sqlite_world, demographics=content.encode())
    sqlite_world.make_next()

    assert asked.people_described == 1
    described = json.loads(sqlite_world.read("release.json"))["demographics"]
    assert described == {"15-001": {"age": 64, "sex": "F"}}
    remarks = pl.read_parquet(sqlite_world.read("tables/parquet/remarks.parquet"))
    assert ("15-002", "not_in_demographics") in remarks.select("participant_code", "code").rows()
    assert b'"F"' in sqlite_world.read("cdisc/sdtm/dm.json")


def test_each_bad_row_of_the_file_is_named(sqlite_world: MakingWorld) -> None:
    sqlite_world.clinic.enrol(CONSENT, participant_code="15-001")
    lines = [
        "participant_code,age,sex",
        "15-404,64,F",
        "15-001,64.5,F",
        "15-001,131,F",
        "15-001,64,X",
        "15-001,64,M",
        "15-001,64,M",
        f"15-001,{'9' * 5000},M",
    ]

    found = problems(sqlite_world, "\n".join(lines))

    assert found[:5] == [
        "Line 2: the study has no participant “15-404”.",
        "Line 3: “64.5” is not an age in whole years.",
        "Line 4: “131” is not an age in whole years.",
        "Line 5: “X” is not a sex; write F, M, U or nothing.",
        "Line 7: the participant “15-001” comes twice.",
    ]
    assert len(found) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("participant_code,sex\n", "it has no age"),
        ("", "it has no participant_code, age, sex"),
        ('participant_code,age,sex\n"15-001,64,F\n', "quotes do not match"),
    ],
)
def test_a_file_that_is_none_is_refused(sqlite_world: MakingWorld, content: str, message: str) -> None:
    with (
        sqlite_world.database.reading() as session,
        pytest.raises(InputRejected) as refused,
    ):
        parse_demographics(session, content.encode(), study_id=sqlite_world.clinic.study_id)

    (problem,) = refused.value.problems
    assert message in problem.message % (problem.values or {})


def test_a_file_in_another_encoding_is_refused(sqlite_world: MakingWorld) -> None:
    with sqlite_world.database.reading() as session, pytest.raises(InputRejected, match="UTF-8"):
        parse_demographics(session, "é".encode("latin-1"), study_id=sqlite_world.clinic.study_id)


def test_the_zip_and_its_tables_are_handed_out_and_that_is_kept(sqlite_world: MakingWorld) -> None:
    sqlite_world.answer_baseline()
    made, folder = sqlite_world.make(), sqlite_world.folder
    with sqlite_world.database.reading() as session:
        assert find_archive(session, made, folder=folder).stat().st_size == made.archive_size
        for form in ("csv", "parquet", "sav", "dta"):
            name = list_table_files()["items", form]
            with open_file(session, made, name, folder=folder) as table:
                assert table.name == f"items.{form}"
                assert len(table.stream.read()) == table.size
        with pytest.raises(NotFound), open_file(session, made, "../../main.sqlite", folder=folder):
            pass
    with sqlite_world.database.writing() as session:
        record_download(
            session, made, what="tables/csv/items.csv", actor=sqlite_world.statistician, now=LATER
        )
        (kept,) = list_downloads(session, made)
    assert (kept.actor, kept.at, kept.after("what")) == ("account:1", LATER, "tables/csv/items.csv")


def test_a_zip_that_is_gone_or_cut_short_is_not_handed_out(sqlite_world: MakingWorld) -> None:
    made = sqlite_world.make()
    sqlite_world.archive().write_bytes(sqlite_world.archive().read_bytes()[:-1])

    with sqlite_world.database.reading() as session, pytest.raises(NotFound):
        find_archive(session, made, folder=sqlite_world.folder)


def test_an_archive_with_other_bytes_is_not_handed_out(sqlite_world: MakingWorld) -> None:
    made = sqlite_world.make()
    folder = sqlite_world.folder
    with sqlite_world.database.reading() as session:
        find_archive(session, made, folder=folder)

        sqlite_world.damage("README.html")

        with pytest.raises(NotFound):
            find_archive(session, made, folder=folder)
        with pytest.raises(NotFound), open_file(session, made, "manifest.json", folder=folder):
            pytest.fail("handed out")


def test_an_analysis_is_asked_for_by_somebody_by_name(sqlite_world: MakingWorld) -> None:
    command = system_actor("command", "release")
    with pytest.raises(InputRejected) as refused:
        ask(sqlite_world, purpose="planned_interim", actor=command)
    assert [problem.place for problem in refused.value.problems] == ["account"]

    assert ask(sqlite_world, purpose="data_check", actor=command).requested_by_id is None
