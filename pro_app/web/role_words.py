"""The roles of staff as people call them."""

from flask_babel import lazy_gettext

_WORDS = {
    "administrator": lazy_gettext("Administrator"),
    "coordinator": lazy_gettext("Study coordinator"),
    "nurse": lazy_gettext("Research nurse"),
    "investigator": lazy_gettext("Investigator"),
    "monitor": lazy_gettext("Monitor"),
    "inspector": lazy_gettext("Inspector"),
    "statistician": lazy_gettext("Statistician"),
}


def role_words(role: str) -> str:
    """Give a role in the language of the page."""
    return str(_WORDS[role])
