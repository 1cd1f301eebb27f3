"""What is coming: whose questionnaire opens when, and how many will probably be missing in the end."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, get_locale, gettext

from pro_app.services.clinic_scope import load_scope
from pro_app.services.missing_data.coming import HORIZONS, Coming, What, load_coming
from pro_app.services.missing_data.outlook import load_outlook
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.words import day

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for: how many weeks, and one of them by its Monday, or None for all."""

    weeks: int
    begins_on: date | None
    what: What
    page: int


@blueprint.get("/clinic/coming")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def coming() -> ResponseReturnValue:
    """Show who is due when in the weeks ahead, and the forecast of what will be missing."""
    site_id, asked = request.args.get("site", type=int), _read_asked()
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    language, now = str(get_locale()), this.now()
    ahead = load_coming(this.session(), scope, weeks=asked.weeks, language=language, now=now)
    chosen = ahead.list_forms(asked.begins_on, asked.what)
    page_count = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(max(asked.page, 1), page_count)
    return render_template(
        "clinic/coming.html",
        ahead=ahead,
        asked=asked,
        forms=chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        form_count=len(chosen),
        page=page,
        page_count=page_count,
        list_title=_title(ahead, asked),
        outlook=load_outlook(this.session(), scope, language=language, now=now),
        horizons=[(weeks, gettext("%(number)s weeks", number=weeks)) for weeks in HORIZONS],
        decimal=_write_decimal,
        scope=scope,
        site_id=site_id,
        site_choices=site_choices(scope),
        address=coming_address,
    )


def coming_address(**changes: object) -> str:
    """Give the address of the page as it is shown, with some of its parameters changed or taken off."""
    known: dict[str, object] = {name: request.args.get(name) for name in ("site", "weeks", "week", "what")}
    wanted: dict[str, Any] = {name: value for name, value in (known | changes).items() if value}
    return url_for("clinic.coming", **wanted)


def _read_asked() -> _Asked:
    """Read the address; what it says that is not known counts as not said."""
    weeks = request.args.get("weeks", HORIZONS[0], type=int)
    return _Asked(
        weeks=weeks if weeks in HORIZONS else HORIZONS[0],
        begins_on=request.args.get("week", type=date.fromisoformat),
        what="closes" if request.args.get("what") == "closes" else "opens",
        page=request.args.get("page", 1, type=int),
    )


def _title(ahead: Coming, asked: _Asked) -> str:
    """Say which questionnaires the list holds."""
    if asked.begins_on is None:
        return str(gettext("Open now, and to come in %(number)s weeks", number=len(ahead.weeks)))
    if asked.what == "closes":
        return str(gettext("Periods that end in the week of %(date)s", date=day(asked.begins_on)))
    return str(gettext("Periods that begin in the week of %(date)s", date=day(asked.begins_on)))


def _write_decimal(value: float) -> str:
    """Write a mean number of forms with one decimal."""
    return str(format_decimal(value, "#,##0.0"))
