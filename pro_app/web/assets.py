"""Static files: packed tightly, under addresses that change with their content, to be kept for a year."""

import hashlib
from functools import cache, lru_cache
from pathlib import Path

import brotli
from flask import Flask, Response, request, url_for

STATIC = Path(__file__).parent / "static"
TIGHTEST = 11
"""A tenth smaller than what pages are packed with while somebody waits; each process does it once a file."""
WORTH_IT = 400
PACKED = ("text/", "image/svg+xml", "application/manifest+json")


@cache
def content_version(path: str) -> str:
    """Give the first 12 digits of the file's SHA-256."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def asset(path: str) -> str:
    """Give the address of a static file, its version included."""
    return url_for("static", filename=path, v=content_version(path))


@cache
def modules_version() -> str:
    """Give the first 12 digits of the SHA-256 of all scripts, by which one module names the others."""
    scripts = sorted((STATIC / "js").glob("*.js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in scripts)).hexdigest()[:12]


def module(name: str) -> str:
    """Give the address of a JavaScript module."""
    return url_for("static", filename=f"js/{name}.js", v=modules_version())


def init_assets(app: Flask) -> None:
    """Make `asset` and `module` known to templates."""
    app.jinja_env.globals |= {"asset": asset, "module": module}


def pack_tightly(response: Response) -> Response:
    """Pack a whole text file for a browser that reads Brotli; everything else is left as it is."""
    whole = response.status_code == 200  # noqa: PLR2004 -- no part of a file
    if not whole or not request.accept_encodings["br"] or not (response.mimetype or "").startswith(PACKED):
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) >= WORTH_IT:
        response.set_data(_pack(content))
        response.headers["Content-Encoding"] = "br"
        mark, _ = response.get_etag()
        response.set_etag(f"{mark}-br")
        response.make_conditional(request)
    return response


@lru_cache(maxsize=128)
def _pack(content: bytes) -> bytes:
    return bytes(brotli.compress(content, quality=TIGHTEST))
