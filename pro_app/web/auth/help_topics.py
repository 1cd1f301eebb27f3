"""Which help belongs to which page of the staff."""

from pro_app.web.auth.help_further_texts import FURTHER_TOPICS
from pro_app.web.auth.help_texts import TOPICS_OF_THE_DAY

TOPICS = {**TOPICS_OF_THE_DAY, **FURTHER_TOPICS}
_OF_FACE = {"clinic": "start", "statistician": "data", "admin": "administration", "auth": "account"}
_OF_PAGE = {
    "tasks": ("task", "tasks", "call_sheet", "telephone"),
    "participants": ("participants",),
    "record": ("participant", "trail", "history"),
    "rates": ("completion", "sites", "coming", "report", "reports", "trend", "map", "visit_map", "standings"),
    "missing": ("missing", "reopening", "not"),
    "enrolment": (
        "new_participant",
        "first",
        "card",
        "new_card",
        "check_enrolment",
        "phones",
        "confirm_shutting_out",
        "new_transfer",
        "receipts",
        "consent",
        "transfer",
        "transfers",
    ),
    "events": ("event", "choose", "new_event", "undo", "correct"),
    "paper": ("paper", "import", "imports"),
    "answering": ("lending", "interview", "tablet"),
    "corrections": ("clarification", "clarifications", "new_clarification", "answers", "reading", "readings"),
    "messages": ("contact", "message", "lost"),
}
"""Which pages of the clinic a topic is about, by the beginning of their names."""


def find_topic(endpoint: str | None) -> str:
    """Find the topic of a page by its endpoint; how the pages work, where there is none of its own."""
    face, _, page = (endpoint or "").partition(".")
    if face != "clinic":
        return _OF_FACE.get(face, "start")
    words = {page, page.partition("_")[0], "_".join(page.split("_")[:2])}
    return next((topic for topic, names in _OF_PAGE.items() if words & set(names)), "start")
