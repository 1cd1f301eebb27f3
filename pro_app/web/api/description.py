"""What the interface offers, as an OpenAPI 3.1 document."""

from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, url_for

from pro_app.exports.tables.catalogue import TABLES
from pro_app.web import access
from pro_app.web.api.contents import DATASET_FORMATS
from pro_app.web.api.face import blueprint
from pro_app.web.api.files import MIME_TYPES
from pro_app.web.api.problems import MIME_TYPE
from pro_app.web.api.tables import TABLE_FORMATS

Part = dict[str, Any]

_TEXT: Part = {"type": "string"}
_MOMENT: Part = {"type": ["string", "null"], "format": "date-time"}
_FORMATS: Part = {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}}
_RELEASE: Part = {
    "type": "object",
    "required": ["number", "state", "purpose", "approved", "reason", "url"],
    "properties": {
        "number": {"type": "integer", "minimum": 1},
        "state": {"type": "string", "enum": ["requested", "making", "made", "failed"]},
        "purpose": {"type": "string", "enum": ["data_check", "planned_interim", "final", "other"]},
        "approved": {"type": "boolean", "description": "Whether a second person approved the purpose."},
        "reason": _TEXT,
        "cut_off_at": _MOMENT | {"description": "The moment whose data it holds."},
        "made_at": _MOMENT,
        "app_version": {"type": ["string", "null"]},
        "archive_sha256": {"type": ["string", "null"], "description": "SHA-256 of the whole ZIP."},
        "archive_size": {"type": ["integer", "null"], "description": "Bytes of the whole ZIP."},
        "url": {"type": "string", "format": "uri"},
    },
}
_CONTENTS: Part = {
    "type": "object",
    "required": ["tables", "datasets", "files"],
    "properties": {
        "tables": _FORMATS | {"description": "Tidy table -> its formats."},
        "datasets": _FORMATS | {"description": "CDISC dataset -> its formats."},
        "files": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": _TEXT, "size": {"type": "integer"}}},
        },
    },
}
_PROBLEM: Part = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
}
_NUMBER: Part = {
    "name": "number",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
_REFUSALS = {
    "401": "No living token",
    "403": "The role may not read releases",
    "404": "No such release, table or dataset",
    "406": "Not in this format",
    "429": "Too many wrong tokens",
}


@blueprint.get("/v1/openapi.json")
@access.public
def description() -> Response:
    """Give the document; it holds nothing about any study."""
    server = url_for("api.description", _external=True).removesuffix("/openapi.json")
    return jsonify(build_description(server))


def build_description(server: str) -> Part:
    """Give the OpenAPI document of the interface at the address `server`."""
    releases: Part = {
        "type": "object",
        "required": ["releases"],
        "properties": {"releases": {"type": "array", "items": {"$ref": "#/components/schemas/Release"}}},
    }
    contents = {"allOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Release", "Contents")]}
    tables = {"type": "string", "enum": [table.name for table in TABLES]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pro_app data releases",
            "version": version("pro-app"),
            "description": "Read-only. Every file that is fetched is kept in the audit trail.",
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": {
            "/openapi.json": {"get": _describe_itself()},
            "/releases": {"get": _operation("releases", "List the releases", content=_json(releases))},
            "/releases/{number}": {
                "get": _operation("release", "Describe one release", _NUMBER, content=_json(contents))
            },
            "/releases/{number}/tables/{table}": {
                "get": _file("table", "Fetch one tidy table", tables, formats=TABLE_FORMATS)
            },
            "/releases/{number}/datasets/{name}": {
                "get": _file("name", "Fetch one CDISC dataset", _TEXT, formats=DATASET_FORMATS)
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Release": _RELEASE, "Contents": _CONTENTS, "Problem": _PROBLEM},
        },
    }


def _describe_itself() -> Part:
    operation = _operation("description", "This document", content=_json({"type": "object"}))
    return operation | {"security": [], "responses": {"200": operation["responses"]["200"]}}


def _file(name: str, summary: str, schema: Part, *, formats: tuple[str, ...]) -> Part:
    """Describe a route that sends a file in the format asked for, the first one unless asked."""
    form: Part = {
        "name": "format",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": list(formats), "default": formats[0]},
    }
    place: Part = {"name": name, "in": "path", "required": True, "schema": schema}
    content: Part = {MIME_TYPES[kind]: {} for kind in formats}
    identity = "dataset" if name == "name" else name
    return _operation(identity, summary, _NUMBER, place, form, content=content)


def _operation(identity: str, summary: str, *parameters: Part, content: Part) -> Part:
    problem = {MIME_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refusals = {status: {"description": words, "content": problem} for status, words in _REFUSALS.items()}
    return {
        "operationId": identity,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": {"description": summary, "content": content}, **refusals},
    }


def _json(schema: Part) -> Part:
    return {"application/json": {"schema": schema}}
