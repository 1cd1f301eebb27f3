from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from release_world import empty_release, list_small_batches
from unit.exports.cdisc.adam.made_up_scores import SCALES, Form, Person, interpret, make_tables

from pro_app.exports.cdisc.adam.adqs import ADQS, derive_adqs
from pro_app.exports.cdisc.sdtm.qs import derive_qs
from pro_app.exports.frames import Tables, check_frame
from pro_app.exports.release import Release
from pro_app.figures.estimates.means import estimate_means_by_time, estimate_means_by_visit


@pytest.fixture(scope="module")
def rows(analysed: tuple[Release, Tables]) -> pl.DataFrame:
    release, tables = analysed
    return derive_adqs(tables, release)


def of(rows: pl.DataFrame, subject: str, parameter: str) -> list[dict[str, object]]:
    """Give the records of one subject and parameter in their order."""
    return rows.filter(pl.col("SUBJID") == subject, pl.col("PARAMCD") == parameter).rows(named=True)


def test_a_baseline_form_after_randomisation_and_what_comes_after_death_are_not_analysed(
    analysed: tuple[Release, Tables],
) -> None:
    release, tables = analysed
    person = pl.col("participant_code")
    late = (person == "15-001") & (pl.col("visit_code") == "BASELINE")
    forms = tables["assessments"].with_columns(after_randomisation=late)
    died = pl.when(person == "15-004").then(date(2026, 3, 8)).otherwise("died_on")
    people = tables["participants"].with_columns(died_on=died)
    changed = {**tables, "assessments": forms, "participants": people}

    rows = derive_adqs(changed, release)

    flags = ["AFTRNDFL", "AFTDTHFL", "ANL01FL", "ANL02FL"]
    scored = rows.filter(pl.col("AVAL").is_not_null() & (pl.col("PARCAT2") != "Completion"))
    first = scored.filter(pl.col("SUBJID") == "15-001", pl.col("AVISIT") == "Baseline")
    assert first.select(flags).unique().rows() == [("Y", None, None, None)]
    dead = scored.filter(pl.col("SUBJID") == "15-004", pl.col("VISITNUM") == 208)
    assert dead.select(flags).unique().rows() == [(None, "Y", None, None)]
    assert dead["CHG"].null_count() < dead.height
    others = scored.filter(pl.col("SUBJID") == "15-002")
    assert others.select(flags).unique().rows() == [(None, None, "Y", "Y")]
    means = estimate_means_by_time(changed, release.protocol.analysis.time_windows)
    assert means.select(pl.col("n").sum()).item() == rows["ANL01FL"].drop_nulls().len()
    by_visit = estimate_means_by_visit(changed)
    in_visits = rows.filter(pl.col("PARCAT2") != "Completion")["ANL02FL"].drop_nulls().len()
    assert by_visit.select(pl.col("n").sum()).item() == in_visits


def test_the_figure_by_time_shows_the_records_that_adqs_has_chosen(
    analysed: tuple[Release, Tables],
) -> None:
    release, _ = analysed
    people = [
        Person(
            f"15-{n:03}",
            "SURVEILLANCE",
            (
                Form("BASELINE", 0, -4, (20.0 + n, 10.0)),
                Form("W24", 0, 0, (50.0, 90.0)),
                Form("W08", 0, 56, (60.0 + n, 30.0)),
                Form("UNSCHEDULED", 1, 56, (10.0, 70.0 - n)),
                Form("UNSCHEDULED", 2, 15, (1.0, 2.0)),
            ),
        )
        for n in range(8)
    ]
    tables = make_tables(release, people)
    rows = derive_adqs(tables, release).filter(pl.col("ANL01FL") == "Y")
    windows = release.protocol.analysis.time_windows
    chosen = rows.group_by("PARAMCD", "AWINDOWN").agg(n=pl.len(), mean=pl.col("AVAL").mean())
    expected = {
        (scale, windows[number - 1].code): (n, pytest.approx(mean))
        for scale, number, n, mean in chosen.iter_rows()
    }
    for seed in range(4):
        scores = tables["scores"].sample(fraction=1, shuffle=True, seed=seed)
        means = estimate_means_by_time({**tables, "scores": scores}, windows)
        found = {
            (scale, window): (n, mean)
            for scale, window, n, mean in means.select("scale", "window", "n", "mean").iter_rows()
        }
        assert found == expected
    assert set(expected) == {(scale, window) for scale in SCALES for window in ("DAY_0", "WEEK_8")}
    assert expected["FA", "DAY_0"] == (8, 10.0)


