"""Marking text for translation, and languages, without Flask."""

LANGUAGES = ("fr", "en")
"""The interface languages, the first is the default; each is live only at 100 %."""


def mark(message: str) -> str:
    """Mark `message` for extraction into the catalogue; it is translated where it is shown."""
    return message


def mark_plural(singular: str, plural: str) -> tuple[str, str]:
    """Mark both forms of a counted message for extraction; chosen and translated where shown."""
    return singular, plural
