"""What a release can be for."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "data_check": ("contrôle des données", "check of the data"),
    "planned_interim": ("analyse intermédiaire prévue", "planned interim analysis"),
    "final": ("analyse finale", "final analysis"),
    "other": ("autre", "other"),
}
"""The purposes by code, in French and English."""
PURPOSES = tuple(WORDS)
ANALYSES = frozenset({"planned_interim", "final"})
"""Purposes that a second person approves; only then may figures be shown by arm."""
