"""The identifiers that define.xml, Dataset-JSON and the datasets themselves share."""

from typing import Literal

import polars as pl

from pro_app.exports.release import Release


def study_id(release: Release) -> str:
    """Give STUDYID: the code of the study in capitals."""
    return release.provenance.study.upper()


def subject_id(release: Release) -> pl.Expr:
    """Give USUBJID, STUDYID-SUBJID, from the column `participant_code`, which is unique in the study."""
    return pl.lit(f"{study_id(release)}-") + pl.col("participant_code")


def study_oid(release: Release) -> str:
    """Give the OID of the study in define.xml."""
    return f"STDY.{study_id(release)}"


def metadata_oid(release: Release, standard: Literal["SDTM", "ADaM"]) -> str:
    """Give the OID of the metadata version in the define.xml of a standard."""
    return f"MDV.{study_id(release)}.{standard}"


def group_oid(dataset: str) -> str:
    """Give the OID of a dataset in define.xml."""
    return f"IG.{dataset}"


def item_oid(dataset: str, variable: str) -> str:
    """Give the OID of a variable in define.xml."""
    return f"IT.{dataset}.{variable}"
