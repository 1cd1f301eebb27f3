"""One row for each planned visit under each revision of a person's plan."""

from pro_app.exports.tables.column import PERSON_KEYS, VISIT, Column, TableDefinition

VISITS = TableDefinition(
    "visits",
    "une visite prévue × une révision du calendrier",
    "one planned visit × one revision of the plan",
    (
        *PERSON_KEYS,
        VISIT,
        Column("revision", "integer", "Révision du calendrier de la visite", "Revision of the visit’s plan"),
        Column("is_current", "flag", "1 : calendrier en vigueur", "1: plan in force"),
        Column("phase", "text", "Période de l’étude", "Phase of the trial", "phase"),
        Column("anchor", "text", "Évènement de référence", "Anchor", "anchor"),
        Column("opens_on", "date", "Premier jour de la période de réponse", "First day of the window"),
        Column("target_on", "date", "Date cible", "Target date"),
        Column("closes_on", "date", "Dernier jour de la période de réponse", "Last day of the window"),
        Column("zone", "text", "Fuseau horaire des dates", "Time zone of the dates"),
        Column("provisional", "flag", "1 : date provisoire", "1: provisional date"),
        Column("expected", "flag", "1 : attendu", "1: expected"),
        Column(
            "plan_reason",
            "text",
            "Pourquoi la visite est fermée, non requise ou planifiée tard",
            "Why the visit is closed, not required or planned late",
            "plan_reason",
        ),
        Column("protocol_version", "text", "Version du protocole", "Protocol version"),
        Column("planned_at", "datetime", "Moment de la planification", "When it was planned"),
        Column("replaced_at", "datetime", "Remplacée à", "When it was replaced"),
    ),
)
