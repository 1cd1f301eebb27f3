from dataclasses import replace

import polars as pl
import pytest
from cdisc_datasets import list_rows, rows_of
from release_world import empty_release, small_release

from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.dm import DM, find_dm_remarks
from pro_app.exports.cdisc.sdtm.ds import DS
from pro_app.exports.cdisc.sdtm.ex import EX, find_ex_remarks
from pro_app.exports.cdisc.sdtm.se import SE

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


@pytest.mark.parametrize(
    ("column", "decode"),
    [("progressed_on", "PROGRESSIVE DISEASE"), ("new_treatment_on", "NEW ANTITUMOR TREATMENT")],
)
def test_treatment_that_ended_on_the_day_of_a_progression_was_not_completed(column: str, decode: str) -> None:
    people = TABLES["participants"].with_columns(pl.col("treatment_ended_on").alias(column))
    rows = list_rows(DS, dict(TABLES) | {"participants": people}, RELEASE, DSSCAT="STUDY TREATMENT")
    assert [row["DSDECOD"] for row in rows] == [decode]


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
