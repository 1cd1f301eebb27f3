"""One CDISC dataset of a release in one format."""

from flask import Response

from pro_app.errors import NotFound
from pro_app.services.releases.overview import list_members
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.api.contents import DATASET_FORMATS, find_datasets
from pro_app.web.api.face import blueprint
from pro_app.web.api.files import choose_format, load, send_member


@blueprint.get("/v1/releases/<int:number>/datasets/<name>")
@access.api_token
def dataset(number: int, name: str) -> Response:
    """Send an SDTM or ADaM dataset: `?format=xpt` (the default) or `json` (Dataset-JSON)."""
    record = load(number)
    members = list_members(this.session(), record, folder=this.parts().settings.releases_folder)
    files = find_datasets(member.name for member in members).get(name.upper())
    if files is None:
        raise NotFound("dataset")
    form = choose_format([form for form in DATASET_FORMATS if form in files])
    return send_member(record, files[form], form)
