"""Numbers of a page as a CSV file."""

from collections.abc import Sequence

import polars as pl
from flask import Response

from pro_app.exports.formats.csv import format_csv


def send_csv(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Response:
    """Send rows as a file; `name` is that of the file without its ending."""
    frame = pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)
    response = Response(format_csv(frame), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
