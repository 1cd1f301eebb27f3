"""One row for each visit: how many forms were expected and came back, with both rates."""

from pro_app.exports.tables.column import STUDY, VISIT, Column, TableDefinition

COMPLETION = TableDefinition(
    "completion",
    "une visite prévue, tous bras confondus",
    "one planned visit, both arms together",
    (
        STUDY,
        VISIT,
        Column(
            "randomised",
            "integer",
            "Personnes tirées au sort (incluses, si personne ne l’est)",
            "People randomised (enrolled, if nobody is)",
        ),
        Column("expected", "integer", "Questionnaires attendus", "Forms expected"),
        Column("received", "integer", "Questionnaires reçus", "Forms received"),
        Column(
            "valid",
            "integer",
            "Reçus, au moins une échelle calculable",
            "Received, at least one scale scorable",
        ),
        Column("in_window", "integer", "Reçus dans la période", "Received within the window"),
        Column("late", "integer", "Reçus après la période", "Received after the window"),
        Column("incomplete", "integer", "Commencés, jamais envoyés, clos", "Begun, never sent, closed"),
        Column("missed", "integer", "Manquants", "Missed"),
        Column("completed", "integer", "Attendus et valides", "Expected and valid"),
        Column(
            "available",
            "integer",
            "Valides, au dénominateur fixe",
            "Valid, in the fixed denominator",
        ),
        Column(
            "completion_rate",
            "number",
            "Taux de réponse : attendus et valides ÷ attendus",
            "Completion rate: expected and valid ÷ expected (variable denominator)",
        ),
        Column(
            "available_data_rate",
            "number",
            "Taux de données disponibles : valides ÷ personnes tirées au sort (ou incluses)",
            "Available-data rate: valid ÷ randomised or enrolled (fixed denominator)",
        ),
    ),
)
