"""What stands behind a data release, apart from its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pro_app.exports.manifest import Provenance
from pro_app.instruments.instrument import Instrument, ScoringDefinition
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.protocol import Protocol

Sex = Literal["F", "M", "U"]


@dataclass(frozen=True, slots=True)
class WordedInstrument:
    """An instrument that the study uses, how it is scored, and its wording by language."""

    instrument: Instrument
    scoring: ScoringDefinition
    wordings: Mapping[str, WordingPack]


@dataclass(frozen=True, slots=True)
class Demographics:
    """Age in years and sex of one participant, from the trial's main database."""

    age: int | None
    sex: Sex | None


@dataclass(frozen=True)
class Release:
    """A dataset to be made: `number` is None where it is a look at the present data and no release.

    `instruments` come in the protocol's order, then any other version behind an answer. `demographics`
    is by participant code. All times written into files are `provenance.made_at`.
    """

    provenance: Provenance
    number: int | None
    reason: str
    protocol: Protocol
    instruments: tuple[WordedInstrument, ...]
    demographics: Mapping[str, Demographics] = field(default_factory=dict)
