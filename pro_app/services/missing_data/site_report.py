"""The monthly report of a site: what came back, why the rest did not, what was done, what comes next."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add

from sqlalchemy.orm import Session

from pro_app.clock import civil_date
from pro_app.compliance.tallies import FormTally, find_rate
from pro_app.compliance.trend import first_of_month, next_month
from pro_app.errors import NotFound
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.windows import start_of_day
from pro_app.services.clinic_scope import ClinicScope, SiteChoice
from pro_app.services.completion import Only, count_standings, load_rules
from pro_app.services.completion.counting import make_standing_scope
from pro_app.services.studies import load_current_protocol
from pro_app.services.visit_words import label_visits
from pro_app.storage.queries.form_standings import count_denominators
from pro_app.storage.queries.outbox import count_ended_messages
from pro_app.storage.queries.participants import find_site
from pro_app.storage.queries.site_activity import (
    count_opening_forms,
    count_task_records,
)

Tallies = Mapping[tuple[str, str], FormTally]
"""By visit and month of closing."""
RATE_FIGURES = ("expected", "completed")
"""What a line of the list of reports shows; nothing else is counted for it."""


@dataclass(frozen=True, slots=True)
class VisitTally:
    """One visit with its words and the forms of it whose window has closed."""

    visit_code: str
    label: str
    tally: FormTally


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """So many forms are missing for one reason; None where nobody said why, or who said it is not known."""

    reason_code: str | None
    said_by_code: str | None
    reason: str | None
    said_by: str | None
    forms: int


@dataclass(frozen=True, slots=True)
class SiteReport:
    """One site and one month (its first day), from what is known at `made_at`; nobody is named in it.

    `in_month` are the forms whose window closed in the month, `so_far` those of all months up to it; `people`
    is the site's fixed denominator of today. `acts` counts what the site did by kind of task and outcome,
    `messages` those that ended by channel and state, `opening` the forms that open in the month after.
    `is_over` says whether all of the month has passed.
    """

    site: SiteChoice
    month_on: date
    made_at: datetime
    zone: str
    is_over: bool
    in_month: tuple[VisitTally, ...]
    so_far: tuple[VisitTally, ...]
    people: int
    denominator_event: str
    reasons: tuple[ReasonCount, ...]
    acts: Counter[tuple[str, str]]
    messages: Counter[tuple[str, str]]
    opening: tuple[tuple[str, str, int], ...]

    @property
    def month_total(self) -> FormTally:
        """All visits of the month added up."""
        return reduce(add, (row.tally for row in self.in_month), FormTally())

    @property
    def total(self) -> FormTally:
        """All visits up to the end of the month added up."""
        return reduce(add, (row.tally for row in self.so_far), FormTally())

    def available_rate(self, row: VisitTally) -> float | None:
        """Give valid ÷ everyone in the site's fixed denominator, 0–1; None if nobody is."""
        return find_rate(row.tally.available, self.people)


def load_site_report(
    session: Session, scope: ClinicScope, month_on: date, *, language: str, now: datetime
) -> SiteReport:
    """Load the report of the one site of a scope; raises NotFound for a month that has not begun there."""
    [site_id] = list(scope.site_ids or ())
    stored = find_site(session, site_id)
    if stored is None or civil_date(now, stored.zone) < month_on:
        raise NotFound("report")
    after_on, month = next_month(month_on), f"{month_on:%Y-%m}"
    span = {"from_at": start_of_day(month_on, stored.zone), "until_at": start_of_day(after_on, stored.zone)}
    protocol, rules = load_current_protocol(session, scope.study_id), load_rules(session, scope.study_id)
    tallies = count_standings(session, scope, by=("visit", "month"), only=Only(last_month=month), now=now)
    opening = count_opening_forms(
        session, site_id, from_on=after_on, until_on=next_month(after_on) - timedelta(days=1), rules=rules
    )
    words = dict(
        label_visits(session, scope.study_id, {code for code, _ in tallies} | set(opening), language=language)
    )
    return SiteReport(
        site=scope.site(site_id),
        month_on=month_on,
        made_at=now,
        zone=stored.zone,
        is_over=now >= span["until_at"],
        in_month=_add_up({key: tally for key, tally in tallies.items() if key[1] == month}, words),
        so_far=_add_up(tallies, words),
        people=sum(count_denominators(session, make_standing_scope(scope), rules=rules).values()),
        denominator_event=protocol.denominator_event,
        reasons=_count_reasons(session, scope, protocol, month=month, language=language, now=now),
        acts=count_task_records(session, site_id, **span),
        messages=count_ended_messages(session, site_id, **span),
        opening=tuple((code, words[code], opening[code]) for code in words if code in opening),
    )


def list_report_months(
    session: Session, scope: ClinicScope, *, now: datetime
) -> tuple[tuple[date, FormTally], ...]:
    """List the months of which there is a report, the newest first, with their closed forms (RATE_FIGURES).

    The present month is always among them, and none is left out between it and the first one.
    """
    tallies = count_standings(session, scope, by=("month",), figures=RATE_FIGURES, now=now)
    closed = {date.fromisoformat(f"{month}-01"): tally for (month,), tally in tallies.items()}
    present = first_of_month(civil_date(now, load_current_protocol(session, scope.study_id).default_zone))
    month_on, months = min([present, *closed]), []
    while month_on <= present:
        months.append((month_on, closed.get(month_on, FormTally())))
        month_on = next_month(month_on)
    return tuple(reversed(months))


def list_sites_of_month(
    session: Session, scope: ClinicScope, month_on: date, *, now: datetime
) -> tuple[tuple[SiteChoice, FormTally], ...]:
    """List every site of a scope with its forms whose window closed in a month (RATE_FIGURES)."""
    month = f"{month_on:%Y-%m}"
    only = Only(first_month=month, last_month=month)
    tallies = count_standings(session, scope, by=("site",), only=only, figures=RATE_FIGURES, now=now)
    return tuple((site, tallies.get((site.site_id,), FormTally())) for site in scope.sites)


def _add_up(tallies: Tallies, words: Mapping[str, str]) -> tuple[VisitTally, ...]:
    """Add the months of each visit up, in the order of `words`."""
    sums: dict[str, FormTally] = {}
    for (code, _), tally in tallies.items():
        sums[code] = sums.get(code, FormTally()) + tally
    shown = (code for code in words if code in sums and (sums[code].expected or sums[code].received))
    return tuple(VisitTally(code, words[code], sums[code]) for code in shown)


def _count_reasons(
    session: Session, scope: ClinicScope, protocol: Protocol, *, month: str, language: str, now: datetime
) -> tuple[ReasonCount, ...]:
    """Count why forms of the month are missing or incomplete, the most frequent reason first."""
    counted = count_standings(
        session,
        scope,
        by=("reason", "said_by"),
        only=Only(first_month=month, last_month=month),
        figures=("missed", "incomplete"),
        now=now,
    )
    speakers = {speaker.code: speaker.label.text(language) for speaker in protocol.said_by}
    rows = [
        ReasonCount(
            reason,
            said_by,
            protocol.reason_label(reason, language) if reason else None,
            speakers.get(said_by, said_by) if said_by else None,
            tally.missed + tally.incomplete,
        )
        for (reason, said_by), tally in counted.items()
        if tally.missed + tally.incomplete
    ]
    return tuple(sorted(rows, key=lambda row: (-row.forms, row.reason or "", row.said_by or "")))
