"""The monthly report of a site: a list of months, a page to print, and its numbers as CSV."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale, gettext

from pro_app.clock import civil_date
from pro_app.compliance.tallies import FIGURES
from pro_app.compliance.trend import first_of_month
from pro_app.errors import NotFound
from pro_app.services.clinic_scope import load_scope
from pro_app.services.missing_data.site_report import (
    SiteReport,
    VisitTally,
    list_report_months,
    list_sites_of_month,
    load_site_report,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.csv_files import send_csv
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.participants import site_choices
from pro_app.web.clinic.task_words import kind_words, outcome_words
from pro_app.web.message_words import CHANNELS, MESSAGE_STATES
from pro_app.web.site_words import site_words

COLUMNS = ("site", "month", "section", "code", "label", "measure", "value")
"""Of the CSV file, which has a row for each number."""
NO_REASON = "NONE_GIVEN"
"""In place of the protocol's code, where a form is missing and nobody said why."""


@blueprint.get("/clinic/reports")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def reports() -> ResponseReturnValue:
    """List the reports: the months of one site, or the sites of one month where there are several."""
    site_id = request.args.get("site", type=int)
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    months = list_report_months(this.session(), scope, now=this.now())
    known = [month_on for month_on, _ in months]
    asked = request.args.get("month", type=_read_month)
    # The last month that is over says more than the one that has just begun.
    month_on = asked if asked in known else known[min(1, len(known) - 1)]
    one_site = len(scope.sites) == 1 or site_id is not None
    return render_template(
        "clinic/reports.html",
        months=months if one_site else (),
        sites=() if one_site else list_sites_of_month(this.session(), scope, month_on, now=this.now()),
        month_on=month_on,
        month_choices=[(f"{known_on:%Y-%m}", month_name(known_on)) for known_on in known],
        month_name=month_name,
        report_address=report_address,
        # A study that is being prepared has no site yet.
        own_site_id=site_id or next((site.site_id for site in scope.sites), None),
        site_id=site_id,
        site_choices=site_choices(scope),
    )


@blueprint.get("/clinic/reports/<int:site_id>/<month>")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def report(site_id: int, month: str) -> ResponseReturnValue:
    """Show the report of one site and one month, as a page to print."""
    loaded = _load(site_id, month)
    return render_template(
        "clinic/report.html",
        report=loaded,
        month_name=month_name,
        made_on=civil_date(loaded.made_at, loaded.zone),
        acts=_list_acts(loaded),
        messages=_list_messages(loaded),
    )


@blueprint.get("/clinic/reports/<int:site_id>/<month>.csv")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def report_csv(site_id: int, month: str) -> ResponseReturnValue:
    """Give every number of the report, one a row."""
    loaded = _load(site_id, month)
    of_whom = (loaded.site.site_code, f"{loaded.month_on:%Y-%m}")
    # As texts, so that counts stay whole numbers beside the rates.
    rows = [(*of_whom, *row, _write_value(value)) for *row, value in _list_numbers(loaded)]
    return send_csv(f"report-{of_whom[0]}-{of_whom[1]}", COLUMNS, rows)


def month_name(month_on: date) -> str:
    """Name a month in full: `mars 2026`."""
    return str(format_date(month_on, "MMMM y"))


def report_address(site_id: int, month_on: date, *, as_csv: bool = False) -> str:
    """Give the address of a report."""
    endpoint = "clinic.report_csv" if as_csv else "clinic.report"
    return url_for(endpoint, site_id=site_id, month=f"{month_on:%Y-%m}")


def _load(site_id: int, month: str) -> SiteReport:
    scope = load_scope(this.session(), actor=this.actor(), site_id=site_id)
    try:
        month_on = _read_month(month)
    except ValueError:
        raise NotFound("report") from None
    return load_site_report(this.session(), scope, month_on, language=str(get_locale()), now=this.now())


def _read_month(text: str) -> date:
    """Read `2026-03` as the first day of that month; raises ValueError for anything else."""
    month_on = date.fromisoformat(f"{text}-01")
    if f"{month_on:%Y-%m}" != text or month_on != first_of_month(month_on):
        raise ValueError(text)
    return month_on


def _list_acts(loaded: SiteReport) -> list[tuple[str, str, int]]:
    """List what the site did in words, the most frequent first."""
    acts = loaded.acts.most_common()
    return [(kind_words(kind), outcome_words(kind, outcome), number) for (kind, outcome), number in acts]


def _list_messages(loaded: SiteReport) -> list[tuple[str, str, int]]:
    """List the messages that ended in words, the most frequent first."""
    return [
        (str(CHANNELS.get(channel, channel)), str(MESSAGE_STATES.get(state, state)), number)
        for (channel, state), number in loaded.messages.most_common()
    ]


def _list_numbers(loaded: SiteReport) -> Iterator[tuple[Any, ...]]:
    """Give section, code, words, measure and value of every number."""
    yield "site", loaded.site.site_code, site_words(loaded.site), "fixed_denominator", loaded.people
    for row in loaded.in_month:
        yield from _list_figures("month", row)
    for row in loaded.so_far:
        yield from _list_figures("so_far", row)
        yield "so_far", row.visit_code, row.label, "available_data_rate", loaded.available_rate(row)
    for reason in loaded.reasons:
        code, words = reason.reason_code or NO_REASON, reason.reason or gettext("no reason given")
        yield "reasons", code, words, reason.said_by_code, reason.forms
    for (kind, outcome), number in loaded.acts.most_common():
        yield "acts", kind, kind_words(kind), outcome, number
    for (channel, state), number in loaded.messages.most_common():
        yield "messages", channel, str(CHANNELS.get(channel, channel)), state, number
    for code, label, number in loaded.opening:
        yield "opening", code, label, "expected", number


def _write_value(value: float | None) -> str | None:
    return None if value is None else str(value)


def _list_figures(section: str, row: VisitTally) -> Iterator[tuple[Any, ...]]:
    for figure in FIGURES:
        yield section, row.visit_code, row.label, figure, getattr(row.tally, figure)
    yield section, row.visit_code, row.label, "completion_rate", row.tally.completion_rate
