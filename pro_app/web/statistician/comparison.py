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
from pro_app.services.releases.contents import record_download
from pro_app.services.releases.records import ROLES, TAKERS, ReleaseRecord, load_release
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.statistician.face import blueprint
from pro_app.web.statistician.release_forms import ReleaseActionForm

ARM = "arm"


@blueprint.get("/statistics/releases/<int:earlier>/compare/<int:later>")
@access.staff(*ROLES)
def compare(earlier: int, later: int) -> ResponseReturnValue:
    """Show how much changed in each table, and nothing of any person."""
    first, second = _load(earlier, later)
    counts = _compare(first, second).list_counts()
    return render_template(
        "statistician/comparison.html",
        form=ReleaseActionForm(),
        earlier=earlier,
        later=later,
        counts=counts,
        total=sum(sum(count[1:]) for count in counts),
        shows_arms=_shows_arms(first, second),
        may_take=this.actor().role in TAKERS,
    )


@blueprint.post("/statistics/releases/<int:earlier>/compare/<int:later>/rows")
@access.staff(*TAKERS)
def comparison_rows(earlier: int, later: int) -> ResponseReturnValue:
    """Hand out every change as CSV, and keep in the audit trail who took it."""
    first, second = _load(earlier, later)
    changes = _compare(first, second)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes.csv"
        write_csv(path, CHANGES, changes.frames)
        content = path.read_bytes()
    what = f"comparison with release {earlier}"
    record_download(this.session(), second, what=what, actor=this.actor(), now=this.now())
    response = Response(content, mimetype="text/csv")
    name = f"{this.staff().study_code}-releases-{earlier}-{later}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _load(earlier: int, later: int) -> tuple[ReleaseRecord, ReleaseRecord]:
    if earlier >= later:
        raise NotFound("comparison")
    session, study_id, actor = this.session(), this.staff().study_id, this.actor()
    first = load_release(session, study_id=study_id, number=earlier, actor=actor)
    return first, load_release(session, study_id=study_id, number=later, actor=actor)


def _compare(first: ReleaseRecord, second: ReleaseRecord) -> ReleaseChanges:
    """Compare two releases, without changes of arms unless both may show them."""
    folder = this.parts().settings.releases_folder
    changes = compare_releases(this.session(), first, second, folder=folder)
    if _shows_arms(first, second):
        return changes
    told = pl.col("column").ne_missing(ARM)
    return ReleaseChanges(tuple(frame.filter(told) for frame in changes.frames))


def _shows_arms(first: ReleaseRecord, second: ReleaseRecord) -> bool:
    return first.shows_arms and second.shows_arms
