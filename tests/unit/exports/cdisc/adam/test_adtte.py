import math
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from release_world import empty_release, list_small_batches
from unit.exports.cdisc.adam.made_up_scores import RANDOMISED_ON, Form, Person, interpret, make_tables

from pro_app.exports.cdisc.adam.adqs import derive_adqs
from pro_app.exports.cdisc.adam.adsl import derive_adsl
from pro_app.exports.cdisc.adam.adtte import ADTTE, derive_adtte
from pro_app.exports.cdisc.adam.parameters import list_event_parameters
from pro_app.exports.frames import Tables, check_frame
from pro_app.exports.release import Release
from pro_app.protocol.analysis import DeteriorationDefinition, DeteriorationRule
from pro_app.protocol.rules import Label
from pro_app.scoring.deterioration.outcome import OUTCOMES


@pytest.fixture(scope="module")
def rows(analysed: tuple[Release, Tables]) -> pl.DataFrame:
    release, tables = analysed
    return derive_adtte(tables, release)


def course(*forms: tuple[str, int, float], arm: str | None = "LUTATHERA") -> Person:
    """Give a person with forms (visit, day, score of physical functioning)."""
    given = [Form(visit, 0, day=day, values=(score, None)) for visit, day, score in forms]
    return Person("15-001", arm, given)


def declare(release: Release, *rules: DeteriorationRule) -> Release:
    """Give a release whose protocol declares these rules as D1, D2 …."""
    definitions = tuple(
        DeteriorationDefinition(f"D{n}", Label({"fr": f"Règle {n}", "en": f"Rule {n}"}), rule, None)
        for n, rule in enumerate(rules, start=1)
    )
    analysis = replace(release.protocol.analysis, deterioration=definitions)
    return replace(release, protocol=replace(release.protocol, analysis=analysis))


def only(release: Release, person: Person, *, died_on: date | None = None) -> dict[str, object]:
    """Give the one time of the person's physical functioning under the only definition."""
    tables = make_tables(release, [person])
    people = tables["participants"].with_columns(died_on=pl.lit(died_on, dtype=pl.Date))
    rows = derive_adtte(interpret(release, {**tables, "participants": people}), release)
    [row] = rows.filter(pl.col("PARAMCD") == "T1PF2").rows(named=True)
    return row


