"""The text of an instrument in one language, as frozen values, read from `wording/<pack>.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlockWording:
    """The full instruction of a recall block and the short line that stays above its items."""

    instruction: str
    recall_line: str


@dataclass(frozen=True)
class WordingPack:
    """One licensed (or placeholder) wording. `options` is response set -> code -> label.

    On a `row` response set only the two ends have a label. `sha256` is that of the file.
    """

    pack: str
    instrument_code: str
    instrument_version: str
    language: str
    placeholder: bool
    licence_reference: str
    title: str
    blocks: Mapping[str, BlockWording]
    items: Mapping[int, str]
    options: Mapping[str, Mapping[int, str]]
    not_applicable_label: str
    copyright_line: str
    sha256: str
