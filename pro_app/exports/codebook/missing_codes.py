"""Why an item has no value, as the missing codes of SPSS and Stata.

In `items`, `value` is a number where `state` is `answered`. Everywhere else the reason stands in the same
cell: in SPSS a negative code within the range of user-missing values, in Stata an extended missing value.
A program leaves both out of its figures, and still tells them apart.
"""

from dataclasses import dataclass

from pro_app.exports.codebook.fixed_codes import FIXED_CODES
from pro_app.exports.tables.column import TableDefinition
from pro_app.exports.tables.items import ITEMS


@dataclass(frozen=True, slots=True)
class MissingCode:
    """What stands in place of a value where the item has this `state`."""

    state: str
    spss: int
    stata: str
    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """A column whose empty cells say why, and the column that holds the reason."""

    column: str
    state: str


MISSING_CODES = tuple(
    MissingCode(state, -number, letter, fr, en)
    for number, (letter, (state, fr, en)) in enumerate(
        zip("abcdef", FIXED_CODES["item_state"][1:], strict=True), 1
    )
)
"""Every state but `answered`: -1 and .a is `declined`, and so on to -6 and .f."""

LOWEST_SPSS, HIGHEST_SPSS = MISSING_CODES[-1].spss, MISSING_CODES[0].spss


def find_missing_column(table: TableDefinition) -> MissingColumn | None:
    """Find the column of a table whose missing values carry a reason, if it has one."""
    return MissingColumn("value", "state") if table.name == ITEMS.name else None