def test_there_is_one_row_for_each_time_in_the_table_of_deterioration(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    release, tables = analysed
    check_frame(ADTTE.table, rows)
    assert rows.select(ADTTE.keys).is_unique().all()
    codes = {p.code: (p.instrument, p.source, p.definition) for p in list_event_parameters(release)}
    found = {
        (row["SUBJID"], *codes[row["PARAMCD"]]): (
            row["CNSR"] == 0,
            row["AVALDY"],
            row["STARTDT"],
            row["ADT"],
            row["REFVAL"],
            row["EVNTVAL"],
        )
        for row in rows.iter_rows(named=True)
    }
    expected = {
        (row["participant_code"], row["instrument"], row["scale"], row["definition"]): (
            row["event"],
            row["time_days"],
            row["starts_on"],
            row["ends_on"],
            row["reference"],
            row["value"],
        )
        for row in tables["deterioration"].filter(pl.col("event").is_not_null()).iter_rows(named=True)
    }
    assert found == expected
    assert len({row["definition"] for row in tables["deterioration"].iter_rows(named=True)}) == 3


def test_time_is_in_months_of_days_between_its_ends(rows: pl.DataFrame) -> None:
    for row in rows.iter_rows(named=True):
        assert row["AVALU"] == "MONTHS"
        assert row["AVALDY"] == (row["ADT"] - row["STARTDT"]).days
        assert math.isclose(row["AVAL"], row["AVALDY"] / 30.4375)


def test_each_event_by_score_is_traced_to_the_score_that_deteriorated(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    release, tables = analysed
    adqs = derive_adqs(tables, release)
    records = {(row["USUBJID"], row["ASEQ"]): row for row in adqs.iter_rows(named=True)}
    worse = rows.filter(pl.col("EVNTDESC") == "Deterioration")
    assert worse.height > 0
    for row in worse.iter_rows(named=True):
        source = records[row["USUBJID"], row["SRCSEQ"]]
        assert (source["PARAMCD"], source["ADT"]) == (row["SCALECD"], row["ADT"])
        assert source["AVAL"] == row["EVNTVAL"]
        assert abs(row["EVNTVAL"] - row["REFVAL"]) >= row["MINDIFF"] - 1e-9
        assert source["CHGCAT1"] == "Worsened"


def test_what_no_score_ended_is_traced_to_adsl(analysed: tuple[Release, Tables], rows: pl.DataFrame) -> None:
    release, tables = analysed
    subjects = {row["USUBJID"]: row for row in derive_adsl(tables, release).iter_rows(named=True)}
    deaths = rows.filter(pl.col("SRCVAR") == "DTHDT")
    starts = rows.filter(pl.col("SRCVAR") == "RANDDT")
    assert min(deaths.height, starts.height) > 0
    for row in deaths.iter_rows(named=True):
        assert (row["EVNTDESC"], row["CNSR"], row["SRCSEQ"]) == ("Death", 0, None)
        assert row["ADT"] == subjects[row["USUBJID"]]["DTHDT"]
    for row in starts.iter_rows(named=True):
        assert row["CNSR"] in {3, 4}
        assert (row["SRCDOM"], row["STARTDT"]) == ("ADSL", subjects[row["USUBJID"]]["RANDDT"])
    traced = rows.filter(pl.col("SRCDOM") == "ADQS")
    assert traced["SRCSEQ"].null_count() == 0
    assert traced.height + deaths.height + starts.height == rows.height


def test_each_cause_of_censoring_has_its_number_and_its_words(rows: pl.DataFrame) -> None:
    numbers = {words.en: words.censoring_number for words in OUTCOMES.values()}
    for row in rows.iter_rows(named=True):
        censored = row["CNSR"] > 0
        assert row["CNSR"] == (numbers[row["EVNTDESC"]] if censored else 0)
        assert (row["CNSDTDSC"] is not None) == censored


def test_who_has_no_score_on_a_scale_has_no_time_for_it(
    analysed: tuple[Release, Tables], rows: pl.DataFrame
) -> None:
    _, tables = analysed
    nobody = tables["deterioration"].filter(pl.col("participant_code") == "16-003")
    assert set(nobody["outcome"]) == {"no_score"}
    assert "16-003" not in rows["SUBJID"]
    assert "16-002" not in rows["SUBJID"]


def test_without_a_baseline_time_ends_at_day_0(analysed: tuple[Release, Tables]) -> None:
    release = declare(analysed[0], DeteriorationRule())
    row = only(release, course(("W08", 56, 80.0)))
    assert (row["CNSR"], row["AVALDY"], row["CNSDTDSC"]) == (4, 0, "Time zero")
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("ADSL", "RANDDT", None)


def test_without_a_score_after_the_baseline_time_ends_at_day_1(analysed: tuple[Release, Tables]) -> None:
    release = declare(analysed[0], DeteriorationRule())
    row = only(release, course(("BASELINE", -3, 80.0)))
    assert (row["CNSR"], row["AVALDY"], row["CNSDTDSC"]) == (3, 1, "Day after time zero")
    assert row["ADT"] == RANDOMISED_ON + timedelta(days=1)


def test_no_baseline_is_an_event_where_the_definition_says_so(analysed: tuple[Release, Tables]) -> None:
    release = declare(analysed[0], DeteriorationRule(no_baseline="event"))
    row = only(release, course(("W08", 56, 80.0)))
    assert (row["CNSR"], row["EVNTDESC"], row["CNSDTDSC"]) == (0, "No baseline score", None)


def test_time_from_the_first_record_is_traced_to_that_record(analysed: tuple[Release, Tables]) -> None:
    release = declare(analysed[0], DeteriorationRule(time_zero="first_record"))
    row = only(release, course(("W08", 56, 80.0)))
    assert row["STARTDT"] == row["ADT"] == RANDOMISED_ON + timedelta(days=56)
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("ADQS", "ADT", 1)


def test_time_that_ends_the_day_after_the_first_record_is_traced_to_that_record(
    analysed: tuple[Release, Tables],
) -> None:
    release = declare(analysed[0], DeteriorationRule(time_zero="first_record"))
    row = only(release, course(("BASELINE", -3, 80.0)))
    assert row["ADT"] == RANDOMISED_ON - timedelta(days=2)
    assert (row["SRCDOM"], row["SRCVAR"], row["SRCSEQ"]) == ("ADQS", "ADT", 1)


def test_a_first_record_without_the_scale_is_traced_to_another_scale_of_that_day(
    analysed: tuple[Release, Tables],
) -> None:
    release = declare(analysed[0], DeteriorationRule(time_zero="first_record"))
    tables = make_tables(release, [course(("W08", 56, 80.0), ("W16", 112, 80.0))])
    lacks = (pl.col("scale") == "PF2") & (pl.col("visit_code") == "W08")
    partly = interpret(release, {**tables, "scores": tables["scores"].filter(~lacks)})
    records = derive_adqs(partly, release)
    [row] = derive_adtte(partly, release).filter(pl.col("PARAMCD") == "T1PF2").rows(named=True)
    [source] = records.filter(pl.col("ASEQ") == row["SRCSEQ"]).rows(named=True)
    assert (source["ADT"], source["PARAMCD"]) == (row["STARTDT"], "FA")


def test_death_counts_as_the_definition_says(analysed: tuple[Release, Tables]) -> None:
    stable = course(("BASELINE", -3, 80.0), ("W08", 56, 80.0))
    died_on = RANDOMISED_ON + timedelta(days=70)
    censored = only(declare(analysed[0], DeteriorationRule()), stable, died_on=died_on)
    assert (censored["CNSR"], censored["AVALDY"], censored["CNSDTDSC"]) == (2, 56, "Last score before death")
    event = only(declare(analysed[0], DeteriorationRule(death="event")), stable, died_on=died_on)
    assert (event["CNSR"], event["AVALDY"], event["EVNTDESC"]) == (0, 70, "Death")
    assert (event["SRCDOM"], event["SRCVAR"]) == ("ADSL", "DTHDT")


def test_of_two_scores_of_one_day_the_one_that_ended_the_time_is_the_source(
    analysed: tuple[Release, Tables],
) -> None:
    release = declare(analysed[0], DeteriorationRule())
    worse_first = course(("BASELINE", -3, 80.0), ("W08", 90, 40.0), ("W16", 90, 80.0))
    worse_last = course(("BASELINE", -3, 80.0), ("W08", 90, 80.0), ("W16", 90, 40.0))
    stable = course(("BASELINE", -3, 80.0), ("W08", 90, 80.0), ("W16", 90, 80.0))
    sources = [only(release, person)["SRCSEQ"] for person in (worse_first, worse_last, stable)]
    assert sources == [2, 3, 3]


def test_a_change_of_exactly_the_minimal_difference_is_an_event(analysed: tuple[Release, Tables]) -> None:
    release = declare(analysed[0], DeteriorationRule())
    row = only(release, course(("BASELINE", -3, 80 / 3), ("W08", 56, 50 / 3)))
    assert (row["CNSR"], row["AVALDY"]) == (0, 56)


def test_a_definition_that_the_release_does_not_know_is_kept_and_remarked_on(
    analysed: tuple[Release, Tables],
) -> None:
    release, tables = analysed
    renamed = tables["deterioration"].with_columns(pl.col("definition").replace("TUDD", "OLD"))
    rows = derive_adtte({**tables, "deterioration": renamed}, release)
    unknown = rows.filter(pl.col("PARAMN").is_null())
    assert unknown.height == rows.height / 3
    assert "T0PF2" in unknown["PARAMCD"]
    assert ADTTE.find_remarks is not None
    assert "T0PF2" in {remark.en.split()[1] for remark in ADTTE.find_remarks(rows, release)}


def test_batches_and_an_empty_trial_give_the_same_columns(rows: pl.DataFrame) -> None:
    release, batches = list_small_batches()
    parts = pl.concat(derive_adtte(interpret(release, batch), release) for batch in batches)
    assert parts.equals(rows)
    empty, nothing = empty_release()
    check_frame(ADTTE.table, derive_adtte(nothing, empty))
