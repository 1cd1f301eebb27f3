"""One row for each item of each version of the answers."""

from pro_app.exports.tables.column import RESPONSE, VISIT_KEYS, Column, TableDefinition

ITEMS = TableDefinition(
    "items",
    "un item × une version des réponses",
    "one item × one version of the answers",
    (
        *VISIT_KEYS,
        *RESPONSE,
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
