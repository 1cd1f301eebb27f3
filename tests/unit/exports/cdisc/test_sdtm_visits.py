from dataclasses import replace

import polars as pl
import pytest
from cdisc_datasets import list_rows, rows_of
from release_world import small_release

from pro_app.exports.cdisc.sdtm.sv import SV, find_sv_remarks
from pro_app.exports.cdisc.sdtm.trial_design import TA, TE, TV

RELEASE, TABLES = small_release()


def test_each_arm_goes_through_screening_its_own_element_and_follow_up() -> None:
    told = [(row["ARMCD"], row["TAETORD"], row["ETCD"], row["EPOCH"]) for row in rows_of(TA)]
    assert told == [
        ("LUTATHERA", 1, "SCRN", "SCREENING"),
        ("LUTATHERA", 2, "TRT1", "TREATMENT"),
        ("LUTATHERA", 3, "FUP", "FOLLOW-UP"),
        ("SURVEILLANCE", 1, "SCRN", "SCREENING"),
        ("SURVEILLANCE", 2, "TRT2", "TREATMENT"),
        ("SURVEILLANCE", 3, "FUP", "FOLLOW-UP"),
    ]
    assert {row["ETCD"] for row in rows_of(TE)} == {"SCRN", "TRT1", "TRT2", "FUP"}


def test_planned_visits_are_numbered_by_their_rule_and_their_week() -> None:
    told = {row["VISIT"]: (row["VISITNUM"], row["VISITDY"]) for row in rows_of(TV)}
    assert told["BASELINE"] == (100.0, 1)
    assert told["WEEK 8"] == (208.0, 57)
    assert told["WEEK 24"] == (224.0, 169)
    assert told["FOLLOW-UP AT 3 MONTHS"] == (300.0, None)
    assert len(told) == 12


def test_the_rules_of_a_visit_are_said_in_words() -> None:
    (week,) = rows_of(TV, VISIT="WEEK 8")
    assert week["TVSTRL"] == "7 days before 8 weeks after randomisation"
    assert week["TVENRL"] == "7 days after 8 weeks after randomisation"
    (baseline,) = rows_of(TV, VISIT="BASELINE")
    assert (baseline["TVSTRL"], baseline["TVENRL"]) == (
        "14 days before the day of randomisation",
        "The day of randomisation",
    )


def test_a_visit_that_took_place_has_its_day_and_study_day() -> None:
    (row,) = rows_of(SV, USUBJID="RELUTH-15-001", VISIT="WEEK 8")
    assert (row["SVPRESP"], row["SVOCCUR"], row["SVREASOC"]) == ("Y", "Y", None)
    assert (row["SVSTDTC"], row["SVSTDY"], row["VISITDY"]) == ("2026-03-10", 58, 57)


def test_a_missed_visit_has_its_reason_and_no_date() -> None:
    (row,) = rows_of(SV, USUBJID="RELUTH-15-003", VISIT="BASELINE")
    assert (row["SVOCCUR"], row["SVREASOC"], row["SVSTDTC"]) == ("N", "TOO ILL", None)
    (unsaid,) = rows_of(SV, USUBJID="RELUTH-15-003", VISIT="WEEK 24")
    assert unsaid["SVREASOC"] == "REASON NOT RECORDED"


def test_visits_no_longer_expected_or_still_to_come_have_no_row() -> None:
    visits = {row["VISIT"] for row in rows_of(SV, USUBJID="RELUTH-15-002")}
    assert visits == {"BASELINE", "WEEK 8"}


@pytest.mark.parametrize("state", ["open", "started"])
def test_a_visit_that_the_site_has_reopened_is_not_missed(state: str) -> None:
    here = (pl.col("participant_code") == "16-003") & (pl.col("visit_code") == "W08")
    assessments = TABLES["assessments"]
    reopened = assessments.with_columns(
        pl.when(here).then(pl.lit(state)).otherwise("state").alias("state"),
    )
    wanted = {"USUBJID": "RELUTH-16-003", "VISIT": "WEEK 8"}
    assert [row["SVOCCUR"] for row in rows_of(SV, **wanted)] == ["N"]
    assert list_rows(SV, dict(TABLES) | {"assessments": reopened}, RELEASE, **wanted) == []


def test_an_unscheduled_visit_stands_before_the_planned_ones_that_come_later() -> None:
    rows = rows_of(SV, USUBJID="RELUTH-15-004")
    told = [(row["VISITNUM"], row["VISIT"], row["SVPRESP"], row["SVUPDES"]) for row in rows]
    assert told == [
        (0.01, "UNSCHEDULED 0.01", None, "REPLACED BY A NEW CALENDAR"),
        (100.0, "BASELINE", "Y", None),
        (208.0, "WEEK 8", "Y", None),
    ]


def test_an_unscheduled_visit_after_a_planned_one_has_its_number_plus_a_hundredth() -> None:
    unscheduled = pl.col("visit_code") == "UNSCHEDULED"
    assessments = TABLES["assessments"].with_columns(
        pl.when(unscheduled).then(pl.date(2026, 3, 20)).otherwise("observed_on").alias("observed_on")
    )
    rows = list_rows(SV, dict(TABLES) | {"assessments": assessments}, RELEASE, SVPRESP=None)
    assert [(row["VISITNUM"], row["VISIT"]) for row in rows] == [(208.01, "UNSCHEDULED 208.01")]


def test_a_visit_that_the_trial_design_does_not_hold_is_remarked() -> None:
    frame = SV.derive(TABLES, RELEASE)
    assert list(find_sv_remarks(frame, RELEASE)) == []
    renamed = TABLES["assessments"].with_columns(pl.col("visit_code").replace("W16", "W32"))
    later = SV.derive(dict(TABLES) | {"assessments": renamed}, RELEASE)
    assert later.filter(VISIT="WEEK 32")["VISITNUM"].unique().to_list() == [232.0]
    remarks = list(find_sv_remarks(later, RELEASE))
    assert [remark.code for remark in remarks] == ["sv_visit_outside_tv"]
    assert "WEEK 32" in remarks[0].en


def test_a_visit_of_another_protocol_keeps_its_code_and_is_remarked() -> None:
    renamed = TABLES["assessments"].with_columns(pl.col("visit_code").replace("W16", "OLD1"))
    frame = SV.derive(dict(TABLES) | {"assessments": renamed}, RELEASE)
    assert frame.filter(VISIT="OLD1")["VISITNUM"].null_count() > 0
    assert "OLD1" in next(find_sv_remarks(frame, RELEASE)).en


def test_a_protocol_without_days_between_its_visits_has_no_planned_days() -> None:
    visits = tuple(
        replace(visit, anchor="end_of_treatment") if visit.code == "BASELINE" else visit
        for visit in RELEASE.protocol.visits
    )
    release = replace(RELEASE, protocol=replace(RELEASE.protocol, visits=visits))
    (row,) = list_rows(TV, {}, release, VISIT="BASELINE")
    assert row["VISITDY"] is None


def test_a_window_may_lie_wholly_before_or_after_its_target() -> None:
    visits = tuple(
        replace(visit, opens_days=3, closes_days=9) if visit.code == "M03" else visit
        for visit in RELEASE.protocol.visits
    )
    release = replace(RELEASE, protocol=replace(RELEASE.protocol, visits=visits))
    (row,) = list_rows(TV, {}, release, VISIT="FOLLOW-UP AT 3 MONTHS")
    target = "3 months after end of treatment or surveillance"
    assert (row["TVSTRL"], row["TVENRL"]) == (f"3 days after {target}", f"9 days after {target}")
