"""The rows of ADQS that are no scores: whether each planned form was expected, received and valid."""

import polars as pl

from pro_app.exports.cdisc.adam.adsl import yes, yes_or_no
from pro_app.exports.cdisc.adam.parameters import list_completion_parameters, make_parameter_table
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.protocol.protocol import UNSCHEDULED


def list_completion_rows(tables: Tables, release: Release) -> pl.DataFrame:
    """Give three rows for each planned form whose window is over: only those count in rates."""
    parameters = list_completion_parameters(release)
    forms = tables["assessments"].filter(pl.col("window_closed") & (pl.col("visit_code") != UNSCHEDULED))
    rows = forms.unpivot(
        on=[parameter.source for parameter in parameters],
        index=[column for column in forms.columns if column not in {"expected", "received", "valid"}],
        variable_name="source",
        value_name="holds",
    )
    return rows.join(
        make_parameter_table(parameters), on="source", how="left", maintain_order="left"
    ).with_columns(
        pl.col("holds").cast(pl.Float64()).alias("AVAL"),
        yes_or_no(pl.col("holds")).alias("AVALC"),
        pl.col("observed_on").alias("ADT"),
        yes(pl.col("late")).alias("LATEFL"),
        yes(pl.col("after_randomisation")).alias("AFTRNDFL"),
        yes(pl.col("incomplete")).alias("INCOMPFL"),
    )
