"""The first windowing: the visits of the protocol's plan, numbered as in SDTM."""

import polars as pl

from pro_app.exports.cdisc.sdtm.visits import place_visits
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.protocol.protocol import UNSCHEDULED

VISIT_KEYS = ("site", "participant_code", "visit_code", "ordinal")


def add_visits(rows: pl.DataFrame, tables: Tables, release: Release) -> pl.DataFrame:
    """Add VISIT, VISITNUM, AVISIT and AVISITN to rows that have the columns of VISIT_KEYS."""
    protocol = release.protocol
    visits = place_visits(tables["assessments"], protocol).drop("VISITDY")
    codes = [code for code in visits["visit_code"].unique().sort() if code != UNSCHEDULED]
    labels = {code: protocol.visit_label(code, "en") for code in codes}
    is_planned = pl.col("visit_code") != UNSCHEDULED
    return rows.join(visits, on=VISIT_KEYS, how="left", maintain_order="left").with_columns(
        pl.col("visit_code").replace_strict(labels, default=None, return_dtype=pl.String()).alias("AVISIT"),
        pl.when(is_planned).then(pl.col("VISITNUM").cast(pl.Int64())).alias("AVISITN"),
    )
