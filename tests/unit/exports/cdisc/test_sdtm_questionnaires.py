from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
from cdisc_datasets import list_rows, rows_of
from release_world import list_small_batches, small_release

from pro_app.exports.cdisc.sdtm.qs import QS, find_qs_remarks
from pro_app.exports.cdisc.sdtm.questions import list_questions
from pro_app.exports.cdisc.sdtm.suppqs import SUPPQS
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

RELEASE, TABLES = small_release()
FIRST = {"USUBJID": "RELUTH-15-001", "VISITNUM": 100.0}


def the_row(**wanted: object) -> dict[str, Any]:
    """Give the one row of QS with these values."""
    (row,) = rows_of(QS, **wanted)
    return row


def values(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    """Give some values of a row."""
    return tuple(row[name] for name in names)


def test_scores_of_an_earlier_scoring_definition_have_the_codes_of_that_definition() -> None:
    scale = pl.col("scale")
    later = (pl.col("instrument") == "qlq-ginet21") & (pl.col("visit_code") == "W08")
    renamed = pl.when(later & (scale == "SX")).then(pl.lit("WG")).otherwise(scale).alias("scale")
    named = pl.when(later).then(pl.lit("yadegarfar-2013")).otherwise("scoring_name").alias("scoring_name")
    tables = {**TABLES, "scores": TABLES["scores"].with_columns(renamed, named)}

    rows = QS.derive(tables, RELEASE).filter(pl.col("QSDRVFL") == "Y")

    assert rows.height == QS.derive(TABLES, RELEASE).filter(pl.col("QSDRVFL") == "Y").height
    assert rows.select("QSTESTCD", "QSTEST", "QSCAT").null_count().row(0) == (0, 0, 0)
    week_8 = rows.filter(pl.col("VISITNUM") == 208)["QSTESTCD"]
    assert {"GIN21TR2", "GIN21ED"} < set(week_8)
    assert "GIN21TR" not in set(week_8)
    assert "GIN21TR2" not in set(rows.filter(pl.col("VISITNUM") != 208)["QSTESTCD"])


def test_an_answered_item_has_words_code_and_number() -> None:
    row = the_row(**FIRST, QSTESTCD="EOR0106")
    assert values(row, "QSCAT", "QSSPID", "QSSTRESC", "QSSTRESN") == ("EORTC QLQ-C30 V3.0", "6", "1", 1.0)
    assert values(row, "QSSTAT", "QSREASND", "QSDRVFL", "QSEVLINT") == (None, None, None, "-P1W")
    assert values(row, "QSDTC", "QSDY", "EPOCH", "VISIT") == ("2026-01-06", -6, "SCREENING", "BASELINE")
    pack = RELEASE.instruments[0].wordings["en"]
    assert row["QSORRES"] == pack.options["four_point"][1].upper()
    assert row["QSTEST"] == f"EOR01-{pack.items[6]}"[:40]


def test_the_first_five_items_have_no_recall_period_and_the_last_two_of_the_module_four_weeks() -> None:
    assert the_row(**FIRST, QSTESTCD="EOR0105")["QSEVLINT"] is None
    assert the_row(**FIRST, QSTESTCD="GIN2150")["QSEVLINT"] == "-P4W"


def test_only_the_ends_of_the_seven_point_scale_have_words() -> None:
    pack = RELEASE.instruments[0].wordings["en"]
    assert the_row(**FIRST, QSTESTCD="EOR0130")["QSORRES"] == f"1 - {pack.options['seven_point'][1].upper()}"
    assert the_row(**FIRST, QSTESTCD="EOR0129")["QSORRES"] == "3"


def test_not_applicable_is_an_answer_without_a_number() -> None:
    row = the_row(**FIRST, QSTESTCD="GIN2139")
    assert values(row, "QSORRES", "QSSTRESC", "QSSTRESN") == ("NOT APPLICABLE", "NOT APPLICABLE", None)
    assert values(row, "QSSTAT", "QSREASND") == (None, None)


def test_declined_left_blank_and_not_reached_items_are_not_done_for_different_reasons() -> None:
    declined = the_row(**FIRST, QSTESTCD="EOR0103")
    assert values(declined, "QSORRES", "QSSTRESC", "QSSTRESN") == (None, None, None)
    assert values(declined, "QSSTAT", "QSREASND") == ("NOT DONE", "SUBJECT PREFERRED NOT TO ANSWER")
    assert the_row(**FIRST, QSTESTCD="EOR0107")["QSREASND"] == "LEFT BLANK"
    unsent = the_row(USUBJID="RELUTH-16-001", VISITNUM=216.0, QSTESTCD="EOR0130")
    assert values(unsent, "QSSTAT", "QSREASND") == ("NOT DONE", "QUESTION NOT REACHED")


def test_a_score_is_derived_and_has_no_original_result() -> None:
    row = the_row(**FIRST, QSTESTCD="EOR0132")
    assert values(row, "QSORRES", "QSSTRESC", "QSSTRESN", "QSDRVFL") == (None, "50", 50.0, "Y")
    assert row["QSTEST"] == "EOR01-Physical functioning"


def test_every_score_keeps_its_full_precision_as_number_and_as_text() -> None:
    scores = TABLES["scores"].filter("is_current")
    expected = Counter(
        (f"RELUTH-{r['participant_code']}", r["scale"], r["value"]) for r in scores.iter_rows(named=True)
    )
    rows = rows_of(QS, QSDRVFL="Y")
    assert Counter((row["USUBJID"], row["QSSPID"], row["QSSTRESN"]) for row in rows) == expected
    assert all(float(r["QSSTRESC"]) == r["QSSTRESN"] for r in rows if r["QSSTRESN"] is not None)


def test_a_scale_that_cannot_be_scored_is_not_done_and_says_why() -> None:
    row = the_row(**FIRST, QSTESTCD="GIN21TR")
    assert values(row, "QSSTAT", "QSREASND", "QSSTRESN") == ("NOT DONE", "TOO FEW ITEMS ANSWERED", None)


def test_a_form_never_opened_is_one_row_for_each_questionnaire_with_the_reason() -> None:
    rows = rows_of(QS, USUBJID="RELUTH-15-003", VISITNUM=100.0)
    assert [values(r, "QSTESTCD", "QSCAT", "QSSTAT", "QSREASND") for r in rows] == [
        ("QSALL", "EORTC QLQ-C30 V3.0", "NOT DONE", "TOO ILL"),
        ("QSALL", "EORTC QLQ-GI.NET21", "NOT DONE", "TOO ILL"),
    ]
    assert {row["QSDTC"] for row in rows} == {None}


def test_a_questionnaire_never_reached_in_a_form_that_was_begun_is_one_row() -> None:
    (row,) = rows_of(QS, USUBJID="RELUTH-16-001", VISITNUM=216.0, QSCAT="EORTC QLQ-GI.NET21")
    assert values(row, "QSTESTCD", "QSREASND") == ("QSALL", "QUESTIONNAIRE NOT REACHED")


def test_visits_no_longer_expected_have_no_rows() -> None:
    assert {row["VISIT"] for row in rows_of(QS, USUBJID="RELUTH-15-002")} == {"BASELINE", "WEEK 8"}


def test_only_the_latest_version_of_corrected_answers_is_there() -> None:
    rows = rows_of(QS, USUBJID="RELUTH-16-001", VISITNUM=208.0, QSTESTCD="EOR0101")
    (current,) = TABLES["items"].filter(
        pl.col("is_current"), participant_code="16-001", visit_code="W08", instrument="qlq-c30", item=1
    )["value"]
    assert [row["QSSTRESN"] for row in rows] == [float(current)]


def test_answers_of_a_relative_have_items_and_no_scores() -> None:
    rows = rows_of(QS, USUBJID="RELUTH-16-001", VISITNUM=100.0)
    assert {row["QSDRVFL"] for row in rows} == {None}
    assert len(rows) == 51


def flagged_of(code: str, tables: Tables = TABLES) -> dict[str, float]:
    """Give the number of the visit with QSLOBXFL by question of one participant."""
    rows = list_rows(QS, tables, RELEASE, USUBJID=f"RELUTH-{code}", QSLOBXFL="Y")
    assert max(Counter(row["QSTESTCD"] for row in rows).values(), default=1) == 1
    return {row["QSTESTCD"]: row["VISITNUM"] for row in rows}


def with_infusion(code: str, on: date) -> Tables:
    """Give the tables in which one participant had an infusion, and nobody else."""
    events = TABLES["events"].filter(pl.col("kind") == "infusion").head(1)
    given = events.with_columns(participant_code=pl.lit(code), site=pl.lit(code[:2]), occurred_on=pl.lit(on))
    return dict(TABLES) | {"events": given}


def test_the_last_result_before_the_first_infusion_is_flagged_once_for_each_question() -> None:
    flagged = flagged_of("15-001")
    assert set(flagged.values()) == {100.0}
    assert flagged["EOR0106"] == 100.0
    # Somebody who answered out of the calendar and again at the baseline: the later one counts.
    assert set(flagged_of("15-004", with_infusion("15-004", date(2026, 1, 12))).values()) == {100.0}


def test_without_a_first_infusion_no_result_is_the_last_before_it() -> None:
    assert {row["USUBJID"] for row in rows_of(QS, QSLOBXFL="Y")} == {"RELUTH-15-001"}


def test_not_applicable_is_a_last_result_before_exposure_as_any_other() -> None:
    assert flagged_of("15-001")["GIN2139"] == 100.0


def test_forms_never_sent_and_those_of_a_relative_are_passed_over_before_exposure() -> None:
    # 16-001: a relative answered the baseline, week 8 is their own, week 16 was never sent.
    assert set(flagged_of("16-001", with_infusion("16-001", date(2026, 6, 1))).values()) == {208.0}
    assert flagged_of("16-001", with_infusion("16-001", date(2026, 1, 20))) == {}


def test_an_item_without_an_answer_at_baseline_has_no_flag() -> None:
    declined = the_row(**FIRST, QSTESTCD="EOR0103")
    assert declined["QSLOBXFL"] is None


def test_sequence_numbers_count_each_subject_from_one() -> None:
    frame = QS.derive(TABLES, RELEASE)
    for (_subject,), rows in frame.group_by("USUBJID", maintain_order=True):
        assert rows["QSSEQ"].to_list() == list(range(1, rows.height + 1))


def test_two_batches_give_the_rows_of_one() -> None:
    release, batches = list_small_batches()
    parts = pl.concat(QS.derive(batch, release) for batch in batches)
    assert parts.equals(QS.derive(TABLES, release))


def test_codes_of_the_sponsor_are_marked_and_those_of_cdisc_are_not() -> None:
    own = {question.test_code for question in list_questions(RELEASE) if question.is_sponsors}
    assert "EOR0132" not in own
    assert {"GIN2131", "GIN21ED", "C30SUMM"} <= own


def _with_names(names: Mapping[int, str]) -> Release:
    worded = RELEASE.instruments[0]
    pack = replace(worded.wordings["en"], items=dict(worded.wordings["en"].items) | names)
    return replace(RELEASE, instruments=(replace(worded, wordings={"en": pack}), *RELEASE.instruments[1:]))


def test_a_name_of_more_than_40_characters_is_cut_with_a_remark() -> None:
    release = _with_names({7: "A name that is a good deal longer than forty characters"})
    (row,) = list_rows(QS, TABLES, release, **FIRST, QSTESTCD="EOR0107")
    assert row["QSTEST"] == "EOR01-A name that is a good deal longer"
    remarks = list(find_qs_remarks(QS.derive(TABLES, release), release))
    assert [remark.code for remark in remarks] == ["qs_test_cut"]
    assert "EOR0107" in remarks[0].en


def test_names_that_are_alike_after_cutting_get_their_code() -> None:
    start = "Two names that begin with the very same words and "
    questions = {q.test_code: q.test for q in list_questions(_with_names({1: f"{start}a", 2: f"{start}b"}))}
    assert questions["EOR0101"].startswith("EOR0101 EOR01-Two names")
    assert questions["EOR0102"].startswith("EOR0102 EOR01-Two names")
    assert len(set(questions.values())) == len(questions)
    assert max(map(len, questions.values())) <= 40


def test_french_words_stand_where_there_are_no_english_ones() -> None:
    french = tuple(replace(worded, wordings={"fr": worded.wordings["fr"]}) for worded in RELEASE.instruments)
    (row,) = list_rows(QS, TABLES, replace(RELEASE, instruments=french), **FIRST, QSTESTCD="EOR0106")
    assert row["QSORRES"] == french[0].wordings["fr"].options["four_point"][1].upper()


def test_an_item_without_any_code_has_one_made_up_and_a_remark() -> None:
    worded = RELEASE.instruments[1]
    items = tuple(
        replace(item, sponsor_testcd=None) if item.number == 45 else item for item in worded.instrument.items
    )
    unnamed = replace(worded, instrument=replace(worded.instrument, items=items))
    release = replace(RELEASE, instruments=(RELEASE.instruments[0], unnamed))
    (row,) = list_rows(QS, TABLES, release, **FIRST, QSTESTCD="X2I45")
    assert row["QSSPID"] == "45"
    assert [r.code for r in find_qs_remarks(QS.derive(TABLES, release), release)] == ["qs_no_code"]


def test_what_holds_for_a_whole_questionnaire_is_said_once() -> None:
    rows = rows_of(SUPPQS, USUBJID="RELUTH-15-001", IDVARVAL="W16.QLQ-C30")
    told = {row["QNAM"]: row["QVAL"] for row in rows}
    pack = RELEASE.instruments[0].wordings["fr"]
    assert told == {
        "QSMODE": "interview",
        "QSENTBY": "participant",
        "QSWORDNG": pack.sha256,
        "QSRESPVN": "1",
        "QSRESPDT": "SELF",
        "QSLATE": "Y",
    }
    assert {(row["RDOMAIN"], row["IDVAR"]) for row in rows} == {("QS", "QSGRPID")}


def test_unsent_answers_corrections_and_relatives_can_be_told() -> None:
    def qualifiers(group: str) -> dict[str, str]:
        rows = rows_of(SUPPQS, USUBJID="RELUTH-16-001", IDVARVAL=group)
        return {row["QNAM"]: row["QVAL"] for row in rows}

    assert qualifiers("W16.QLQ-C30")["QSINCOMP"] == "Y"
    assert qualifiers("W08.QLQ-C30")["QSRESPVN"] == "2"
    assert qualifiers("BASELINE.QLQ-C30")["QSRESPDT"] == "PROXY"


def test_a_mode_that_changed_on_the_way_is_said_of_each_row() -> None:
    here = (pl.col("participant_code") == "15-001") & (pl.col("visit_code") == "W08")
    on_paper = here & (pl.col("instrument") == "qlq-c30") & (pl.col("item") > 20)
    mode = pl.when(on_paper).then(pl.lit("paper")).otherwise("mode").alias("mode")
    tables = dict(TABLES) | {"items": TABLES["items"].with_columns(mode)}
    rows = list_rows(SUPPQS, tables, RELEASE, USUBJID="RELUTH-15-001", QNAM="QSMODE")
    assert not [row for row in rows if row["IDVARVAL"] == "W08.QLQ-C30"]
    told = [row for row in rows if row["IDVAR"] == "QSSEQ"]
    numbers = {
        str(row["QSSEQ"]): row["QSSPID"]
        for row in list_rows(QS, tables, RELEASE, USUBJID="RELUTH-15-001", VISITNUM=208.0)
    }
    assert Counter(row["QVAL"] for row in told) == {"site_tablet": 20, "paper": 10}
    assert {numbers[row["IDVARVAL"]] for row in told if row["QVAL"] == "paper"} == {
        str(number) for number in range(21, 31)
    }


def test_every_qualifier_points_to_rows_of_qs() -> None:
    groups = {(row["USUBJID"], row["QSGRPID"]) for row in rows_of(QS)}
    assert {(row["USUBJID"], row["IDVARVAL"]) for row in rows_of(SUPPQS)} <= groups


def test_a_form_that_was_opened_and_left_without_any_answer_has_the_reason_that_was_recorded() -> None:
    missing = (pl.col("state") == "form_missing") & (pl.col("participant_code") == "15-003")
    state = pl.when(missing).then(pl.lit("not_reached")).otherwise("state").alias("state")
    tables = dict(TABLES) | {"items": TABLES["items"].with_columns(state)}
    rows = list_rows(QS, tables, RELEASE, USUBJID="RELUTH-15-003", VISITNUM=100.0)
    assert [values(r, "QSTESTCD", "QSREASND") for r in rows] == [("QSALL", "TOO ILL")] * 2


def test_a_questionnaire_that_was_not_done_has_no_rows_for_its_scores() -> None:
    some = TABLES["scores"].filter(participant_code="15-001", visit_code="W08")
    none = some.with_columns(
        pl.lit("15-003").alias("participant_code"),
        pl.lit("BASELINE").alias("visit_code"),
        pl.lit(None, dtype=pl.Float64).alias("value"),
    )
    tables = dict(TABLES) | {"scores": pl.concat([TABLES["scores"], none])}
    rows = list_rows(QS, tables, RELEASE, USUBJID="RELUTH-15-003", VISITNUM=100.0)
    assert {row["QSTESTCD"] for row in rows} == {"QSALL"}
