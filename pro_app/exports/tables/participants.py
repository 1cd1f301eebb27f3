"""One row for each person enrolled, without identity."""

from pro_app.exports.tables.column import PERSON_KEYS, Column, TableDefinition

PARTICIPANTS = TableDefinition(
    "participants",
    "une personne incluse, sans identité",
    "one person enrolled, without identity",
    (
        *PERSON_KEYS,
        Column("language", "text", "Langue des questionnaires", "Language of the questionnaires"),
        Column("protocol_version", "text", "Version du protocole suivie", "Protocol version that applies"),
        Column("consented_on", "date", "Date du consentement", "Date of consent"),
        Column("arm", "text", "Bras", "Arm", "arm"),
        Column("randomised_on", "date", "Date du tirage au sort", "Date of randomisation"),
        Column("infusions", "integer", "Nombre de perfusions enregistrées", "Number of infusions recorded"),
        Column("last_infusion_on", "date", "Date de la dernière perfusion", "Date of the last infusion"),
        Column(
            "treatment_ended_on",
            "date",
            "Date de fin du traitement ou de la surveillance",
            "Date of the end of treatment or surveillance",
        ),
        Column("progressed_on", "date", "Date de la première progression", "Date of the first progression"),
        Column(
            "new_treatment_on",
            "date",
            "Date du premier nouveau traitement antitumoral",
            "Date of the first new antitumour treatment",
        ),
        Column(
            "questionnaires_stopped_on",
            "date",
            "Ne souhaite plus de questionnaires depuis",
            "Wants no more questionnaires since",
        ),
        Column("lost_on", "date", "Perdu(e) de vue depuis", "Lost to follow-up since"),
        Column("left_on", "date", "Date de sortie de l’étude", "Date of leaving the trial"),
        Column("died_on", "date", "Date du décès", "Date of death"),
        Column(
            "data_objection_on",
            "date",
            "Opposition à l’utilisation des données, à traiter par le promoteur",
            "Objection to the use of data, to be handled by the sponsor",
        ),
    ),
)
