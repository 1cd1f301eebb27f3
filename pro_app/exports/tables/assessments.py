"""One row for each person and planned visit: what became of the form."""

from pro_app.exports.tables.column import VISIT_KEYS, Column, TableDefinition

ASSESSMENTS = TableDefinition(
    "assessments",
    "une personne × une visite prévue",
    "one person × one planned visit",
    (
        *VISIT_KEYS,
        Column("opens_on", "date", "Premier jour de la période de réponse", "First day of the window"),
        Column("target_on", "date", "Date cible", "Target date"),
        Column("closes_on", "date", "Dernier jour de la période de réponse", "Last day of the window"),
        Column(
            "provisional",
            "flag",
            "1 : date provisoire, la fin du traitement n’est pas enregistrée",
            "1: provisional date, the end of treatment is not recorded",
        ),
        Column("window_closed", "flag", "1 : période terminée", "1: window over"),
        Column("expected", "flag", "1 : attendu", "1: expected"),
        Column("received", "flag", "1 : reçu", "1: received"),
        Column(
            "valid",
            "flag",
            "1 : reçu, au moins une échelle calculable",
            "1: received, at least one scale scorable",
        ),
        Column(
            "in_window", "flag", "1 : reçu, donné dans la période", "1: received, given within its window"
        ),
        Column("late", "flag", "1 : reçu, donné après la période", "1: received, given after its window"),
        Column("incomplete", "flag", "1 : commencé, jamais envoyé", "1: begun, never sent"),
        Column(
            "after_randomisation",
            "flag",
            "1 : questionnaire initial donné après le tirage au sort",
            "1: baseline given after randomisation",
        ),
        Column("state", "text", "État à l’extraction", "State at the export", "state"),
        Column(
            "plan_reason",
            "text",
            "Pourquoi la visite est fermée, non requise ou planifiée tard",
            "Why the visit is closed, not required or planned late",
            "plan_reason",
        ),
        Column(
            "missing_reason",
            "text",
            "Motif d’un questionnaire manquant ou tardif",
            "Reason for a missing or late questionnaire",
            "missing_reason",
        ),
        Column("missing_said_by", "text", "Qui a donné ce motif", "Who gave this reason", "said_by"),
        Column("observed_on", "date", "Jour de la dernière réponse", "Day of the last answer"),
        Column("started_at", "datetime", "Première réponse", "First answer"),
        Column("submitted_at", "datetime", "Réception", "Receipt"),
        Column("mode", "text", "Mode de réponse à l’envoi", "Mode at submission", "mode"),
        Column("respondent", "text", "Qui a répondu", "Who answered", "respondent"),
        Column(
            "received_late",
            "flag",
            "1 : rempli dans la période, reçu après ; compte comme rempli à temps",
            "1: answered within the window, received after it; counts as in time",
        ),
        Column(
            "set_aside",
            "integer",
            "Réponses gardées à côté : trop tard, ou sur papier après une réponse",
            "Answers kept beside the form: too late, or on paper where an answer stood",
        ),
        Column(
            "conflicts",
            "integer",
            "Items répondus autrement sur un autre appareil ou par un(e) autre",
            "Items answered differently on another device or by somebody else",
        ),
        Column(
            "listened",
            "flag",
            "1 : au moins une question lue à voix haute par l’appareil",
            "1: at least one question was read aloud by the device",
        ),
        Column(
            "source_on", "date", "Jour écrit sur la feuille de papier", "Day written on the sheet of paper"
        ),
        Column(
            "double_entered",
            "flag",
            "1 : feuille saisie par deux personnes, différences décidées",
            "1: sheet entered by two people, differences decided",
        ),
    ),
)
