"""What is gathered while batches pass by: completion, remarks, agreement."""

from datetime import UTC, date, datetime

import polars as pl
from polars.testing import assert_frame_equal
from release_world import empty_release, list_small_batches, small_release

from pro_app.exports.frames import Tables
from pro_app.exports.tidy.agreement import check_agreement
from pro_app.exports.tidy.completion import CompletionCount
from pro_app.exports.tidy.remarks import RemarkCollector
from pro_app.figures.estimates.completion import estimate_completion

NOON = datetime(2026, 9, 30, 12, tzinfo=UTC)


def with_changed(tables: Tables, name: str, where: pl.Expr, **values: object) -> Tables:
    """Give tables of which one says something else in some rows."""
    changes = [
        pl.when(where).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
        for column, value in values.items()
    ]
    return {**tables, name: tables[name].with_columns(changes)}


def test_completion_is_the_same_in_one_batch_and_in_several() -> None:
    release, tables = small_release()
    _, batches = list_small_batches()
    together, apart = CompletionCount(release.protocol), CompletionCount(release.protocol)
    together.add(tables)
    for batch in batches:
        apart.add(batch)

    assert_frame_equal(together.make_frame(release), tables["completion"])
    assert_frame_equal(apart.make_frame(release), tables["completion"])


def test_the_completion_of_nobody_is_an_empty_table() -> None:
    release, tables = empty_release()
    count = CompletionCount(release.protocol)
    count.add(tables)

    assert_frame_equal(count.make_frame(release), tables["completion"])


def test_rates_are_absent_where_there_is_nobody_to_divide_by() -> None:
    release, tables = small_release()
    nobody = with_changed(tables, "participants", pl.lit(value=True), randomised_on=None)
    count = CompletionCount(release.protocol)
    count.add(with_changed(nobody, "assessments", pl.lit(value=True), expected=False))

    frame = count.make_frame(release)

    assert frame["received"].sum() > 0
    assert frame["completion_rate"].to_list() == [None] * frame.height
    assert frame["available_data_rate"].to_list() == [None] * frame.height


def test_remarks_come_person_by_person_in_the_order_of_the_tables() -> None:
    release, _ = small_release()
    _, batches = list_small_batches()
    collector = RemarkCollector(release)
    for batch in batches:
        collector.add(batch)

    remarks = collector.finish()

    assert [(r.participant_code, r.code, r.visit_code) for r in remarks] == [
        (None, "test_mode", None),
        (None, "placeholder_wording", None),
        (None, "provisional_dates", None),
        ("15-003", "no_baseline", None),
        ("15-004", "two_baselines", None),
        ("15-004", "unscheduled", "UNSCHEDULED"),
        ("16-001", "no_baseline", None),
        ("16-001", "not_scored", "BASELINE"),
        ("16-003", "data_objection", None),
        ("16-003", "no_answer", None),
        ("16-003", "no_baseline", None),
    ]
    assert {remark.site for remark in remarks} == {None, "15", "16"}


def test_two_versions_of_an_instrument_are_counted_by_form() -> None:
    release, tables = small_release()
    later = (pl.col("instrument") == "qlq-c30") & (pl.col("visit_code") == "W08")
    collector = RemarkCollector(release)
    collector.add(with_changed(tables, "items", later, instrument_version="3.1"))

    [remark] = [r for r in collector.finish() if r.code == "instrument_versions"]

    # Five people answered week 8, one of them twice; six other forms of the instrument were opened.
    assert "3.0 (9), 3.1 (5)" in remark.en
    assert "3.0 (9), 3.1 (5)" in remark.fr


def test_forms_answered_after_death_or_after_leaving_are_named() -> None:
    release, tables = small_release()
    dead = with_changed(
        tables, "participants", pl.col("participant_code") == "15-001", died_on=date(2026, 5, 25)
    )
    gone = with_changed(
        dead, "participants", pl.col("participant_code") == "15-004", left_on=date(2026, 3, 8)
    )
    collector = RemarkCollector(release)
    collector.add(gone)

    found = [(r.participant_code, r.visit_code, r.code, r.table) for r in collector.finish()]

    # The form of the day of death itself, 25 May, is not after it.
    assert [each for each in found if each[2].startswith("after_")] == [
        ("15-001", "M03", "after_death", "assessments"),
        ("15-004", "W08", "after_leaving", "assessments"),
    ]


def test_two_scoring_definitions_of_an_instrument_are_counted_by_form() -> None:
    release, tables = small_release()
    later = (pl.col("instrument") == "qlq-ginet21") & (pl.col("visit_code") == "W08")
    collector = RemarkCollector(release)
    collector.add(with_changed(tables, "scores", later, scoring_name="yadegarfar-2013"))

    [remark] = [r for r in collector.finish() if r.code == "scoring_definitions"]

    assert "qlq-ginet21" in remark.fr
    assert "yadegarfar-2013 (5)" in remark.en


def test_a_form_that_is_open_again_is_neither_incomplete_nor_missed() -> None:
    release, tables = small_release()
    one = (pl.col("participant_code") == "16-003") & (pl.col("visit_code") == "W08")
    forms = {
        "missed": with_changed(tables, "assessments", one, started_at=NOON),
        "still open": with_changed(tables, "assessments", one, started_at=NOON, state="started"),
        "incomplete": with_changed(tables, "assessments", one, incomplete=True, state="incomplete"),
    }
    found = {}
    for name, changed in forms.items():
        count = CompletionCount(release.protocol)
        count.add(changed)
        visit = pl.col("visit_code") == "W08"
        frame = count.make_frame(release).filter(visit)
        figure = estimate_completion(changed, release.protocol).filter(visit)
        assert figure.select("incomplete", "missed").equals(frame.select("incomplete", "missed"))
        found[name] = frame.select("expected", "received", "incomplete", "missed").row(0)

    assert found == {"missed": (6, 5, 0, 1), "still open": (6, 5, 0, 0), "incomplete": (6, 5, 1, 0)}


WEEK_8 = (pl.col("visit_code") == "W08") & (pl.col("participant_code") == "15-001")


def test_a_changed_score_a_missing_one_and_a_changed_answer_are_named() -> None:
    release, tables = small_release()
    one = WEEK_8 & (pl.col("scale") == "QL2")

    [changed] = check_agreement(with_changed(tables, "scores", one, answered=1), release)
    [missing] = check_agreement({**tables, "scores": tables["scores"].filter(~one)}, release)
    answer = WEEK_8 & (pl.col("item") == 29)
    answers = with_changed(tables, "items", answer, value=1)

    assert (changed.scale, changed.detail, changed.stored, changed.exact) == ("QL2", "answered", 1, 2)
    assert changed.key[2:5] == ("15-001", "W08", 0)
    assert (missing.scale, missing.detail, missing.stored) == ("QL2", "stored", None)
    assert {found.scale for found in check_agreement(answers, release)} == {"QL2"}


def test_scores_by_a_definition_that_the_instrument_has_not_are_named() -> None:
    release, tables = small_release()
    wrong = with_changed(tables, "scores", WEEK_8, scoring_name="invented")

    found = check_agreement(wrong, release)

    assert {difference.detail for difference in found} == {"scoring_name"}
    assert {difference.stored for difference in found} == {"invented"}
    assert len(found) == 2


def test_forms_that_are_not_to_be_scored_must_have_no_scores() -> None:
    release, tables = small_release()
    whose = pl.col("received") & (pl.col("participant_code") == "15-002")

    found = check_agreement(with_changed(tables, "assessments", whose, respondent="proxy"), release)

    assert {difference.key[2] for difference in found} == {"15-002"}
