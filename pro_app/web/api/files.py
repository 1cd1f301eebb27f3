"""Handing out one file of a release to a program, noted in the audit trail before the first byte leaves."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from pro_app.audit.actor import Actor
from pro_app.services.api_tokens import note_download
from pro_app.services.releases.contents import open_file
from pro_app.services.releases.records import ReleaseRecord, load_release
from pro_app.web import request as this
from pro_app.web.bearer import holder

MIME_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "sav": "application/x-spss-sav",
    "dta": "application/x-stata-dta",
    "xpt": "application/x-sas-xport",
}
_BLOCK = 1 << 16


def caller() -> Actor:
    """Give who acts: the holder of the token."""
    return holder().actor(this.request_id())


def load(number: int) -> ReleaseRecord:
    """Give a release of the token's study; raises NotFound, NotPermitted."""
    return load_release(this.session(), study_id=holder().study_id, number=number, actor=caller())


def choose_format(offered: list[str]) -> str:
    """Give the format that `?format=` asks for, else the first one; raises NotAcceptable for another one."""
    wanted = request.args.get("format", offered[0])
    if wanted not in offered:
        raise NotAcceptable(f"Formats: {', '.join(offered)}")
    return wanted


def send_member(release: ReleaseRecord, name: str, form: str) -> Response:
    """Send one file of the release by its name in the ZIP, block by block; raises NotFound."""
    parts = this.parts()
    with ExitStack() as opened:
        file = opened.enter_context(
            open_file(this.session(), release, name, folder=parts.settings.releases_folder)
        )
        if request.method != "HEAD":
            note_download(parts.database, release, what=name, actor=caller(), now=this.now())
        response = Response(_read_blocks(file.stream), mimetype=MIME_TYPES[form])
        response.content_length = file.size
        response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        # From here on the answer keeps the file open, and closes it when it is sent.
        response.call_on_close(opened.pop_all().close)
    return response


def _read_blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block
