"""What a record says about answers kept beside a form: how many, since when and what to do; never which."""

from dataclasses import dataclass

from flask_babel import gettext, ngettext

from pro_app.services.timeline import ParticipantRecord, VisitLine
from pro_app.web.clinic.words import moment


@dataclass(frozen=True, slots=True)
class BesideNotice:
    """What the site should know about one form."""

    kind: str
    title: str
    sentences: tuple[str, ...]


def list_beside_notes(visit: VisitLine) -> list[str]:
    """Give the short notes for the line of a form."""
    notes = [gettext("answered in the period, received after it")] if visit.received_late else []
    if visit.beside.set_aside:
        count = visit.beside.set_aside
        notes.append(ngettext("%(num)s answer set aside", "%(num)s answers set aside", count))
    if visit.beside.answered_before:
        notes.append(gettext("answered on the phone and on paper"))
    if visit.beside.conflicts:
        notes.append(gettext("two devices or people"))
    return notes


def list_beside_notices(record: ParticipantRecord) -> list[BesideNotice]:
    """Give a notice for each form beside which something is kept."""
    zone = record.participant.zone
    return [
        BesideNotice(
            "attention" if visit.beside.set_aside else "info",
            visit.label,
            (*_say_set_aside(visit, zone), *_say_answered_before(visit), *_say_conflicts(visit)),
        )
        for visit in record.visits
        if visit.beside.set_aside or visit.beside.answered_before or visit.beside.conflicts
    ]


def _say_set_aside(visit: VisitLine, zone: str) -> tuple[str, ...]:
    beside = visit.beside
    if not beside.set_aside:
        return ()
    sentences = [
        ngettext(
            "%(num)s answer came too late for this questionnaire, on %(date)s.",
            "%(num)s answers came too late for this questionnaire, the last one on %(date)s.",
            beside.set_aside,
            date=moment(beside.last_received_at, zone),
        ),
        gettext("They are kept aside: they are not lost, and count neither as answers nor in the scores."),
    ]
    if beside.after_sending:
        sentences.append(
            gettext(
                "The questionnaire had been sent before and stays as it was sent. Ask the patient whether "
                "something in it has to be corrected: the investigator decides on a dated request."
            )
        )
    if beside.after_closing:
        sentences.append(
            gettext(
                "Some were given after the period. Call the patient: reopen the questionnaire where that is "
                "offered below, otherwise record the reason."
            )
        )
    return tuple(sentences)


def _say_answered_before(visit: VisitLine) -> tuple[str, ...]:
    if not visit.beside.answered_before:
        return ()
    return (
        ngettext(
            "%(num)s question stood answered on the phone when the sheet of paper was filed.",
            "%(num)s questions stood answered on the phone when the sheet of paper was filed.",
            visit.beside.answered_before,
        ),
        gettext(
            "What the patient said on the phone counts; what the sheet says is kept aside. If the patient "
            "wishes a correction, the investigator decides on a dated request."
        ),
    )


def _say_conflicts(visit: VisitLine) -> tuple[str, ...]:
    if not visit.beside.conflicts:
        return ()
    return (
        ngettext(
            "%(num)s question was answered differently on two devices, or by two people.",
            "%(num)s questions were answered differently on two devices, or by two people.",
            visit.beside.conflicts,
        ),
        gettext(
            "All of these answers are kept; the one given last counts. Ask the patient who answers, and on "
            "which device."
        ),
    )
