"""One row for each scale score of each version of the answers."""

from pro_app.exports.tables.column import RESPONSE, VISIT_KEYS, Column, TableDefinition

SCORES = TableDefinition(
    "scores",
    "une échelle × une version des réponses",
    "one scale × one version of the answers",
    (
        *VISIT_KEYS,
        *RESPONSE,
        Column("scoring_name", "text", "Définition du calcul", "Scoring definition"),
        Column("scale", "text", "Échelle", "Scale", "scale"),
        Column("value", "number", "Score de 0 à 100, ou vide", "Score from 0 to 100, or empty"),
        Column("raw", "number", "Score brut (moyenne des réponses)", "Raw score (mean of the answers)"),
        Column("answered", "integer", "Nombre d’items répondus", "Number of items answered"),
        Column("not_applicable", "integer", "Nombre d’items « sans objet »", "Number not applicable"),
        Column("missing", "integer", "Nombre d’items sans réponse", "Number of items without an answer"),
        Column("needed", "integer", "Nombre de réponses nécessaires", "Number of answers needed"),
        Column("reason", "text", "Pourquoi le score est vide", "Why there is no score", "score_reason"),
        Column("instrument_sha256", "text", "Empreinte de la définition", "Hash of the definition"),
        Column(
            "app_version",
            "text",
            "Version du logiciel (vide : jamais envoyé)",
            "Version of the software (empty: never sent)",
        ),
        Column(
            "scored_at",
            "datetime",
            "Moment du calcul (vide : jamais envoyé)",
            "When it was computed (empty: never sent)",
        ),
        Column("observed_on", "date", "Jour de la réponse", "Day of the answers"),
        Column("submitted_at", "datetime", "Réception du questionnaire", "Receipt of the form"),
        Column("is_baseline", "flag", "1 : score initial retenu", "1: the baseline score"),
        Column("baseline", "number", "Score initial", "Baseline score"),
        Column("change", "number", "Écart au score initial", "Change from baseline"),
        Column("minimal_difference", "number", "Différence minimale", "Minimal difference"),
        Column(
            "change_category", "text", "Sens de l’évolution", "Direction of the change", "change_category"
        ),
        Column(
            "importance_threshold",
            "number",
            "Seuil d’importance clinique",
            "Threshold of clinical importance",
        ),
        Column(
            "important",
            "flag",
            "1 : au-delà du seuil d’importance clinique (voir answered : nombre d’items)",
            "1: beyond the threshold of clinical importance (see answered: number of items)",
        ),
    ),
)
