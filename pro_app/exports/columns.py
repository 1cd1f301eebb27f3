"""The columns of the dataset's tables: names, types and what they mean, in the dataset's two languages.

This is the allow-list: what is not named here does not leave the house. The words are content of the
codebook, which always speaks both languages, and not of the interface.
"""

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "integer", "number", "flag", "date", "datetime"]
"""`flag` is 0 or 1; `date` is YYYY-MM-DD; `datetime` is ISO 8601 in UTC; `number` has full precision."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `codes` names the list in the codebook that its values come from."""

    name: str
    type: ColumnType
    fr: str
    en: str
    codes: str = ""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """One table of the dataset, a row of which is `fr` or `en`; the file is `<name>.csv`."""

    name: str
    fr: str
    en: str
    columns: tuple[Column, ...]


_STUDY = Column("study", "text", "Étude", "Study")
_SITE = Column("site", "text", "Code du centre", "Site code")
_PARTICIPANT = Column(
    "participant_code", "text", "Numéro d’inclusion dans l’étude", "Inclusion number in the study"
)
_VISIT = Column(
    "visit_code", "text", "Visite prévue ; UNSCHEDULED : hors calendrier", "Planned visit", "visit_code"
)
_ORDINAL = Column(
    "ordinal",
    "integer",
    "Rang parmi les visites de même code (0 sauf hors calendrier)",
    "Number among visits of the same code (0 except for unscheduled ones)",
)
_KEYS = (_STUDY, _SITE, _PARTICIPANT)
_VISIT_KEYS = (*_KEYS, _VISIT, _ORDINAL)
_RESPONSE = (
    Column("instrument", "text", "Questionnaire", "Questionnaire", "instrument"),
    Column("instrument_version", "text", "Version du questionnaire", "Version of the questionnaire"),
    Column(
        "response_version",
        "integer",
        "Version des réponses (2 et plus : après une correction demandée par la personne)",
        "Version of the answers (2 and more: after a correction asked for by the person)",
    ),
    Column("is_current", "flag", "1 : dernière version des réponses", "1: latest version of the answers"),
    Column(
        "incomplete",
        "flag",
        "1 : questionnaire commencé, jamais envoyé, période terminée ; ne compte pas comme reçu",
        "1: begun, never sent, period over; does not count as received",
    ),
)

PARTICIPANTS = TableDefinition(
    "participants",
    "une personne incluse, sans identité",
    "one person enrolled, without identity",
    (
        *_KEYS,
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

ASSESSMENTS = TableDefinition(
    "assessments",
    "une personne × une visite prévue",
    "one person × one planned visit",
    (
        *_VISIT_KEYS,
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
        Column("in_window", "flag", "1 : reçu dans la période", "1: received within its window"),
        Column("late", "flag", "1 : reçu après la période", "1: received after its window"),
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
        Column("started_at", "datetime", "Première réponse", "First answer"),
        Column("submitted_at", "datetime", "Réception", "Receipt"),
        Column("mode", "text", "Mode de réponse à l’envoi", "Mode at submission", "mode"),
        Column("respondent", "text", "Qui a répondu", "Who answered", "respondent"),
    ),
)

ITEMS = TableDefinition(
    "items",
    "un item × une version des réponses",
    "one item × one version of the answers",
    (
        *_VISIT_KEYS,
        *_RESPONSE,
        Column("item", "integer", "Numéro imprimé de l’item", "Printed number of the item", "item"),
        Column("state", "text", "Ce qu’il est advenu de l’item", "What became of the item", "item_state"),
        Column("value", "integer", "Code de la réponse, vide sans réponse", "Response code, empty without"),
        Column("mode", "text", "Mode de réponse", "Mode", "mode"),
        Column(
            "entered_by",
            "text",
            "Qui a saisi : participant, staff (centre), system (constaté à l’envoi)",
            "Who entered it: participant, staff (site), system (concluded at submission)",
        ),
        Column("answered_at", "datetime", "Moment de la réponse", "When it was answered"),
        Column("received_at", "datetime", "Réception par le serveur", "Receipt by the server"),
        Column("operation_id", "text", "Identifiant de la saisie", "Identifier of the operation"),
        Column("counter", "integer", "Compteur de l’appareil", "Counter of the device"),
        Column("wording_sha256", "text", "Empreinte du texte affiché", "Hash of the wording shown"),
    ),
)

SCORES = TableDefinition(
    "scores",
    "une échelle × une version des réponses",
    "one scale × one version of the answers",
    (
        *_VISIT_KEYS,
        *_RESPONSE,
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
        Column("app_version", "text", "Version du logiciel", "Version of the software"),
        Column("scored_at", "datetime", "Moment du calcul", "When it was computed"),
    ),
)

TABLES = (PARTICIPANTS, ASSESSMENTS, ITEMS, SCORES)
