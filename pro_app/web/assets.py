"""Addresses of static files that change with their content, so that browsers may keep them for a year."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, url_for

STATIC = Path(__file__).parent / "static"


@cache
def content_version(path: str) -> str:
    """Give the first 12 digits of the file's SHA-256."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def asset(path: str) -> str:
    """Give the address of a static file, its version included."""
    return url_for("static", filename=path, v=content_version(path))


def init_assets(app: Flask) -> None:
    """Make `asset` known to templates."""
    app.jinja_env.globals["asset"] = asset