def test_there_is_one_row_for_each_score_of_the_latest_answers(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    _, tables = analysed
    check_frame(ADQS.table, rows)
    scores = tables["scores"].filter("is_current")
    assert rows.filter(pl.col("PARCAT2") != "Completion").height == scores.height
    assert rows["AVAL"].drop_nulls().len() > scores["value"].drop_nulls().len()
    assert rows.select(ADQS.keys).is_unique().all()


def test_rows_are_numbered_within_each_subject(rows: pl.DataFrame) -> None:
    for numbers in rows.group_by("USUBJID").agg("ASEQ")["ASEQ"]:
        assert numbers.to_list() == list(range(1, len(numbers) + 1))


def test_values_are_those_of_the_table_of_scores(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    _, tables = analysed
    names = {
        "AVAL": "value",
        "RAWSCORE": "raw",
        "BASE": "baseline",
        "NANSWER": "answered",
        "NNOTAPPL": "not_applicable",
        "NMISSING": "missing",
        "NNEEDED": "needed",
        "ADT": "observed_on",
    }
    scores = tables["scores"].filter("is_current")
    expected = scores.select("participant_code", *names.values()).sort(pl.all())
    found = rows.filter(pl.col("INSTVER").is_not_null())
    found = found.select(participant_code="SUBJID", **{tidy: pl.col(name) for name, tidy in names.items()})
    assert found.sort(pl.all()).equals(expected)


def test_an_unscored_scale_has_its_row_with_the_reason_and_the_numbers(rows: pl.DataFrame) -> None:
    unscored = rows.filter(pl.col("AVAL").is_null())
    assert set(unscored["NSREASN"]) == {"TOO FEW ANSWERS", "SCALE MISSING"}
    assert (unscored["NANSWER"] < unscored["NNEEDED"]).all()
    assert unscored["ANL01FL"].null_count() == unscored["ANL02FL"].null_count() == unscored.height
    assert rows.filter(pl.col("AVAL").is_not_null())["NSREASN"].null_count() > 0


def test_each_score_is_traced_to_its_row_in_qs(analysed: tuple[Release, Tables], rows: pl.DataFrame) -> None:
    release, tables = analysed
    qs = derive_qs(tables, release).select("USUBJID", "QSSEQ", "QSSTRESN", "QSSPID", "QSDRVFL", "VISITNUM")
    scored = rows.filter(pl.col("PARCAT2") != "Completion")
    traced = scored.join(qs, left_on=["USUBJID", "SRCSEQ"], right_on=["USUBJID", "QSSEQ"], how="left")
    assert set(zip(scored["SRCDOM"], scored["SRCVAR"], strict=True)) == {("QS", "QSSTRESN")}
    assert traced["AVAL"].equals(traced["QSSTRESN"].alias("AVAL"), null_equal=True)
    assert traced["VISITNUM"].equals(traced["VISITNUM_right"].alias("VISITNUM"))
    assert (traced["QSDRVFL"] == "Y").all()
    plain = traced.filter(pl.col("PARAMCD") != "C30SUMM")
    assert plain["PARAMCD"].to_list() == plain["QSSPID"].to_list()


def test_the_baseline_is_the_last_score_before_randomisation(rows: pl.DataFrame) -> None:
    twice = of(rows, "15-004", "FA")
    assert [(row["AVISIT"], row["ADT"], row["ABLFL"]) for row in twice] == [
        (None, date(2026, 1, 5), None),
        ("Baseline", date(2026, 1, 11), "Y"),
        ("Week 8", date(2026, 3, 9), None),
    ]
    assert {row["BASE"] for row in twice} == {twice[1]["AVAL"]}
    assert {row["BASE"] for row in of(rows, "15-003", "FA")} == {None}


def test_percent_change_from_a_baseline_of_zero_is_empty(rows: pl.DataFrame) -> None:
    changed = rows.filter(pl.col("CHG").is_not_null())
    from_zero = changed.filter(pl.col("BASE") == 0)
    assert from_zero.height > 0
    assert from_zero["PCHG"].null_count() == from_zero.height
    assert changed.filter(pl.col("BASE") != 0)["PCHG"].null_count() == 0
    assert not rows["PCHG"].is_infinite().any()


def test_an_unscheduled_form_has_a_visit_number_and_no_planned_analysis_visit(rows: pl.DataFrame) -> None:
    [unscheduled] = of(rows, "15-004", "PF2")[:1]
    assert (unscheduled["AVISIT"], unscheduled["AVISITN"], unscheduled["ANL02FL"]) == (None, None, None)
    assert isinstance(unscheduled["VISITNUM"], float)
    assert not unscheduled["VISITNUM"].is_integer()
    # By time it has the same window as the baseline, which lies closer to randomisation.
    assert (unscheduled["AWINDOW"], unscheduled["ANL01FL"]) == ("Before randomisation", None)
    assert of(rows, "15-004", "PF2")[1]["ANL01FL"] == "Y"


def test_a_form_never_sent_is_marked_and_analysed_in_neither_windowing(rows: pl.DataFrame) -> None:
    unsent = [row for row in of(rows, "16-001", "PF2") if row["INCOMPFL"] == "Y"]
    assert len(unsent) == 1
    assert unsent[0]["AVAL"] is not None
    assert (unsent[0]["ANL01FL"], unsent[0]["ANL02FL"]) == (None, None)


def test_without_randomisation_there_is_neither_relative_day_nor_window(rows: pl.DataFrame) -> None:
    [only] = of(rows, "16-002", "PF2")
    names = ("ADY", "AWINDOW", "AWINDOWN", "AWTARGET", "AWTDIFF", "ANL01FL")
    assert [only[name] for name in names] == [None] * len(names)
    assert (only["AVISIT"], only["ANL02FL"]) == ("Baseline", "Y")


def test_a_late_form_is_marked(rows: pl.DataFrame) -> None:
    late = rows.filter(pl.col("LATEFL") == "Y").select("SUBJID", "VISIT").unique()
    assert late.rows() == [("15-001", "WEEK 16")]


def test_clinical_importance_is_a_criterion_on_the_value(rows: pl.DataFrame) -> None:
    fatigue = [row for row in of(rows, "15-001", "FA") if row["AVAL"] is not None]
    assert {row["CRIT1"] for row in fatigue} == {"AVAL > 39"}
    assert [row["CRIT1FL"] for row in fatigue] == ["Y" if row["AVAL"] > 39 else "N" for row in fatigue]
    assert {row["CRIT1FL"] for row in of(rows, "15-001", "QL2")} == {None}


def test_a_form_answered_by_somebody_else_counts_as_received_and_is_not_scored(rows: pl.DataFrame) -> None:
    baseline = rows.filter(pl.col("SUBJID") == "16-001", pl.col("AVISIT") == "Baseline")
    assert dict(baseline.select("PARAMCD", "AVALC").iter_rows()) == {
        "EXPECTED": "Y",
        "RECEIVED": "Y",
        "VALID": "N",
    }


def test_completion_adds_up_to_the_table_of_completion(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    release, tables = analysed
    forms = rows.filter(pl.col("PARCAT2") == "Completion")
    assert (forms["ANL02FL"] == "Y").all()
    counted = forms.group_by("AVISIT", "PARAMCD").agg(pl.col("AVAL").sum())
    sums = {(visit, code): total for visit, code, total in counted.iter_rows()}
    for visit in tables["completion"].iter_rows(named=True):
        label = release.protocol.visit_label(visit["visit_code"], "en")
        found = [sums[label, code] for code in ("EXPECTED", "RECEIVED", "VALID")]
        assert found == [visit[name] for name in ("expected", "received", "valid")]


def test_a_scale_that_the_release_does_not_know_is_kept_and_remarked_on(
    analysed: tuple[Release, Tables],
) -> None:
    release, tables = analysed
    renamed = tables["scores"].with_columns(pl.col("scale").replace("INF", "AN_OLD_SCALE"))
    rows = derive_adqs({**tables, "scores": renamed}, release)
    unknown = rows.filter(pl.col("PARAMN").is_null())
    assert set(unknown["PARAMCD"]) == {"AN_OLD_S"}
    assert unknown.height == tables["scores"].filter("is_current", pl.col("scale") == "INF").height
    assert ADQS.find_remarks is not None
    [remark] = ADQS.find_remarks(rows, release)
    assert "AN_OLD_S" in remark.fr
    assert remark.table == "ADQS"


@pytest.mark.parametrize(
    ("one", "other", "within"),
    [
        ("PARAMCD", "PARAM", ()),
        ("PARAMCD", "PARAMN", ()),
        ("AVISITN", "AVISIT", ()),
        ("AWINDOWN", "AWINDOW", ()),
        ("AWINDOWN", "AWTARGET", ()),
        ("TRTPN", "TRTP", ()),
        ("AVALC", "AVAL", ("PARAMCD",)),
    ],
)
def test_a_code_and_its_words_go_one_to_one(
    rows: pl.DataFrame, one: str, other: str, *, within: tuple[str, ...]
) -> None:
    pairs = rows.select(*within, one, other).drop_nulls().unique()
    assert pairs.height > 1
    assert pairs.select(*within, one).is_unique().all()
    assert pairs.select(*within, other).is_unique().all()


def test_what_is_said_of_a_parameter_is_the_same_in_all_its_rows(rows: pl.DataFrame) -> None:
    said = ["PARCAT1", "PARCAT2", "CRIT1", "MINDIFF", "NNEEDED"]
    assert rows.select("PARAMCD", *said).unique()["PARAMCD"].is_unique().all()


def test_two_versions_of_an_instrument_have_one_parameter_and_say_which_was_answered(
    analysed: tuple[Release, Tables],
) -> None:
    release, tables = analysed
    old = release.instruments[0]
    new = replace(old, instrument=replace(old.instrument, version="3.1"))
    is_new = (pl.col("instrument") == "qlq-c30") & (pl.col("visit_code") == "W08")
    version = pl.when(is_new).then(pl.lit("3.1")).otherwise("instrument_version")
    changed = {name: tables[name].with_columns(instrument_version=version) for name in ("items", "scores")}
    both = replace(release, instruments=(*release.instruments, new))
    rows = derive_adqs({**tables, **changed}, both)
    assert {(row["VISIT"], row["INSTVER"]) for row in of(rows, "15-002", "PF2")} == {
        ("BASELINE", "3.0"),
        ("WEEK 8", "3.1"),
    }
    assert of(rows, "15-002", "PF2")[1]["CHG"] is not None
    scored = rows.filter(pl.col("PARCAT2") != "Completion")
    assert scored["SRCSEQ"].null_count() == 0
    assert rows["PARAMN"].null_count() == 0


def test_batches_and_an_empty_trial_give_the_same_columns(rows: pl.DataFrame) -> None:
    release, batches = list_small_batches()
    assert pl.concat(derive_adqs(interpret(release, batch), release) for batch in batches).equals(rows)
    empty, nothing = empty_release()
    check_frame(ADQS.table, derive_adqs(nothing, empty))
