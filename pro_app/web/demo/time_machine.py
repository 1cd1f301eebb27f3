"""The time machine of the demo: pages ask for a journey, the demo's own process makes it."""

from dataclasses import dataclass
from datetime import date
from typing import cast

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField
from wtforms.validators import InputRequired, ValidationError

from pro_app.clock import civil_date, system_clock
from pro_app.web import request as this
from pro_app.web.demo.state import (
    STEPS,
    Progress,
    Step,
    TimeSpan,
    Wish,
    find_wish,
    load_progress,
    load_time_span,
    save_wish,
)
from pro_app.web.locale import DEFAULT_ZONE

RENEWED_AFTER_S = 2
NOTES = {
    "end": lazy_gettext("The end of the trial is reached. From here time goes on by itself only."),
    "no_visit": lazy_gettext("No further questionnaire is to come for the demonstration's patient."),
    "failed": lazy_gettext(
        "Something went wrong on the way, and the journey ended before its day. What was done until then is "
        "kept. Ask for it again, or go back to the first day."
    ),
}
"""How a journey ended that did not just arrive."""


class TimeForm(FlaskForm):
    """Which day it shall be."""

    on = DateField(
        lazy_gettext("Day"),
        [InputRequired(lazy_gettext("Please give a date."))],
    )

    def validate_on(self, field: DateField) -> None:
        """Refuse a day on which the demonstration cannot be."""
        span = load_time_span(this.parts().settings.data_folder)
        if span is not None and field.data is not None and not span.first <= field.data <= span.last:
            first, last = format_date(span.first, "long"), format_date(span.last, "long")
            raise ValidationError(gettext("Choose a day from %(first)s to %(last)s.", first=first, last=last))


@dataclass(frozen=True, slots=True)
class DemoTime:
    """Where the demonstration stands: its day, the days it can be, and the journey that is under way."""

    today: date
    is_shifted: bool
    span: TimeSpan | None
    progress: Progress | None
    is_busy: bool


def find_simulated_day() -> str | None:
    """Find the day in words that the demo takes for today, None where that is today."""
    today = _today()
    is_today = today == civil_date(system_clock(), DEFAULT_ZONE)
    return None if is_today else format_date(today, "long")


def show_time_machine() -> ResponseReturnValue:
    """Show the day and the journeys that are offered."""
    return _render(TimeForm(formdata=None, on=_today()))


def ask_for_journey() -> ResponseReturnValue:
    """Note the journey that is asked for; one into the past is confirmed first."""
    folder, step = this.parts().settings.data_folder, request.form.get("step", "")
    form = TimeForm()
    if step == "date":
        if not form.validate_on_submit():
            return _render(form, status=400)
        if form.on.data < _today() and "confirmed" not in request.form:
            return _render(form, confirming=form.on.data)
    elif step not in STEPS:
        return _render(TimeForm(formdata=None, on=_today()), status=400)
    wish = Wish(cast("Step", step))
    if step == "date":
        wish = Wish("date", form.on.data.isoformat(), goes_back="confirmed" in request.form)
    if not save_wish(folder, wish):
        flash(
            gettext("Nothing was changed: time is still on its way. Wait until it has arrived."), "attention"
        )
    return redirect(url_for("demo.time_machine"))


def _render(form: TimeForm, *, confirming: date | None = None, status: int = 200) -> ResponseReturnValue:
    folder = this.parts().settings.data_folder
    progress = load_progress(folder)
    is_busy = find_wish(folder) is not None or progress is None or not progress.finished
    here = DemoTime(_today(), find_simulated_day() is not None, load_time_span(folder), progress, is_busy)
    response = make_response(
        render_template(
            "demo/time.html", here=here, form=form, confirming=confirming, note=_say_note(progress)
        ),
        status,
    )
    if is_busy:
        response.headers["Refresh"] = f"{RENEWED_AFTER_S}; url={url_for('demo.time_machine')}"
    return response


def _say_note(progress: Progress | None) -> str | None:
    return str(NOTES[progress.note]) if progress is not None and progress.note in NOTES else None


def _today() -> date:
    return civil_date(this.now(), DEFAULT_ZONE)
