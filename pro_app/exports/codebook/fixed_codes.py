"""The codes that the app itself gives, the same in every trial: code, French, English."""

from collections.abc import Mapping

FIXED_CODES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "state": (
        ("planned", "prévu", "planned"),
        ("open", "attendu", "open"),
        ("started", "commencé", "started"),
        ("submitted", "reçu dans la période", "received within its window"),
        ("late", "reçu après la période", "received after its window"),
        ("incomplete", "commencé, jamais envoyé", "begun, never sent"),
        ("missed", "manquant", "missed"),
        ("not_required", "non requis", "not required"),
    ),
    "item_state": (
        ("answered", "répondu", "answered"),
        ("declined", "préfère ne pas répondre", "prefers not to answer"),
        ("left_blank", "laissé vide", "left blank"),
        ("not_applicable", "sans objet", "not applicable"),
        ("not_reached", "jamais affiché", "never shown"),
        ("form_missing", "questionnaire attendu, jamais ouvert", "form expected, never opened"),
        ("not_expected", "questionnaire non attendu", "form not expected"),
    ),
    "mode": (
        ("own_device", "appareil de la personne", "the person’s own device"),
        ("site_tablet", "tablette du centre", "tablet of the site"),
        ("interview", "entretien avec le centre", "interview by the site"),
        ("paper", "papier, saisi par le centre", "paper, entered by the site"),
    ),
    "remark": (
        ("illegible", "réponse illisible", "answer that cannot be read"),
        ("two_marks", "deux cases cochées", "two boxes ticked"),
    ),
    "score_reason": (
        ("too_few_answers", "moins de la moitié des items répondus", "fewer than half of the items answered"),
        ("scale_missing", "une échelle du score résumé manque", "a scale of the summary score is missing"),
    ),
    "change_category": (
        ("improved", "amélioré", "improved"),
        ("stable", "stable", "stable"),
        ("worsened", "aggravé", "worsened"),
    ),
}

KINDS: Mapping[str, tuple[str, str]] = {
    "functional": ("échelle fonctionnelle, plus haut = mieux", "functional scale, higher is better"),
    "global": ("échelle globale, plus haut = mieux", "global scale, higher is better"),
    "symptom": ("symptôme, plus haut = plus marqué", "symptom, higher is worse"),
}
"""What a scale's kind says about its direction."""
