"""The call sheet: whom to call today, on paper, with the numbers only if somebody asks for them."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.reminders.task_outcomes import CALL
from pro_app.services.participants import load_participant
from pro_app.services.read_log import note_read
from pro_app.services.site_tasks import SiteTaskLine, list_tasks_of_sites
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.task_count import remember_task_count


@blueprint.get("/clinic/tasks/call-sheet")
@access.staff("nurse", "investigator")
def call_sheet() -> ResponseReturnValue:
    """Show the calls of the day as a page to print, without telephone numbers."""
    return render_template("clinic/call_sheet.html", lines=_list_calls(), numbers=None)


@blueprint.get("/clinic/tasks/call-sheet/numbers")
@access.staff("nurse", "investigator")
def call_sheet_with_numbers() -> ResponseReturnValue:
    """Show the same page with the numbers; the look at each of them is written into the read log."""
    lines = _list_calls()
    people = _list_people(lines)
    _log_looks(people)
    numbers = {participant_id: _read_number(participant_id) for participant_id in people}
    return render_template("clinic/call_sheet.html", lines=lines, numbers=numbers)


def _list_calls() -> list[SiteTaskLine]:
    lines = list_tasks_of_sites(
        this.session(), site_ids=None, actor=this.actor(), language=str(get_locale()), now=this.now()
    )
    remember_task_count(len(lines))
    return [line for line in lines if line.task.kind == CALL]


def _list_people(lines: list[SiteTaskLine]) -> list[int]:
    """List whom the calls are about, each once."""
    return list(dict.fromkeys(line.task.participant_id for line in lines))


def _log_looks(people: list[int]) -> None:
    """Log a look at each number in one transaction, which is over before the first number is read."""
    with this.parts().database.writing() as session:
        for participant_id in people:
            note_read(
                session, participant_id=participant_id, what="telephone", actor=this.actor(), now=this.now()
            )


def _read_number(participant_id: int) -> str | None:
    """Read one number, whose look is logged."""
    participant = load_participant(this.session(), participant_id, actor=this.actor())
    return this.parts().vault.find(participant.contact_ref).telephone
