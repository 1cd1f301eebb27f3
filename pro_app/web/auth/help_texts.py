"""What the help says about a day at a site: the list, patients, questionnaires, events, paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext


@dataclass(frozen=True, slots=True)
class Topic:
    """One page of help: parts with a head and a text, and pages to go to, each by its endpoint."""

    title: Any
    parts: tuple[tuple[Any, Any], ...]
    links: tuple[tuple[str, Any], ...] = ()


TOPICS_OF_THE_DAY: Mapping[str, Topic] = {
    "start": Topic(
        lazy_gettext("How these pages work"),
        (
            (
                lazy_gettext("Where to begin"),
                lazy_gettext(
                    "“To do” holds what is waiting at your site, the most urgent first. "
                    "“Patients” holds everybody; “Response rate” says how much came back. Ten "
                    "minutes in the morning are enough for the first one."
                ),
            ),
            (
                lazy_gettext("What you never see here"),
                lazy_gettext(
                    "The answers of patients do not appear on these pages: you see whether a "
                    "questionnaire is there, never what it says. Only the investigator of the "
                    "site can open answers, with a reason that is kept."
                ),
            ),
            (
                lazy_gettext("What is kept of what you do"),
                lazy_gettext(
                    "Every change is written down with your name, the time and the reason, and "
                    "cannot be taken out. Looking at a record, a contact or a telephone number is"
                    " noted as well."
                ),
            ),
            (
                lazy_gettext("When something goes wrong"),
                lazy_gettext(
                    "Nothing is saved twice by a double click. If a page says that something "
                    "changed meanwhile, look at it again: a colleague was faster, and nothing of "
                    "theirs is lost."
                ),
            ),
        ),
        (
            ("clinic.tasks", lazy_gettext("To do")),
            ("clinic.participants", lazy_gettext("Patients")),
        ),
    ),
    "tasks": Topic(
        lazy_gettext("What is to do today"),
        (
            (
                lazy_gettext("Why somebody is on the list"),
                lazy_gettext(
                    "Each line says its reason in words: how many days are left, whether the "
                    "questionnaire was begun, which message did not arrive. The answers play no "
                    "part, they are not even read for it."
                ),
            ),
            (
                lazy_gettext("How the order is made"),
                lazy_gettext(
                    "First whom you meant to call again today; then what closes soonest; then "
                    "those whom no message reached, earlier misses, and whether it was begun. "
                    "The page on the order explains each step."
                ),
            ),
            (
                lazy_gettext("After a call"),
                lazy_gettext(
                    "Say in one click what came of it. “Not reached” brings the line back "
                    "tomorrow or on the day that you choose. Check the identity on the list of "
                    "the site before you name the study."
                ),
            ),
        ),
        (
            ("clinic.task_ranking", lazy_gettext("How the order is made")),
            ("clinic.call_sheet", lazy_gettext("Call sheet")),
        ),
    ),
    "participants": Topic(
        lazy_gettext("The list of patients"),
        (
            (
                lazy_gettext("What a line says"),
                lazy_gettext(
                    "The questionnaire that matters now, its state and its period, the day on "
                    "which the next one opens, and how many of those that should be there were "
                    "received."
                ),
            ),
            (
                lazy_gettext("Find and sort"),
                lazy_gettext(
                    "Type a part of the inclusion number, choose a state in the legend, or click "
                    "the head of a column; a second click turns the order round. Fifty patients "
                    "make a page."
                ),
            ),
            (
                lazy_gettext("Keyboard"),
                lazy_gettext(
                    "“/” goes to the search, “j” and “k” go down and up the list, “Enter” opens "
                    "the record, “?” shows the keys. They can be switched off in the same "
                    "window."
                ),
            ),
        ),
        (("clinic.participants", lazy_gettext("Patients")),),
    ),
    "record": Topic(
        lazy_gettext("The page of a patient"),
        (
            (
                lazy_gettext("What it holds"),
                lazy_gettext(
                    "What is to do, the questionnaires with their states and counts, events, "
                    "messages, calls, and who looked at the record. There is no answer and, "
                    "outside of the contact page, no address or telephone number."
                ),
            ),
            (
                lazy_gettext("The history"),
                lazy_gettext(
                    "Choose one kind of thing to see only that: questionnaires, events, messages,"
                    " calls, devices."
                ),
            ),
            (
                lazy_gettext("The audit trail"),
                lazy_gettext(
                    "It says in sentences who did what, when and why, from what to what. It can "
                    "be searched, narrowed down to a period, and downloaded as CSV or JSON; both "
                    "files hold the same rows."
                ),
            ),
        ),
    ),
    "rates": Topic(
        lazy_gettext("How the rates are made"),
        (
            (
                lazy_gettext("Two rates, side by side"),
                lazy_gettext(
                    "Valid among the randomised: the denominator never changes, whoever has died "
                    "or left counts too. Valid among the expected: only those who are still to "
                    "answer at that visit count. Both are shown because each alone can mislead."
                ),
            ),
            (
                lazy_gettext("What is valid"),
                lazy_gettext(
                    "A questionnaire that was received and of which at least one scale can be "
                    "scored. “Late” was received after the period; “incomplete” was begun and "
                    "never sent; “missing” was never begun."
                ),
            ),
            (
                lazy_gettext("The people behind a number"),
                lazy_gettext(
                    "Every number leads to its list. The numbers are counted anew at each look, "
                    "none is kept from yesterday, and none is split by arm."
                ),
            ),
        ),
        (("clinic.completion", lazy_gettext("Response rate")),),
    ),
    "missing": Topic(
        lazy_gettext("Missing questionnaires"),
        (
            (
                lazy_gettext("Say why"),
                lazy_gettext(
                    "When a period closes without a questionnaire, say why in the codes of the "
                    "protocol, and who said it. It is quick, and it is what tells an honest gap "
                    "from a forgotten one."
                ),
            ),
            (
                lazy_gettext("Reopen"),
                lazy_gettext(
                    "Where the protocol allows it, a closed period can be opened again with a "
                    "reason. What comes then is marked late, and stays so."
                ),
            ),
        ),
    ),
    "enrolment": Topic(
        lazy_gettext("Enrol a patient"),
        (
            (
                lazy_gettext("In under a minute"),
                lazy_gettext(
                    "Inclusion number, day of consent, version of the notice, e-mail or "
                    "telephone. Then print the card and send the test message: “Received? Look "
                    "among the unwanted e-mails.”"
                ),
            ),
            (
                lazy_gettext("The card"),
                lazy_gettext(
                    "It lets the patient in without a name. A new card makes the earlier ones "
                    "worthless; a lost phone is shut out on the page “Lost phone”."
                ),
            ),
        ),
    ),
    "events": Topic(
        lazy_gettext("Events and their correction"),
        (
            (
                lazy_gettext("First the preview, then the saving"),
                lazy_gettext(
                    "Before an event is saved, the page shows what it changes: which "
                    "questionnaires move, which messages no longer go out. Nothing is saved until"
                    " you confirm."
                ),
            ),
            (
                lazy_gettext("A wrong day"),
                lazy_gettext(
                    "Open the event and correct it with a reason, or take it back. The earlier "
                    "entry stays in the audit trail; answers that were given come back to their "
                    "visit."
                ),
            ),
        ),
    ),
    "paper": Topic(
        lazy_gettext("Questionnaires on paper"),
        (
            (
                lazy_gettext("Print and hand out"),
                lazy_gettext("The sheet carries the patient, the visit and the version. It needs no name."),
            ),
            (
                lazy_gettext("Type it in"),
                lazy_gettext(
                    "One key a question, without the mouse: the digit that is ticked, or one of the "
                    "keys that the page lists: 0 for empty, 8 for not applicable, 9 for illegible, "
                    "/ for two boxes ticked, - (or r) for a refusal. It counts from the day on the sheet. "
                    "Where a second entry is asked for, another person makes it; differences are "
                    "decided one by one, with a reason."
                ),
            ),
        ),
    ),
}
