"""One row for each thing that whoever analyses the data has to know."""

from pro_app.exports.tables.column import PARTICIPANT, SITE, STUDY, VISIT, Column, TableDefinition

REMARKS = TableDefinition(
    "remarks",
    "une remarque sur les données",
    "one remark about the data",
    (
        STUDY,
        SITE,
        PARTICIPANT,
        VISIT,
        Column("code", "text", "Nature de la remarque", "Kind of remark"),
        Column("table", "text", "Table concernée", "Table concerned"),
        Column("remark_fr", "text", "Remarque en français", "Remark in French"),
        Column("remark_en", "text", "Remarque en anglais", "Remark in English"),
    ),
)
