"""The opening days of questionnaires as an iCalendar file (RFC 5545), in neutral words."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from flask_babel import gettext

from pro_app.services.participant_home import ComingQuestionnaire

LONGEST_LINE = 70
"""RFC 5545, section 3.1, folds lines at 75 octets; every character here may be two of them."""


def render_calendar_file(
    coming: Iterable[ComingQuestionnaire], *, public_url: str, host: str, now: datetime
) -> str:
    """Render an all-day event for each; they name neither the study nor anything about health.

    An event keeps its name for ever, so that opening a later file moves it instead of adding another one.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//pro_app//questionnaires//FR",
        *(line for each in coming for line in _list_event_lines(each, public_url, host=host, now=now)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _list_event_lines(
    coming: ComingQuestionnaire, public_url: str, *, host: str, now: datetime
) -> Iterator[str]:
    day = coming.opens_on
    # Outside the lines below, where the extraction of messages would not find them.
    summary = _escape(gettext("Questionnaire to answer"))
    advice = _escape(gettext("Open the app, or type the address on your card."))
    yield from (
        "BEGIN:VEVENT",
        f"UID:questionnaire-{coming.assessment_id}@{host}",
        f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{summary}",
        f"DESCRIPTION:{advice} {public_url}",
        f"STATUS:{'TENTATIVE' if coming.provisional else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _escape(text: str) -> str:
    """Escape what has a meaning in a TEXT value (RFC 5545, section 3.3.11)."""
    for plain in ("\\", ";", ","):
        text = text.replace(plain, f"\\{plain}")
    return text.replace("\n", "\\n")


def _fold(line: str) -> list[str]:
    """Fold a line by octets, never within a character; continuation lines begin with a blank."""
    folded, rest = [], line
    while len(rest.encode()) > LONGEST_LINE:
        cut = LONGEST_LINE
        while len(rest[:cut].encode()) > LONGEST_LINE:
            cut -= 1
        folded.append(rest[:cut])
        rest = f" {rest[cut:]}"
    return [*folded, rest]
