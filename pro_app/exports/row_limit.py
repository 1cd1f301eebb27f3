"""The most rows that a table may have in the formats of statistics packages, and what is said beyond."""

from pro_app.exports.remarks import Remark

MOST_ROWS = 2_000_000
"""Above this a table has no file for SPSS, Stata or SAS; CSV, Parquet and NDJSON have no limit."""


def remark_on_rows(table: str, rows: int, *, program: str) -> Remark:
    """Say that a table is too long for a package and has no file for it."""
    return Remark(
        "too_many_rows",
        f"Pas de fichier {program} : {rows} lignes, au-delà de {MOST_ROWS}. Voir CSV ou Parquet.",
        f"No {program} file: {rows} rows, more than {MOST_ROWS}. See CSV or Parquet.",
        table=table,
    )
