"""One row for each event that was recorded about a person, also what was corrected since."""

from pro_app.exports.tables.column import PERSON_KEYS, Column, TableDefinition

EVENTS = TableDefinition(
    "events",
    "un évènement enregistré, ou sa correction",
    "one event recorded, or its correction",
    (
        *PERSON_KEYS,
        Column(
            "event", "integer", "Numéro de l’évènement pour la personne", "Number of the event of the person"
        ),
        Column("kind", "text", "Nature de l’évènement", "Kind of event", "event_kind"),
        Column("occurred_on", "date", "Date de l’évènement", "Date of the event"),
        Column("arm", "text", "Bras attribué", "Arm given", "arm"),
        Column("until_on", "date", "Fin prévue d’une pause", "Planned end of a pause"),
        Column("resumes", "text", "Ce qui reprend", "What is resumed", "event_kind"),
        Column(
            "in_force", "flag", "1 : compte ; 0 : corrigé ou retiré", "1: counts; 0: corrected or retracted"
        ),
        Column("replaces", "integer", "Numéro de l’évènement corrigé", "Number of the event it corrects"),
        Column("retracts", "flag", "1 : retire l’évènement corrigé", "1: retracts the event it corrects"),
        Column("recorded_at", "datetime", "Moment de l’enregistrement", "When it was recorded"),
    ),
)
