"""What a preview says, in the words of the clinic's pages."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from pro_app.services.plan_previews.model import MessageChange, PlanPreview, Rate
from pro_app.web.calendar_changes import list_calendar_entries
from pro_app.web.clinic.words import known_word, moment, rate
from pro_app.web.message_words import CHANNELS, MESSAGE_KINDS
from pro_app.web.problems import sentence

CHANGES = {
    "withdrawn": lazy_gettext("Withdrawn"),
    "moved": lazy_gettext("Other time"),
    "added": lazy_gettext("Added"),
    "held": lazy_gettext("Waits"),
}
VISITS = ("moved", "added", "cancelled", "closed", "required", "confirmed")
"""What becomes of visits and is counted in a sentence; the rest is said in a warning or by name."""


def describe_preview(preview: PlanPreview) -> dict[str, Any]:
    """Give everything that the page of a preview shows, in words."""
    return {
        "warnings": [sentence(warning.message, warning.values) for warning in preview.warnings],
        "sentences": list(_list_sentences(preview)),
        "calendar": list_calendar_entries(preview.calendar),
        "messages": [_message_entry(change, preview.zone) for change in preview.messages],
        "rates": _list_rates(preview),
    }


def _list_sentences(preview: PlanPreview) -> Iterator[str]:
    """Sum up the calendar, the messages and what is expected, one sentence each."""
    yield from _about_visits(preview)
    yield from _about_messages(preview)
    rates = preview.rates
    if rates.no_longer_expected:
        visits = ", ".join(rates.no_longer_expected)
        yield gettext("No longer asked for: %(visits)s.", visits=visits)
    if rates.becomes_expected:
        yield gettext("Expected from now on: %(visits)s.", visits=", ".join(rates.becomes_expected))
    if any(row.answered == "sent" for row in preview.calendar):
        yield gettext("What was received before is kept.")


def _about_visits(preview: PlanPreview) -> Iterator[str]:
    counts = preview.counts
    if not any(counts.get(code) for code in {row.becomes for row in preview.calendar} - {"kept"}):
        yield gettext("No questionnaire is concerned.")
        return
    if number := counts.get("moved"):
        yield ngettext("%(num)s questionnaire moves.", "%(num)s questionnaires move.", number)
    if number := counts.get("added"):
        yield ngettext("%(num)s questionnaire is added.", "%(num)s questionnaires are added.", number)
    if number := counts.get("cancelled"):
        yield ngettext("%(num)s questionnaire is cancelled.", "%(num)s questionnaires are cancelled.", number)
    if number := counts.get("closed"):
        yield ngettext(
            "%(num)s questionnaire is closed and still counts as expected.",
            "%(num)s questionnaires are closed and still count as expected.",
            number,
        )
    if number := counts.get("confirmed"):
        yield ngettext(
            "%(num)s questionnaire is no longer provisional.",
            "%(num)s questionnaires are no longer provisional.",
            number,
        )
    if number := counts.get("readmitted"):
        yield ngettext(
            "The answers of %(num)s questionnaire come back to it.",
            "The answers of %(num)s questionnaires come back to them.",
            number,
        )


def _about_messages(preview: PlanPreview) -> Iterator[str]:
    if preview.withdrawn:
        yield ngettext(
            "%(num)s planned message is withdrawn.",
            "%(num)s planned messages are withdrawn.",
            len(preview.withdrawn),
        )
    if preview.moved:
        yield ngettext(
            "%(num)s planned message goes out at another time.",
            "%(num)s planned messages go out at another time.",
            len(preview.moved),
        )
    if preview.added:
        yield ngettext("%(num)s message is planned.", "%(num)s messages are planned.", len(preview.added))
    if preview.held:
        yield ngettext(
            "%(num)s message waits for the end of the pause; what is too late by then does not go out.",
            "%(num)s messages wait for the end of the pause; what is too late by then does not go out.",
            len(preview.held),
        )
    at_once = sum(change.at_once for change in preview.messages)
    if at_once:
        yield ngettext(
            "%(num)s message goes out as soon as you record this.",
            "%(num)s messages go out as soon as you record this.",
            at_once,
        )
    if not preview.messages:
        yield gettext("No message changes.")


def _message_entry(change: MessageChange, zone: str) -> dict[str, Any]:
    """Give one message: what it is, what becomes of it, when it was to go out and when it will."""
    reason = gettext(change.reason) if change.reason else ""
    return {
        "label": change.visit,
        "kind": f"{known_word(MESSAGE_KINDS, change.template_code)}, {known_word(CHANNELS, change.channel)}",
        "becomes": str(CHANGES[change.change]),
        "before": moment(change.before_at, zone),
        "after": gettext("at once") if change.at_once else moment(change.after_at, zone),
        "remark": reason,
    }


def _list_rates(preview: PlanPreview) -> list[dict[str, Any]]:
    """Give the numbers before and after, each rate with what it is made of."""
    rates = preview.rates
    return [
        {
            "label": gettext("Questionnaires expected of this patient, to the end"),
            "before": str(rates.expected_before),
            "after": str(rates.expected_after),
        },
        {
            "label": gettext("Response rate of this patient"),
            "before": _rate(rates.participant_before),
            "after": _rate(rates.participant_after),
        },
        {
            "label": gettext("Response rate of the centre"),
            "before": _rate(rates.site_before),
            "after": _rate(rates.site_after),
        },
    ]


def _rate(value: Rate) -> str:
    """Write a rate with its numerator and denominator."""
    if value.value is None:
        return str(gettext("no period is over yet"))
    parts = gettext(
        "%(numerator)s of %(denominator)s", numerator=value.numerator, denominator=value.denominator
    )
    return f"{rate(value.value)} ({parts})"
