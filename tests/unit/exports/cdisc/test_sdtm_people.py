from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from cdisc_datasets import list_rows, rows_of
from release_world import empty_release, small_release

from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.dm import DM, find_dm_remarks
from pro_app.exports.cdisc.sdtm.ds import DS, find_ds_remarks, list_decodes, list_ds_levels
from pro_app.exports.cdisc.sdtm.ex import EX, find_ex_remarks
from pro_app.exports.cdisc.sdtm.qs import QS
from pro_app.exports.cdisc.sdtm.se import SE
from pro_app.exports.frames import Tables

RELEASE, TABLES = small_release()


def the_subject(code: str) -> dict[str, object]:
    """Give the row of DM of one participant."""
    (row,) = rows_of(DM, SUBJID=code)
    return row


def test_a_subject_has_its_identifiers_its_dates_and_its_demographics() -> None:
    assert the_subject("15-001") == {
        "STUDYID": "RELUTH",
        "DOMAIN": "DM",
        "USUBJID": "RELUTH-15-001",
        "SUBJID": "15-001",
        "RFSTDTC": "2026-01-12",
        "RFENDTC": "2026-05-12",
        "RFXSTDTC": "2026-01-20",
        "RFXENDTC": "2026-03-17",
        "RFICDTC": "2026-01-05",
        "RFPENDTC": None,
        "DTHDTC": None,
        "DTHFL": None,
        "SITEID": "15",
        "AGE": 63,
        "AGEU": "YEARS",
        "SEX": "F",
        "RACE": None,
        "ARMCD": "LUTATHERA",
        "ARM": "Lutathera: two more infusions",
        "ACTARMCD": "LUTATHERA",
        "ACTARM": "Lutathera: two more infusions",
        "ARMNRS": None,
        "ACTARMUD": None,
        "COUNTRY": "FRA",
    }


def test_a_death_is_a_date_a_flag_and_the_end_of_participation() -> None:
    dead = the_subject("15-002")
    assert (dead["DTHDTC"], dead["DTHFL"], dead["RFPENDTC"]) == ("2026-04-01", "Y", "2026-04-01")


def test_somebody_never_randomised_has_no_arm_and_the_reason() -> None:
    row = the_subject("16-002")
    assert (row["ARMCD"], row["ACTARMCD"], row["ARMNRS"]) == (None, None, "NOT ASSIGNED")
    assert row["RFSTDTC"] is None


def test_somebody_without_an_infusion_yet_has_no_actual_arm() -> None:
    row = the_subject("16-003")
    assert (row["ARMCD"], row["ACTARMCD"], row["ARMNRS"]) == ("LUTATHERA", None, "ASSIGNED, NOT TREATED")


def test_the_surveillance_arm_needs_no_infusion() -> None:
    row = the_subject("16-001")
    assert (row["ACTARMCD"], row["ACTARM"], row["ARMNRS"]) == ("SURVEILLANCE", "Active surveillance", None)


def test_unknown_demographics_are_empty_and_remarked_for_each_person() -> None:
    row = the_subject("15-003")
    assert (row["AGE"], row["AGEU"], row["SEX"]) == (None, None, None)
    remarks = list(find_dm_remarks(DM.derive(TABLES, RELEASE), RELEASE))
    assert [(remark.code, remark.participant_code) for remark in remarks] == [
        ("dm_demographics_missing", code) for code in ("15-003", "15-004", "16-001", "16-002", "16-003")
    ]
    assert remarks[0].site == "15"


def test_without_a_file_of_demographics_one_remark_says_so() -> None:
    release = replace(RELEASE, demographics={})
    remarks = list(find_dm_remarks(DM.derive(TABLES, release), release))
    assert [remark.code for remark in remarks] == ["dm_no_demographics"]


def test_a_protocol_of_an_unknown_country_has_no_country_and_a_remark() -> None:
    messages = replace(RELEASE.protocol.messages, public_holidays_of=None)
    release = replace(RELEASE, protocol=replace(RELEASE.protocol, messages=messages))
    frame = DM.derive(TABLES, release)
    assert frame["COUNTRY"].null_count() == frame.height
    assert "dm_no_country" in [remark.code for remark in find_dm_remarks(frame, release)]


def test_milestones_and_the_end_of_treatment_stand_in_their_order() -> None:
    rows = rows_of(DS, USUBJID="RELUTH-15-001")
    told = [(r["DSSEQ"], r["DSDECOD"], r["DSCAT"], r["EPOCH"], r["DSSTDTC"], r["DSSTDY"]) for r in rows]
    assert told == [
        (1, "INFORMED CONSENT OBTAINED", "PROTOCOL MILESTONE", "SCREENING", "2026-01-05", -7),
        (2, "RANDOMIZED", "PROTOCOL MILESTONE", "SCREENING", "2026-01-12", 1),
        (3, "COMPLETED", "DISPOSITION EVENT", "TREATMENT", "2026-05-12", 121),
    ]
    assert rows[2]["DSTERM"] == "END OF TREATMENT"


