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
