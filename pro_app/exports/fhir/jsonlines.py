"""JSON of FHIR: compact, in UTF-8, the same bytes for the same values."""

import json
from collections.abc import Mapping

Resource = Mapping[str, object]
"""A FHIR resource, or a part of one, as plain data; its keys stay in their order."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def render_json(value: object) -> str:
    """Write a value on one line."""
    return _ENCODER.encode(value)
