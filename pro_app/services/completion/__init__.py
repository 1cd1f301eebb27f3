"""How much came back: counted live from the narrow rows, with the forms behind every number.

`count_standings` is what all pages of rates ask; `docs/rates.md` says what the numbers mean.
"""

from pro_app.compliance.tallies import FIGURES, FormTally
from pro_app.services.completion.choices import Choices, list_choices
from pro_app.services.completion.counting import count_standings, load_rules
from pro_app.services.completion.outcomes import list_outcomes, make_outcome
from pro_app.services.completion.people import LISTED_FIGURES, PeoplePage, PersonLine, list_people
from pro_app.services.completion.periods import find_months
from pro_app.services.completion.reasons import ReasonTable, count_reasons
from pro_app.services.completion.table import (
    GROUPINGS,
    CompletionRow,
    CompletionTable,
    Grouping,
    count_completion,
)
from pro_app.storage.queries.form_standings import NOBODY_SAID, Dimension, Only

__all__ = [
    "FIGURES",
    "GROUPINGS",
    "LISTED_FIGURES",
    "NOBODY_SAID",
    "Choices",
    "CompletionRow",
    "CompletionTable",
    "Dimension",
    "FormTally",
    "Grouping",
    "Only",
    "PeoplePage",
    "PersonLine",
    "ReasonTable",
    "count_completion",
    "count_reasons",
    "count_standings",
    "find_months",
    "list_choices",
    "list_outcomes",
    "list_people",
    "load_rules",
    "make_outcome",
]
