"""One row for each item of each entry of the audit trail."""

from pro_app.exports.tables.column import PARTICIPANT, SITE, STUDY, Column, TableDefinition

AUDIT_TRAIL = TableDefinition(
    "audit_trail",
    "un champ d’une entrée du journal d’audit",
    "one field of one entry of the audit trail",
    (
        STUDY,
        SITE,
        PARTICIPANT,
        Column("chain", "text", "Chaîne du journal", "Chain of the trail"),
        Column("sequence", "integer", "Rang dans la chaîne", "Place in the chain"),
        Column("at", "datetime", "Moment", "When"),
        Column("actor", "text", "Auteur (référence, sans nom)", "Who (a reference, no name)"),
        Column("role", "text", "Rôle", "Role"),
        Column("action", "text", "Action", "Action"),
        Column("subject", "text", "Objet de l’action", "What it is about"),
        Column("field", "text", "Champ modifié", "Field that changed"),
        Column("before", "text", "Avant", "Before"),
        Column("after", "text", "Après", "After"),
        Column("reason", "text", "Motif", "Reason"),
        Column("app_version", "text", "Version du logiciel", "Version of the software"),
        Column("digest", "text", "Empreinte de l’entrée", "Digest of the entry"),
    ),
)
