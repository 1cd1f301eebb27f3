"""The audit trail of a participant as a file: the same rows as CSV and as JSON, every value a text."""

import json
from collections.abc import Sequence
from datetime import UTC

from flask import Response

from pro_app.web.clinic.csv_files import send_csv
from pro_app.web.clinic.trail_actions import KINDS
from pro_app.web.clinic.trail_words import TrailLine

COLUMNS = (
    "participant_code",
    "entry",
    "at",
    "local_time",
    "who",
    "action",
    "kind",
    "visit",
    "what",
    "reason",
)
"""`at` is the moment in UTC, ISO 8601; `entry` the number of the entry in the audit trail."""


def send_trail(name: str, participant_code: str, lines: Sequence[TrailLine], *, kind: str) -> Response:
    """Send one row an entry as `csv` or `json`; `name` is that of the file without its ending.

    In CSV a text that a spreadsheet would compute begins with an apostrophe; otherwise both say the same.
    """
    rows = [_list_values(participant_code, line) for line in lines]
    if kind == "csv":
        return send_csv(name, COLUMNS, rows)
    listed = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    response = Response(json.dumps(listed, ensure_ascii=False, indent=1), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response


def _list_values(participant_code: str, line: TrailLine) -> list[str]:
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    kind = str(KINDS[line.kind])
    values = [str(line.entry_id), at, line.when, line.who, line.action, kind, line.visit, line.what]
    return [participant_code, *values, line.reason]