def test_a_withdrawal_and_a_death_end_the_participation() -> None:
    (left,) = rows_of(DS, USUBJID="RELUTH-15-004", DSSCAT="STUDY PARTICIPATION")
    assert (left["DSDECOD"], left["DSSTDTC"]) == ("WITHDRAWAL BY SUBJECT", "2026-05-04")
    (died,) = rows_of(DS, USUBJID="RELUTH-15-002", DSSCAT="STUDY PARTICIPATION")
    assert (died["DSDECOD"], died["DSSTDTC"], died["DSSTDY"]) == ("DEATH", "2026-04-01", 80)


def with_dates(code: str, **dates: date | None) -> Tables:
    """Give the tables with other dates of one participant."""
    here = pl.col("participant_code") == code
    changed = [
        pl.when(here).then(pl.lit(on, dtype=pl.Date)).otherwise(name).alias(name)
        for name, on in dates.items()
    ]
    return dict(TABLES) | {"participants": TABLES["participants"].with_columns(changed)}


def the_end(code: str, tables: Tables) -> object:
    """Give DSDECOD of the end of treatment or surveillance of one participant."""
    (row,) = list_rows(DS, tables, RELEASE, USUBJID=f"RELUTH-{code}", DSSCAT="STUDY TREATMENT")
    return row["DSDECOD"]


@pytest.mark.parametrize("column", ["progressed_on", "new_treatment_on"])
def test_treatment_with_all_planned_infusions_was_completed_whatever_came_before_its_end(column: str) -> None:
    for on in (date(2026, 5, 2), date(2026, 5, 12)):
        assert the_end("15-001", with_dates("15-001", **{column: on})) == "COMPLETED"


def test_treatment_that_ended_before_the_last_planned_infusion_has_no_known_cause() -> None:
    tables = with_dates("15-001", treatment_ended_on=date(2026, 3, 16), progressed_on=date(2026, 3, 10))
    assert the_end("15-001", tables) == "OTHER"
    remarks = list(find_ds_remarks(DS.derive(tables, RELEASE), RELEASE))
    assert [remark.code for remark in remarks] == ["ds_end_not_said"]
    assert list(find_ds_remarks(DS.derive(TABLES, RELEASE), RELEASE)) == []


def test_surveillance_is_completed_after_its_planned_months_and_ends_by_the_rules_of_the_protocol() -> None:
    ended = date(2026, 6, 1)
    completed = with_dates("16-001", treatment_ended_on=date(2026, 7, 12), progressed_on=date(2026, 7, 12))
    progressed = with_dates("16-001", treatment_ended_on=ended, progressed_on=ended)
    treated = with_dates("16-001", treatment_ended_on=ended, new_treatment_on=ended)
    earlier = with_dates("16-001", treatment_ended_on=ended, progressed_on=date(2026, 5, 30))
    assert [the_end("16-001", tables) for tables in (completed, progressed, treated, earlier)] == [
        "COMPLETED",
        "PROGRESSIVE DISEASE",
        "NEW ANTITUMOR TREATMENT",
        "OTHER",
    ]


def test_a_protocol_without_a_rule_for_the_end_of_treatment_knows_no_completion() -> None:
    arms = tuple(replace(arm, proposed={}) for arm in RELEASE.protocol.arms)
    release = replace(RELEASE, protocol=replace(RELEASE.protocol, arms=arms))
    (row,) = list_rows(DS, TABLES, release, DSSCAT="STUDY TREATMENT")
    assert row["DSDECOD"] == "OTHER"


def test_disposition_terms_are_of_the_list_of_their_category() -> None:
    lists = list_decodes()
    assert lists["NCOMPLT"][0] == "COMPLETED"
    for level in list_ds_levels(RELEASE):
        terms = {row["DSDECOD"] for row in rows_of(DS, DSCAT=level.values[0])}
        assert terms <= set(lists[level.codelist]), level.codelist


def test_each_infusion_in_force_is_an_exposure_without_a_dose() -> None:
    rows = rows_of(EX, USUBJID="RELUTH-15-001")
    told = [(r["EXSEQ"], r["EXTRT"], r["EXDOSE"], r["EPOCH"], r["EXSTDTC"], r["EXSTDY"]) for r in rows]
    assert told == [
        (1, "LUTATHERA", None, "TREATMENT", "2026-01-20", 9),
        (2, "LUTATHERA", None, "TREATMENT", "2026-03-17", 65),
    ]
    remarks = find_ex_remarks(EX.derive(TABLES, RELEASE), RELEASE)
    assert [remark.code for remark in remarks] == ["ex_no_dose"]


