"""What a column and a table of a dataset are, and the columns that many tables share.

The tables of this folder are the allow-list: what is not named there does not leave the house. The words
are content of the codebook, which always speaks both languages, and not of the interface.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

ColumnType = Literal["text", "integer", "number", "flag", "date", "datetime"]
"""`flag` is 0 or 1; `date` is YYYY-MM-DD; `datetime` is ISO 8601 in UTC; `number` has full precision."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `codes` names the list in the codebook that its values come from."""

    name: str
    type: ColumnType
    fr: str
    en: str
    codes: str = ""


@dataclass(frozen=True)
class TableDefinition:
    """One table of a dataset, a row of which is `fr` or `en`; its files are called `name`."""

    name: str
    fr: str
    en: str
    columns: tuple[Column, ...]

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns in their order."""
        return tuple(column.name for column in self.columns)


STUDY = Column("study", "text", "Étude", "Study")
SITE = Column("site", "text", "Code du centre", "Site code")
PARTICIPANT = Column(
    "participant_code", "text", "Numéro d’inclusion dans l’étude", "Inclusion number in the study"
)
VISIT = Column(
    "visit_code",
    "text",
    "Visite prévue ; UNSCHEDULED : hors calendrier",
    "Planned visit; UNSCHEDULED: outside the calendar",
    "visit_code",
)
ORDINAL = Column(
    "ordinal",
    "integer",
    "Rang parmi les visites de même code (0 sauf hors calendrier)",
    "Number among visits of the same code (0 except for unscheduled ones)",
)
PERSON_KEYS = (STUDY, SITE, PARTICIPANT)
VISIT_KEYS = (*PERSON_KEYS, VISIT, ORDINAL)
RESPONSE = (
    Column("instrument", "text", "Questionnaire", "Questionnaire", "instrument"),
    Column("instrument_version", "text", "Version du questionnaire", "Version of the questionnaire"),
    Column(
        "response_version",
        "integer",
        "Version des réponses (2 et plus : après une correction demandée par la personne)",
        "Version of the answers (2 and more: after a correction asked for by the person)",
    ),
    Column("is_current", "flag", "1 : dernière version des réponses", "1: latest version of the answers"),
    Column(
        "incomplete",
        "flag",
        "1 : commencé, jamais envoyé, période terminée ; ne compte pas comme reçu",
        "1: begun, never sent, period over; does not count as received",
    ),
)
