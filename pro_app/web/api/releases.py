"""Which releases there are, and what each holds."""

from typing import Any

from flask import Response, jsonify, url_for
from werkzeug.exceptions import NotFound

from pro_app.exports.times import render_time
from pro_app.services.releases.overview import list_members
from pro_app.services.releases.records import ReleaseRecord, list_releases
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.api.contents import find_datasets, find_tables
from pro_app.web.api.face import blueprint
from pro_app.web.api.files import caller, load
from pro_app.web.bearer import holder


@blueprint.get("/v1/releases")
@access.api_token
def releases() -> Response:
    """List the releases of the token's study, the newest first."""
    found = list_releases(this.session(), study_id=holder().study_id, actor=caller())
    return jsonify(releases=[_describe(release) for release in found])


@blueprint.get("/v1/releases/<int:number>")
@access.api_token
def release(number: int) -> Response:
    """Describe one release with its tables and datasets, each with its formats."""
    record = load(number)
    members = list_members(this.session(), record, folder=this.parts().settings.releases_folder)
    names = [member.name for member in members]
    return jsonify(
        **_describe(record),
        tables={table: sorted(forms) for table, forms in find_tables(names).items()},
        datasets={dataset: sorted(forms) for dataset, forms in find_datasets(names).items()},
        files=[{"name": member.name, "size": member.size} for member in members],
    )


@blueprint.get("/<path:anything>")
@access.api_token
def nothing(anything: str) -> Response:
    """Refuse every other address in the way of this interface."""
    raise NotFound(f"There is no /api/{anything}")


def _describe(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "state": record.state,
        "purpose": record.purpose,
        "approved": record.approved_at is not None,
        "reason": record.reason,
        "cut_off_at": render_time(record.cut_off_at) if record.cut_off_at else None,
        "made_at": render_time(record.made_at) if record.made_at else None,
        "app_version": record.app_version,
        "archive_sha256": record.archive_sha256,
        "archive_size": record.archive_size,
        "url": url_for("api.release", number=record.number, _external=True),
    }
