from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from release_world import empty_release, list_small_batches
from unit.exports.cdisc.adam.made_up_scores import interpret

from pro_app.exports.cdisc.adam.adsl import ADSL, derive_adsl
from pro_app.exports.cdisc.sdtm.dm import derive_dm
from pro_app.exports.frames import Tables, check_frame
from pro_app.exports.release import Release

Row = dict[str, object]


@pytest.fixture(scope="module")
def subjects(analysed: tuple[Release, Tables]) -> dict[str, Row]:
    release, tables = analysed
    return {row["SUBJID"]: row for row in derive_adsl(tables, release).iter_rows(named=True)}


def test_there_is_one_row_for_everybody_who_consented(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    rows = derive_adsl(tables, release)
    check_frame(ADSL.table, rows)
    assert rows["SUBJID"].to_list() == tables["participants"]["participant_code"].to_list()
    assert rows["USUBJID"].is_unique().all()
    assert rows["RFICDT"].to_list() == tables["participants"]["consented_on"].to_list()


def test_what_comes_from_dm_is_the_same_there(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    adsl, dm = derive_adsl(tables, release), derive_dm(tables, release).sort("USUBJID")
    copied = [variable.name for variable in ADSL.variables if variable.predecessor.startswith("DM.")]
    assert len(copied) >= 10
    assert adsl.select(copied).equals(dm.select(copied))


def test_dates_of_treatment_are_those_of_the_infusions_in_force(subjects: dict[str, Row]) -> None:
    treated, watched = subjects["15-001"], subjects["15-002"]
    assert (treated["TRTSDT"], treated["TRTEDT"], treated["NINFUS"]) == (
        date(2026, 1, 20),
        date(2026, 3, 17),
        2,
    )
    assert (watched["TRTSDT"], watched["TRTEDT"], watched["NINFUS"]) == (None, None, 0)
    assert treated["EOTDT"] == date(2026, 5, 12)


def test_a_corrected_infusion_does_not_count(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    first = (pl.col("kind") == "infusion") & (pl.col("occurred_on") == date(2026, 1, 20))
    events = tables["events"].with_columns(in_force=pl.col("in_force") & ~first)
    rows = derive_adsl({**tables, "events": events}, release)
    assert rows.filter(pl.col("SUBJID") == "15-001")["TRTSDT"].to_list() == [date(2026, 3, 17)]


def test_populations_follow_randomisation_and_a_baseline_score(subjects: dict[str, Row]) -> None:
    flags = {code: (row["RANDFL"], row["ITTFL"], row["PROFL"]) for code, row in subjects.items()}
    assert flags == {
        "15-001": ("Y", "Y", "Y"),
        "15-002": ("Y", "Y", "Y"),
        "15-003": ("Y", "Y", "N"),
        "15-004": ("Y", "Y", "Y"),
        "16-001": ("Y", "Y", "N"),
        "16-002": ("N", "N", "N"),
        "16-003": ("Y", "Y", "N"),
    }


def test_who_was_not_randomised_has_no_treatment(subjects: dict[str, Row]) -> None:
    names = ("ARM", "TRT01P", "TRT01PN", "TRT01A", "TRT01AN", "RANDDT")
    assert [subjects["16-002"][name] for name in names] == [None] * 6
    assert [subjects["15-002"][name] for name in ("TRT01PN", "TRT01AN")] == [2, 2]


def test_the_end_of_study_has_a_status_a_day_and_a_reason(subjects: dict[str, Row]) -> None:
    ends = {code: (row["EOSSTT"], row["EOSDT"], row["DCSREAS"]) for code, row in subjects.items()}
    assert ends["15-001"] == ("ONGOING", None, None)
    assert ends["15-002"] == ("DISCONTINUED", date(2026, 4, 1), "DEATH")
    assert ends["15-004"] == ("DISCONTINUED", date(2026, 5, 4), "WITHDRAWAL BY SUBJECT")
    assert ends["16-002"] == ("ONGOING", None, None)
    assert (subjects["15-002"]["DTHFL"], subjects["15-001"]["DTHFL"]) == ("Y", None)


def test_death_on_the_day_of_leaving_is_the_reason(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    people = tables["participants"].with_columns(left_on="died_on", lost_on="died_on")
    rows = derive_adsl({**tables, "participants": people}, release)
    assert rows.filter(pl.col("SUBJID") == "15-002")["DCSREAS"].to_list() == ["DEATH"]


def test_whose_last_window_is_over_has_completed_the_study(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    forms = tables["assessments"].with_columns(window_closed=pl.lit(value=True))
    rows = derive_adsl({**tables, "assessments": forms}, release)
    completed = rows.filter(pl.col("EOSSTT") == "COMPLETED")
    last = forms.filter(pl.col("participant_code") == "15-001")["closes_on"].max()
    # The others have died, left, were not randomised, or have visits that are only provisional.
    assert completed["SUBJID"].to_list() == ["15-001"]
    assert completed["EOSDT"].to_list() == [last]


def test_age_and_sex_come_from_the_main_database_or_stay_empty(
    analysed: tuple[Release, Tables], subjects: dict[str, Row]
) -> None:
    release, tables = analysed
    assert [subjects["15-001"][name] for name in ("AGE", "AGEU", "SEX")] == [63, "YEARS", "F"]
    assert [subjects["15-003"][name] for name in ("AGE", "AGEU", "SEX")] == [None, None, None]
    without = derive_adsl(tables, replace(release, demographics={}))
    assert without.select("AGE", "AGEU", "SEX").null_count().row(0) == (7, 7, 7)


def test_batches_and_an_empty_trial_give_the_same_columns(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    _, batches = list_small_batches()
    parts = pl.concat(derive_adsl(interpret(release, batch), release) for batch in batches)
    assert parts.equals(derive_adsl(tables, release))
    empty, nothing = empty_release()
    check_frame(ADSL.table, derive_adsl(nothing, empty))
