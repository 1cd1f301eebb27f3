"""A questionnaire's opening day as an iCalendar file (RFC 5545), in neutral words."""

from datetime import UTC, datetime, timedelta

from flask_babel import gettext

from pro_app.services.participant_home import ComingQuestionnaire

LONGEST_LINE = 70
"""RFC 5545, section 3.1, folds lines at 75 octets; every character here may be two of them."""


def render_calendar_file(coming: ComingQuestionnaire, *, public_url: str, host: str, now: datetime) -> str:
    """Render one all-day event; it names neither the study nor anything about health."""
    day = coming.opens_on
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//pro_app//questionnaires//FR",
        "BEGIN:VEVENT",
        f"UID:questionnaire-{coming.assessment_id}@{host}",
        f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escape(gettext('Questionnaire to answer'))}",
        f"DESCRIPTION:{_escape(gettext('Open the app, or type the address on your card.'))} {public_url}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


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
