"""The form of a task; what it must fulfil is checked by the service, which names the fields."""

from flask_babel import get_locale, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from pro_app.protocol.protocol import Protocol
from pro_app.reminders.task_outcomes import list_outcomes
from pro_app.services.site_tasks import SiteTaskLine
from pro_app.services.task_records import LONGEST_NOTE, TaskSaid
from pro_app.web.clinic.task_words import choice_words

NOTHING_CHOSEN = SelectChoice("", "–")


class TaskForm(FlaskForm):
    """What the site did about a task; `task_key` names it."""

    task_key = HiddenField(validators=[InputRequired()])
    outcome = RadioField(
        lazy_gettext("What was done"), validators=[InputRequired(lazy_gettext("Please choose."))]
    )
    again_on = DateField(
        lazy_gettext("Try again on"),
        description=lazy_gettext("Only if nobody was reached. Left empty: tomorrow."),
        validators=[Optional()],
    )
    # A click on the list says an outcome and nothing else; which choices count is the service's to check.
    reason = SelectField(
        lazy_gettext("Reason"),
        description=lazy_gettext("Only if there will be no answer this time."),
        validate_choice=False,
    )
    said_by = SelectField(
        lazy_gettext("Who said it"),
        description=lazy_gettext("Only with a reason."),
        validate_choice=False,
    )
    note = TextAreaField(
        lazy_gettext("Note"),
        description=lazy_gettext("For your colleagues. No name, no diagnosis."),
        validators=[Optional(), Length(max=LONGEST_NOTE)],
    )

    def offer(self, line: SiteTaskLine | None, protocol: Protocol) -> None:
        """Make what may be recorded about a task the choices; fields that it does not need go.

        Of a task that is gone the form says the kind, so that a form sent twice reads the same both times.
        """
        kind = line.task.kind if line is not None else (self.task_key.data or "").partition(":")[0]
        outcomes = list_outcomes(kind)
        self.outcome.choices = [
            SelectChoice(outcome.code, choice_words(line, outcome, today=line.today))
            for outcome in outcomes
            if line is not None and not outcome.is_begun
        ]
        if not any(outcome.day_is_chosen for outcome in outcomes):
            del self.again_on
        if not any(outcome.needs_reason for outcome in outcomes):
            del self.reason, self.said_by
            return
        language = str(get_locale())
        reasons = [reason for reason in protocol.missing_reasons if not reason.automatic]
        self.reason.choices = [
            NOTHING_CHOSEN,
            *(SelectChoice(reason.code, reason.label.text(language)) for reason in reasons),
        ]
        self.said_by.choices = [
            NOTHING_CHOSEN,
            *(SelectChoice(person.code, person.label.text(language)) for person in protocol.said_by),
        ]

    def read(self) -> TaskSaid:
        """Give what was said."""
        return TaskSaid(
            outcome=self.outcome.data or "",
            note=self.note.data or "",
            again_on=self.again_on.data if self.again_on is not None else None,
            reason=self.reason.data if self.reason is not None else None,
            said_by=self.said_by.data if self.said_by is not None else None,
        )
