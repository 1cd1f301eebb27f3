"""Where the records of ADQS come from: the sequence numbers of QS."""

import polars as pl

from pro_app.exports.cdisc.adam.visits import VISIT_KEYS
from pro_app.exports.cdisc.sdtm.qs import make_qs_rows
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

SOURCE_DOMAIN, SOURCE_VARIABLE = "QS", "QSSTRESN"
_SCORE = (*VISIT_KEYS, "instrument", "instrument_version", "scale")


def add_qs_sources(rows: pl.DataFrame, tables: Tables, release: Release) -> pl.DataFrame:
    """Add SRCDOM, SRCVAR and SRCSEQ to rows of scores; all three are empty for rows that are no score."""
    scores = make_qs_rows(tables, release).filter(pl.col("QSDRVFL") == "Y")
    numbers = scores.select(*_SCORE[:-1], scale="QSSPID", SRCSEQ="QSSEQ")
    numbered = rows.join(numbers, on=_SCORE, how="left", maintain_order="left")
    is_known = pl.col("SRCSEQ").is_not_null()
    return numbered.with_columns(
        pl.when(is_known).then(pl.lit(SOURCE_DOMAIN)).alias("SRCDOM"),
        pl.when(is_known).then(pl.lit(SOURCE_VARIABLE)).alias("SRCVAR"),
    )
