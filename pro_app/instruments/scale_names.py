"""The short names that people read for the codes of scales."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pro_app.definitions.files import QUESTIONNAIRES, read_definition

Texts = Mapping[str, str]
"""Language -> words."""


@cache
def load_scale_names(root: Path = QUESTIONNAIRES) -> Mapping[str, Mapping[str, Texts]]:
    """Read the names by instrument code and scale code, of all versions and scoring definitions alike."""
    names: Mapping[str, Mapping[str, Texts]] = read_definition(root / "scale_names.yaml").data["scale_names"]
    return names


def scale_name(instrument_code: str, scale_code: str, language: str) -> str:
    """Give the name of a scale in `language`; its code where nobody has named it."""
    return load_scale_names().get(instrument_code, {}).get(scale_code, {}).get(language, scale_code)
