"""What changed between two releases."""

import tempfile
from pathlib import Path

import polars as pl
from flask import Response, render_template
from flask.typing import ResponseReturnValue

from pro_app.errors import NotFound
from pro_app.exports.formats.csv import write_csv
from pro_app.exports.release_comparison import CHANGES
from pro_app.services.releases.compare import ReleaseChanges, compare_releases
from pro_app.services.releases.records import load_release
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.statistician.face import blueprint
from pro_app.web.statistician.release_words import CHANGE_WORDS
from pro_app.web.statistician.releases import MAKERS

ROWS_SHOWN = 300


@blueprint.get("/statistics/releases/<int:earlier>/compare/<int:later>")
@access.staff(*MAKERS)
def compare(earlier: int, later: int) -> ResponseReturnValue:
    """Show how much changed in each table, and the first changes in full."""
    changes = _compare(earlier, later)
    shown = pl.concat(changes.frames).head(ROWS_SHOWN)
    counts = changes.list_counts()
    return render_template(
        "statistician/comparison.html",
        earlier=earlier,
        later=later,
        counts=counts,
        total=sum(sum(count[1:]) for count in counts),
        changes=shown.to_dicts(),
        change_words=CHANGE_WORDS,
    )


@blueprint.get("/statistics/releases/<int:earlier>/compare/<int:later>.csv")
@access.staff(*MAKERS)
def comparison_rows(earlier: int, later: int) -> ResponseReturnValue:
    """Give every change as CSV."""
    changes = _compare(earlier, later)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes.csv"
        write_csv(path, CHANGES, changes.frames)
        content = path.read_bytes()
    response = Response(content, mimetype="text/csv")
    name = f"{this.staff().study_code}-releases-{earlier}-{later}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _compare(earlier: int, later: int) -> ReleaseChanges:
    if earlier >= later:
        raise NotFound("comparison")
    study_id, actor = this.staff().study_id, this.actor()
    first, second = (
        load_release(this.session(), study_id=study_id, number=number, actor=actor)
        for number in (earlier, later)
    )
    folder = this.parts().settings.releases_folder
    return compare_releases(this.session(), first, second, folder=folder)
