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
        Column(
            "received_late",
            "flag",
            "1 : donnée dans la période, reçue après",
            "1: given within the window, received after it",
        ),
        Column("device_at", "datetime", "Heure de l’appareil, non corrigée", "Time of the device, as it was"),
        Column("device_zone", "text", "Fuseau horaire de l’appareil", "Time zone of the device"),
        Column(
            "clock_off",
            "flag",
            "1 : l’horloge de l’appareil s’écartait de plus de 5 minutes",
            "1: the clock of the device was off by more than 5 minutes",
        ),
        Column("operation_id", "text", "Identifiant de la saisie", "Identifier of the operation"),
        Column("counter", "integer", "Compteur de l’appareil", "Counter of the device"),
        Column("wording_sha256", "text", "Empreinte du texte affiché", "Hash of the wording shown"),
        Column(
            "remark",
            "text",
            "Papier : pourquoi rien n’a pu être saisi",
            "Paper: why nothing could be entered",
            "remark",
        ),
    ),
)
