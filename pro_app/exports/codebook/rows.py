"""The codebook as a table: what `codebook.csv` holds."""

from collections.abc import Iterator, Sequence

from pro_app.exports.codebook.codes import Code
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import Column, TableDefinition

CODEBOOK = TableDefinition(
    "codebook",
    "une table, une colonne ou un code",
    "one table, column or code",
    (
        Column("kind", "text", "table, column ou code", "table, column or code"),
        Column("table", "text", "Table", "Table"),
        Column("name", "text", "Nom ou code", "Name or code"),
        Column("type", "text", "Type de la colonne", "Type of the column"),
        Column("codes", "text", "Liste de codes", "List of codes"),
        Column("instrument", "text", "Questionnaire du code", "Questionnaire of the code"),
        Column("label_fr", "text", "Libellé en français", "French label"),
        Column("label_en", "text", "Libellé en anglais", "English label"),
    ),
)


def list_codebook_rows(
    codes: Sequence[Code], tables: Sequence[TableDefinition] = TABLES
) -> Iterator[dict[str, str | None]]:
    """Give the rows of the codebook: tables, their columns, then the codes."""
    empty: dict[str, str | None] = {column.name: None for column in CODEBOOK.columns}
    for table in tables:
        yield empty | {"kind": "table", "name": table.name, "label_fr": table.fr, "label_en": table.en}
        for column in table.columns:
            yield empty | {
                "kind": "column",
                "table": table.name,
                "name": column.name,
                "type": column.type,
                "codes": column.codes or None,
                "label_fr": column.fr,
                "label_en": column.en,
            }
    for code in codes:
        yield empty | {
            "kind": "code",
            "name": code.code,
            "codes": code.codes,
            "instrument": code.instrument or None,
            "label_fr": code.fr,
            "label_en": code.en,
        }
