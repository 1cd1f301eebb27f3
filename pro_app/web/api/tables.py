"""One tidy table of a release in one format."""

from flask import Response

from pro_app.errors import NotFound
from pro_app.services.releases.overview import list_members
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.api.contents import find_tables
from pro_app.web.api.face import blueprint
from pro_app.web.api.files import choose_format, load, send_member

TABLE_FORMATS = ("csv", "parquet", "sav", "dta")


@blueprint.get("/v1/releases/<int:number>/tables/<table>")
@access.api_token
def table(number: int, table: str) -> Response:
    """Send a table: `?format=csv` (the default), `parquet`, `sav` or `dta`."""
    record = load(number)
    members = list_members(this.session(), record, folder=this.parts().settings.releases_folder)
    files = find_tables(member.name for member in members).get(table)
    if files is None:
        raise NotFound("table")
    form = choose_format([form for form in TABLE_FORMATS if form in files])
    return send_member(record, files[form], form)
