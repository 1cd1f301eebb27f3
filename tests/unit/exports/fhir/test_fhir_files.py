import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fhir.resources.R4B.bundle import Bundle
from release_world import empty_release, list_small_batches, small_release

from pro_app.exports.fhir.files import BUNDLE, QUESTIONNAIRES, RESPONSES, FhirFiles
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark

ABSENT = {"asked-declined": "declined", "unknown": "left_blank", "not-asked": "not_reached"}
"""FHIR's reason for an absent value -> the state of the tidy tables."""


def write(folder: Path, release: Release, *batches: Tables) -> list[Remark]:
    """Write the files and give the remarks."""
    folder.mkdir(exist_ok=True)
    files = FhirFiles(folder, release)
    for batch in batches:
        files.add(batch)
    return files.finish()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read resources line by line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def find_response(folder: Path, key: str) -> dict[str, Any]:
    """Find one response by what it is called within the study."""
    [found] = [r for r in read_lines(folder / RESPONSES) if r["identifier"]["value"] == key]
    return found


def list_answers(response: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Give link, state and value of each answer."""
    for group in response["item"]:
        for item in group["item"]:
            if "answer" not in item:
                yield item["linkId"], ABSENT[item["extension"][0]["valueCode"]], None
                continue
            [answer] = item["answer"]
            code = answer["valueCoding"]["code"]
            yield (item["linkId"], "answered", code) if code.isdigit() else (item["linkId"], code, None)


def opened_items(tables: Tables) -> pl.DataFrame:
    """Give the items of current forms that were opened."""
    return tables["items"].filter(pl.col("response_version").is_not_null() & pl.col("is_current"))


def test_the_bundle_is_valid_and_holds_every_resource_once(tmp_path: Path) -> None:
    release, batches = list_small_batches()
    write(tmp_path, release, *batches)
    bundle = Bundle.model_validate_json((tmp_path / BUNDLE).read_bytes())
    lines = [*read_lines(tmp_path / QUESTIONNAIRES), *read_lines(tmp_path / RESPONSES)]
    entries = json.loads((tmp_path / BUNDLE).read_bytes())["entry"]
    assert [entry["resource"] for entry in entries] == lines
    assert len({entry["fullUrl"] for entry in entries}) == len(entries) == len(bundle.entry)
    assert Counter(line["resourceType"] for line in lines) == {
        "Questionnaire": 2,
        "QuestionnaireResponse": 27,
    }


def test_every_answer_comes_back_with_its_value_and_its_state(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    read = Counter(
        (response["identifier"]["value"], *answer)
        for response in read_lines(tmp_path / RESPONSES)
        for answer in list_answers(response)
    )
    key = pl.concat_str(
        "participant_code",
        "visit_code",
        "ordinal",
        "instrument",
        "instrument_version",
        "response_version",
        separator="/",
    )
    link = pl.format("{}-q{}", "instrument", pl.col("item").cast(pl.String).str.zfill(2))
    expected = opened_items(tables).select(key, link.alias("link"), "state", pl.col("value").cast(pl.String))
    assert read == Counter(expected.iter_rows())
    assert {state for _, _, state, _ in read} == {"answered", "not_applicable", *ABSENT.values()}


def test_a_response_answers_the_questions_of_its_questionnaire(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    questionnaires = {f"{q['url']}|{q['version']}": q for q in read_lines(tmp_path / QUESTIONNAIRES)}
    for response in read_lines(tmp_path / RESPONSES):
        asked = questionnaires[response["questionnaire"]]["item"]
        assert [group["linkId"] for group in response["item"]] == [group["linkId"] for group in asked]
        for given, group in zip(response["item"], asked, strict=True):
            assert [item["linkId"] for item in given["item"]] == [item["linkId"] for item in group["item"]]
            for item, question in zip(given["item"], group["item"], strict=True):
                offered = [
                    (o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in question["answerOption"]
                ]
                coded = [
                    (a["valueCoding"]["system"], a["valueCoding"]["code"]) for a in item.get("answer", [])
                ]
                assert set(coded) <= set(offered)


def test_options_carry_the_number_that_they_count_as_and_not_applicable_none(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    items = {
        item["linkId"]: item
        for questionnaire in read_lines(tmp_path / QUESTIONNAIRES)
        for group in questionnaire["item"]
        for item in group["item"]
    }
    ordinals = {
        link: [
            (o["valueCoding"]["code"], *(e["valueDecimal"] for e in o["valueCoding"].get("extension", [])))
            for o in items[link]["answerOption"]
        ]
        for link in ("qlq-c30-q29", "qlq-ginet21-q39")
    }
    assert ordinals["qlq-c30-q29"] == [(str(n), n) for n in range(1, 8)]
    assert ordinals["qlq-ginet21-q39"] == [*((str(n), n) for n in range(1, 5)), ("not_applicable",)]


def test_words_are_french_with_the_english_ones_as_translations(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    first = read_lines(tmp_path / QUESTIONNAIRES)[0]
    question = first["item"][0]["item"][0]
    packs = release.instruments[0].wordings
    [translation] = question["_text"]["extension"]
    assert (first["language"], question["text"]) == ("fr", packs["fr"].items[1])
    assert [part.get("valueCode") or part["valueString"] for part in translation["extension"]] == [
        "en",
        packs["en"].items[1],
    ]


@pytest.mark.parametrize(("placeholder", "status"), [(True, "draft"), (False, "active")])
def test_a_placeholder_pack_makes_a_draft(tmp_path: Path, *, placeholder: bool, status: str) -> None:
    release, tables = empty_release()
    instruments = tuple(
        replace(
            worded,
            wordings={x: replace(pack, placeholder=placeholder) for x, pack in worded.wordings.items()},
        )
        for worded in release.instruments
    )
    write(tmp_path, replace(release, instruments=instruments), tables)
    made = read_lines(tmp_path / QUESTIONNAIRES)
    assert {q["status"] for q in made} == {status}
    assert {q["experimental"] for q in made} == {placeholder}


def test_who_answered_by_which_means_and_how_far_is_said(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    own = find_response(tmp_path, "15-001/BASELINE/0/qlq-c30/3.0/1")
    proxy = find_response(tmp_path, "16-001/BASELINE/0/qlq-c30/3.0/1")
    unsent = find_response(tmp_path, "16-001/W16/0/qlq-c30/3.0/1")
    corrected = find_response(tmp_path, "16-001/W08/0/qlq-c30/3.0/2")
    assert own["status"] == "completed"
    assert own["source"]["identifier"]["value"] == own["subject"]["identifier"]["value"] == "15-001"
    assert own["authored"] == "2026-01-06T11:30:00.000Z"
    assert own["encounter"]["display"] == "Questionnaire initial"
    assert own["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "own_device"
    assert proxy["source"]["type"] == "RelatedPerson"
    assert unsent["status"] == "stopped"
    assert corrected["status"] == "amended"


def test_a_late_form_is_tagged(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    tagged = {
        tuple(response["identifier"]["value"].split("/")[:2])
        for response in read_lines(tmp_path / RESPONSES)
        if any(tag["code"] == "late" for tag in response["meta"]["tag"])
    }
    late = tables["assessments"].filter(pl.col("late") & pl.col("received"))
    assert tagged == set(late.select("participant_code", "visit_code").iter_rows())
    assert tagged


def test_a_form_on_paper_or_by_interview_has_the_team_of_the_site_as_author(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    authors = {
        response["identifier"]["value"]: response["author"]
        for response in read_lines(tmp_path / RESPONSES)
        if response["author"]["type"] == "Practitioner"
    }
    assert {key.split("/qlq")[0] for key in authors} == {"15-001/W16/0", "15-002/BASELINE/0"}
    assert {author["display"] for author in authors.values()} == {"Équipe du centre 15"}


@pytest.mark.parametrize(("entered", "author"), [(2, "Patient"), (22, "Practitioner")])
def test_a_form_never_sent_is_by_whoever_entered_most_of_it(
    tmp_path: Path, *, entered: int, author: str
) -> None:
    release, tables = small_release()
    by_staff = (pl.col("visit_code") == "W16") & (pl.col("item") <= entered)
    who = pl.when(by_staff & pl.col("entered_by").is_not_null()).then(pl.lit("staff")).otherwise("entered_by")
    write(tmp_path, release, {**tables, "items": tables["items"].with_columns(entered_by=who)})
    assert find_response(tmp_path, "16-001/W16/0/qlq-c30/3.0/1")["author"]["type"] == author


def test_a_correction_changes_the_time_of_the_answers_and_not_their_author(tmp_path: Path) -> None:
    release, tables = small_release()
    corrected = (pl.col("response_version") == 2) & (pl.col("item") <= 2)
    later = pl.lit(datetime(2026, 3, 20, 9, tzinfo=UTC)).cast(tables["items"].schema["answered_at"])
    items = tables["items"].with_columns(
        answered_at=pl.when(corrected).then(later).otherwise("answered_at"),
        entered_by=pl.when(corrected).then(pl.lit("staff")).otherwise("entered_by"),
    )
    write(tmp_path, release, {**tables, "items": items})
    response = find_response(tmp_path, "16-001/W08/0/qlq-c30/3.0/2")
    assert response["authored"] == "2026-03-20T09:00:00.000Z"
    assert response["author"] == response["subject"]


def test_a_relative_who_answered_is_author_and_source_and_everybody_can_be_told(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path, release, tables)
    proxy = find_response(tmp_path, "16-001/BASELINE/0/qlq-c30/3.0/1")
    assert proxy["author"] == proxy["source"] == {"type": "RelatedPerson", "display": "16-001 (proxy)"}
    for response in read_lines(tmp_path / RESPONSES):
        for name in ("subject", "author", "source"):
            assert {"reference", "identifier", "display"} & response[name].keys()


def test_what_fhir_does_not_hold_is_counted_in_remarks(tmp_path: Path) -> None:
    release, tables = small_release()
    remarks = {remark.code: remark.en for remark in write(tmp_path, release, tables)}
    never = tables["items"].filter(pl.col("response_version").is_null())
    forms = never.select("participant_code", "visit_code", "ordinal", "instrument").n_unique()
    assert set(remarks) == {"fhir_superseded", "fhir_never_opened"}
    assert remarks["fhir_superseded"].startswith("FHIR: 2 ")
    assert remarks["fhir_never_opened"].startswith(f"FHIR: {forms} ")


def test_a_form_with_a_value_outside_its_definition_is_left_out_and_remarked(tmp_path: Path) -> None:
    release, tables = small_release()
    strange = (
        (pl.col("participant_code") == "15-001") & (pl.col("visit_code") == "W08") & (pl.col("item") == 2)
    )
    value = pl.when(strange).then(pl.lit(9, pl.Int64)).otherwise(pl.col("value"))
    remarks = write(tmp_path, release, {**tables, "items": tables["items"].with_columns(value=value)})
    assert "fhir_unknown_answer" in {remark.code for remark in remarks}
    assert len(read_lines(tmp_path / RESPONSES)) == 26


def test_the_same_release_gives_the_same_bytes_however_it_is_cut_into_batches(tmp_path: Path) -> None:
    release, tables = small_release()
    write(tmp_path / "whole", release, tables)
    write(tmp_path / "cut", release, *list_small_batches()[1])
    for name in (BUNDLE, QUESTIONNAIRES, RESPONSES):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()


def test_an_empty_trial_has_its_questionnaires(tmp_path: Path) -> None:
    release, tables = empty_release()
    assert write(tmp_path, release, tables) == []
    bundle = Bundle.model_validate_json((tmp_path / BUNDLE).read_bytes())
    assert [entry.resource.get_resource_type() for entry in bundle.entry] == ["Questionnaire"] * 2
    assert (tmp_path / RESPONSES).read_bytes() == b""


def test_without_a_bundle_there_are_the_lines_only(tmp_path: Path) -> None:
    release, tables = small_release()
    files = FhirFiles(tmp_path, release, bundle=False)
    files.add(tables)
    files.finish()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([QUESTIONNAIRES, RESPONSES])