def test_an_infusion_that_was_retracted_is_no_exposure() -> None:
    events = TABLES["events"].with_columns(
        pl.col("in_force") & (pl.col("occurred_on") != pl.date(2026, 3, 17))
    )
    rows = list_rows(EX, dict(TABLES) | {"events": events}, RELEASE, USUBJID="RELUTH-15-001")
    assert [row["EXSTDTC"] for row in rows] == ["2026-01-20"]


def test_elements_follow_each_other_from_consent_to_follow_up() -> None:
    rows = rows_of(SE, USUBJID="RELUTH-15-001")
    told = [(r["ETCD"], r["EPOCH"], r["SESTDTC"], r["SEENDTC"], r["SESTDY"], r["SEENDY"]) for r in rows]
    assert told == [
        ("SCRN", "SCREENING", "2026-01-05", "2026-01-12", -7, 1),
        ("TRT1", "TREATMENT", "2026-01-12", "2026-05-12", 1, 121),
        ("FUP", "FOLLOW-UP", "2026-05-12", None, 121, None),
    ]


def test_the_last_element_of_somebody_who_died_ends_with_the_death() -> None:
    rows = rows_of(SE, USUBJID="RELUTH-15-002")
    assert [(row["ETCD"], row["SEENDTC"]) for row in rows] == [("SCRN", "2026-01-12"), ("TRT2", "2026-04-01")]


def test_participation_ends_with_the_last_known_contact_of_somebody_lost() -> None:
    tables = with_dates("15-001", lost_on=date(2026, 4, 20))
    (row,) = list_rows(DM, tables, RELEASE, SUBJID="15-001")
    assert row["RFPENDTC"] == "2026-08-12"
    rows = list_rows(SE, tables, RELEASE, USUBJID="RELUTH-15-001")
    assert [(r["ETCD"], r["SESTDTC"], r["SEENDTC"]) for r in rows] == [
        ("SCRN", "2026-01-05", "2026-01-12"),
        ("TRT1", "2026-01-12", "2026-05-12"),
        ("FUP", "2026-05-12", "2026-08-12"),
    ]


def test_participation_ends_with_death_also_after_somebody_was_lost_or_left() -> None:
    tables = with_dates(
        "15-001", lost_on=date(2026, 9, 1), left_on=date(2026, 9, 2), died_on=date(2026, 9, 9)
    )
    (row,) = list_rows(DM, tables, RELEASE, SUBJID="15-001")
    assert (row["RFPENDTC"], row["DTHDTC"]) == ("2026-09-09", "2026-09-09")


def test_no_element_ends_before_it_begins_nor_after_participation() -> None:
    tables = with_dates("15-001", died_on=date(2026, 4, 20))
    rows = list_rows(SE, tables, RELEASE, USUBJID="RELUTH-15-001")
    assert [(r["ETCD"], r["SEENDTC"]) for r in rows] == [("SCRN", "2026-01-12"), ("TRT1", "2026-04-20")]


def test_what_is_dated_after_participation_lies_in_no_epoch() -> None:
    tables = with_dates("15-001", died_on=date(2026, 5, 12))
    epochs = {row["VISIT"]: row["EPOCH"] for row in list_rows(QS, tables, RELEASE, USUBJID="RELUTH-15-001")}
    # The answers of weeks 16 and later came after the death.
    answered = {visit: epoch for visit, epoch in epochs.items() if visit != "WEEK 24"}
    assert answered == {
        "BASELINE": "SCREENING",
        "WEEK 8": "TREATMENT",
        "WEEK 16": None,
        "FOLLOW-UP AT 3 MONTHS": None,
    }


def test_an_infusion_on_the_day_of_randomisation_is_treatment_and_one_after_its_end_is_not() -> None:
    tables = with_dates("15-001", randomised_on=date(2026, 1, 20), treatment_ended_on=date(2026, 3, 1))
    rows = list_rows(EX, tables, RELEASE, USUBJID="RELUTH-15-001")
    assert [row["EPOCH"] for row in rows] == ["TREATMENT", "FOLLOW-UP"]


def test_keys_are_unique_and_every_derived_variable_says_how() -> None:
    for dataset in list_sdtm_datasets():
        frame = dataset.derive(TABLES, RELEASE)
        assert not frame.select(dataset.keys).is_duplicated().any(), dataset.name
        for variable in dataset.variables:
            where = f"{dataset.name}.{variable.name}"
            assert len(variable.label) <= 40, where
            assert bool(variable.method) == (variable.origin == "Derived"), where
            if variable.mandatory:
                assert frame[variable.name].null_count() == 0, where


def test_an_empty_trial_has_its_design_and_no_rows_about_people() -> None:
    release, tables = empty_release()
    rows = {dataset.name: dataset.derive(tables, release).height for dataset in list_sdtm_datasets()}
    assert {name for name, height in rows.items() if height} == {"TA", "TE", "TV"}
    assert all(
        not list(d.find_remarks(d.derive(tables, release), release))
        for d in list_sdtm_datasets()
        if d.find_remarks
    )
