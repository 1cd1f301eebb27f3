"""What the pages of rates are narrowed to, as their addresses say it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import get_locale, gettext

from pro_app.services.clinic_scope import ClinicScope, load_scope
from pro_app.services.completion import Only, find_months, list_choices
from pro_app.web import request as this
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.words import MODES

_NAMES = ("site", "visit", "instrument", "mode", "period")
_OF_LISTS = ("reason", "said_by")
"""What only lists are narrowed to, from a cell of the table of reasons."""


@dataclass(frozen=True, slots=True)
class RateFilters:
    """The scope and what its forms are narrowed to; `chosen` is what the address says, by name."""

    scope: ClinicScope
    only: Only
    chosen: dict[str, str]
    _addresses: dict[str, str] = field(default_factory=dict)

    def link(self, endpoint: str, **changes: object) -> str:
        """Give the address of a page of rates narrowed alike, with some of the choices changed."""
        # A table of all sites has more than a thousand of them, and asking Flask for each takes long.
        if endpoint not in self._addresses:
            self._addresses[endpoint] = url_for(endpoint)
        known = {**self.chosen, **changes}
        said = urlencode({name: value for name, value in known.items() if value})
        return f"{self._addresses[endpoint]}?{said}" if said else self._addresses[endpoint]

    @property
    def is_narrowed(self) -> bool:
        """Say whether anything was chosen."""
        return bool(self.chosen)

    def list_selects(self, *, now: datetime) -> list[dict[str, Any]]:
        """Give the filters of the page: name, label, options, what is chosen; a site among several."""
        choices = list_choices(this.session(), self.scope, language=str(get_locale()), now=now)
        sites = site_choices(self.scope)
        questionnaires = [(code, code.upper()) for code in choices.instruments]
        modes = [(code, str(words)) for code, words in MODES.items()]
        periods = [(code, period_words(code)) for code in choices.periods]
        selects: list[tuple[str, str, list[tuple[str | int, str]]]] = [
            ("visit", gettext("Visit"), [("", gettext("All visits")), *choices.visits]),
            ("instrument", gettext("Questionnaire"), [("", gettext("All questionnaires")), *questionnaires]),
            ("mode", gettext("How it came"), [("", gettext("In whatever way")), *modes]),
            ("period", gettext("Period that ended in"), [("", gettext("All the time")), *periods]),
        ]
        if sites:
            selects.insert(0, ("site", gettext("Site"), sites))
        return [
            {"name": name, "label": label, "options": options, "chosen": self.chosen.get(name, "")}
            for name, label, options in selects
        ]


def read_filters(*, of_list: bool = False, only_these: tuple[str, ...] = _NAMES) -> RateFilters:
    """Read the choices of this page's address; an unknown one has no forms, a foreign site is NotFound."""
    names = (*only_these, *_OF_LISTS) if of_list else only_these
    chosen = {name: said for name in names if (said := request.args.get(name, "").strip())}
    months = find_months(chosen.get("period", ""))
    if months is None:
        chosen.pop("period", None)
    only = Only(
        visit_code=chosen.get("visit"),
        instrument_code=chosen.get("instrument"),
        mode=chosen.get("mode"),
        first_month=months[0] if months else None,
        last_month=months[1] if months else None,
        reason=chosen.get("reason"),
        said_by=chosen.get("said_by"),
    )
    site_id = request.args.get("site", type=int) if "site" in only_these else None
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    if site_id is None:
        chosen.pop("site", None)
    return RateFilters(scope, only, chosen)


def period_words(period: str) -> str:
    """Write a year, a quarter or a month as people say it."""
    year, _, part = period.partition("-")
    if part.startswith("Q"):
        return str(gettext("quarter %(number)s of %(year)s", number=part[1:], year=year))
    return f"{part}/{year}" if part else year
