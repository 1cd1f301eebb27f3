"""One row for each person, scale and declared definition of time to deterioration."""

from pro_app.exports.tables.column import PERSON_KEYS, Column, TableDefinition

DETERIORATION = TableDefinition(
    "deterioration",
    "une personne × une échelle × une définition de la détérioration",
    "one person × one scale × one definition of deterioration",
    (
        *PERSON_KEYS,
        Column("arm", "text", "Bras", "Arm", "arm"),
        Column("instrument", "text", "Questionnaire", "Questionnaire", "instrument"),
        Column("scale", "text", "Échelle", "Scale", "scale"),
        Column(
            "definition",
            "text",
            "Définition de la détérioration",
            "Definition of deterioration",
            "deterioration",
        ),
        Column("minimal_difference", "number", "Différence minimale", "Minimal difference"),
        Column("event", "flag", "1 : détérioration ; 0 : censuré", "1: deterioration; 0: censored"),
        Column("time_days", "integer", "Délai en jours", "Time in days"),
        Column("time_months", "number", "Délai en mois (jours ÷ 30,4375)", "Time in months (days ÷ 30.4375)"),
        Column(
            "outcome",
            "text",
            "Ce qui a mis fin au suivi, ou motif de censure",
            "What ended the follow-up, or why it is censored",
            "deterioration_outcome",
        ),
        Column("starts_on", "date", "Origine du délai", "Time zero"),
        Column("ends_on", "date", "Date de fin", "Date of the end"),
        Column("reference", "number", "Score de référence", "Reference score"),
        Column("value", "number", "Score à la détérioration", "Score at deterioration"),
        Column(
            "visit_code", "text", "Visite de la détérioration", "Visit of the deterioration", "visit_code"
        ),
    ),
)
