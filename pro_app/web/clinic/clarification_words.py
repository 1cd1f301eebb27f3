"""How the pages speak of corrections and of readings of answers, and how the list of tasks does."""

from datetime import date

from flask import url_for
from flask_babel import format_date, gettext, lazy_gettext, ngettext

from pro_app.reminders.task_outcomes import CLARIFICATION, READING
from pro_app.services.answer_sheets import STATE_WORDS, SheetItem, say_answer
from pro_app.services.clarifications.views import ClarificationLine
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.matter_words import MatterWords, describe_matter
from pro_app.web.clinic.words import MODES, known_word
from pro_app.web.problems import ISO_DATE

KIND_WORDS = {
    "answer": lazy_gettext("Answers"),
    "date": lazy_gettext("Day of the form"),
    "mode": lazy_gettext("How it was filled in"),
    "visit": lazy_gettext("Visit"),
    "participant": lazy_gettext("Patient"),
}
STATE_CHIPS = {
    "waiting": lazy_gettext("waiting for a decision"),
    "accepted": lazy_gettext("accepted"),
    "refused": lazy_gettext("turned down"),
    "withdrawn": lazy_gettext("taken back"),
}
EVIDENCE_WORDS = {
    "letter": lazy_gettext("Letter of the patient"),
    "email": lazy_gettext("E-mail of the patient"),
    "call_note": lazy_gettext("Dated note of a call"),
    "paper_form": lazy_gettext("Questionnaire on paper"),
    "said_at_visit": lazy_gettext("Said at a visit, noted and dated"),
    "other": lazy_gettext("Another document"),
}
FOLLOW_UP_WORDS = {
    "none_needed": lazy_gettext("Nothing was needed"),
    "called": lazy_gettext("The patient was called"),
    "seen": lazy_gettext("The patient was seen"),
    "referred": lazy_gettext("The patient was referred to somebody else"),
    "other": lazy_gettext("Something else"),
}


def what_words(line: ClarificationLine) -> str:
    """Say what a request is about, the questions by their numbers."""
    if not line.item_numbers:
        return known_word(KIND_WORDS, line.kind)
    numbers = ", ".join(str(number) for number in line.item_numbers)
    return str(
        ngettext(
            "Answer to question %(numbers)s",
            "Answers to questions %(numbers)s",
            len(line.item_numbers),
            numbers=numbers,
        )
    )


def answer_words(text: str) -> str:
    """Give what an item says; the words of a state in the language of the page."""
    return str(gettext(text)) if text in STATE_WORDS.values() else text


def version_words(item: SheetItem, position: int) -> str:
    """Say what one version of the answers says of an item."""
    version = item.versions[position]
    return answer_words(say_answer(item, version.state, version.value))


def fact_words(name: str, value: str) -> str:
    """Write a fact of a form: its day, or how it was filled in."""
    if name == "mode":
        return known_word(MODES, value)
    return str(format_date(date.fromisoformat(value), "d MMMM y")) if ISO_DATE.fullmatch(value) else value


describe_matter(
    CLARIFICATION,
    MatterWords(
        title=lazy_gettext("Correction asked for"),
        to_do=lazy_gettext("Look at the request and decide."),
        whys={"asked": lazy_gettext("A correction of “%(visit)s” was asked for.")},
        url=lambda task: url_for("clinic.clarification", clarification_id=int(task.about)),
    ),
)
describe_matter(
    READING,
    MatterWords(
        title=lazy_gettext("Answers that were read"),
        to_do=lazy_gettext("Say what was done about what you read."),
        whys={"read": lazy_gettext("The answers were opened; what was done is not recorded yet.")},
        url=lambda task: url_for("clinic.reading", reading_id=int(task.about)),
    ),
)


blueprint.add_app_template_global(what_words, "clarification_what")
blueprint.add_app_template_global(answer_words, "answer_words")
blueprint.add_app_template_global(version_words, "answer_version")
blueprint.add_app_template_global(fact_words, "clarification_fact")
