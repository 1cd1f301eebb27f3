"""What members of staff read: counts and an address; no patient, no study, no word about health."""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field

from pro_app.language import LANGUAGES, mark, mark_plural
from pro_app.reminders.messages import load_catalogue
from pro_app.reminders.staff_mail.invitation_codes import make_invitation_address, write_invitation_code
from pro_app.reminders.task_outcomes import CALL, CLARIFICATION, MISSING_REASON, RECORD_DATE, SECOND_ENTRY

SENDER = mark("Staff area")
COUNTED = {
    CALL: mark_plural("%(count)s call to make", "%(count)s calls to make"),
    RECORD_DATE: mark_plural("%(count)s date to record", "%(count)s dates to record"),
    MISSING_REASON: mark_plural("%(count)s reason to give", "%(count)s reasons to give"),
    SECOND_ENTRY: mark_plural("%(count)s second entry", "%(count)s second entries"),
    CLARIFICATION: mark_plural("%(count)s request to decide", "%(count)s requests to decide"),
}
OTHERS = mark_plural("%(count)s other task", "%(count)s other tasks")
_GREETING = mark("Hello,")
_TODAY = mark("Your list of this morning:")
_OPEN = mark("To open it, sign in here: %(address)s")
_STOP = mark(
    "You asked for this message on working days. To stop it or to change the hour: “My account”, “Morning "
    "digest”."
)
_INVITED = mark(
    "An account was made for you. Choose your password at this address; it works once, until it is seven "
    "days old:"
)
_TYPE = mark("If the link does not open, go to %(address)s and type this code: %(code)s")
_PHONE = mark("Keep your phone at hand: it is needed for the second step of the sign-in.")
_IGNORE = mark("If you did not expect this message, you need not do anything.")
_AUTOMATIC = mark("This message was sent automatically; please do not reply to it.")


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """An e-mail as it is read."""

    sender_label: str
    subject: str
    text: str = field(repr=False)


def write_digest(counts: Mapping[str, int], *, public_url: str, language: str) -> WrittenMail:
    """Write the morning digest from the number of tasks of each kind."""
    catalogue = _find_catalogue(language)
    said = catalogue.gettext
    lines = [
        "– " + catalogue.ngettext(*words, counts[kind]) % {"count": counts[kind]}
        for kind, words in COUNTED.items()
        if counts.get(kind)
    ]
    others = sum(count for kind, count in counts.items() if kind not in COUNTED)
    if others:
        lines.append("– " + catalogue.ngettext(*OTHERS, others) % {"count": others})
    parts = [
        said(_GREETING),
        said(_TODAY) + "\n" + "\n".join(lines),
        said(_OPEN) % {"address": f"{public_url}/staff/"},
        said(_STOP),
        said(_AUTOMATIC),
    ]
    return WrittenMail(said(SENDER), said(mark("Your list of this morning")), "\n\n".join(parts) + "\n")


def write_invitation(code: str, *, public_url: str, language: str) -> WrittenMail:
    """Write the invitation that carries a code."""
    said = _find_catalogue(language).gettext
    address = f"{public_url}/staff/invitation"
    parts = [
        said(_GREETING),
        said(_INVITED) + "\n" + make_invitation_address(public_url, code),
        said(_TYPE) % {"address": address, "code": write_invitation_code(code)},
        said(_PHONE),
        said(_IGNORE),
        said(_AUTOMATIC),
    ]
    return WrittenMail(said(SENDER), said(mark("Your invitation")), "\n\n".join(parts) + "\n")


def _find_catalogue(language: str) -> gettext.NullTranslations:
    return load_catalogue(language if language in LANGUAGES else LANGUAGES[0])
