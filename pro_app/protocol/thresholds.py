"""From which change of a score on something has changed, and from which score on it matters."""

from collections.abc import Mapping
from dataclasses import dataclass

from pro_app.protocol.analysis import ClinicalImportance


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The change of a scale score (0–100) that counts as a change, by scale where it differs."""

    minimal_difference: float
    by_scale: Mapping[str, float]
    clinical_importance: ClinicalImportance

    def minimal_difference_of(self, scale_code: str) -> float:
        """Give the change of this scale that counts as one."""
        return self.by_scale.get(scale_code, self.minimal_difference)
