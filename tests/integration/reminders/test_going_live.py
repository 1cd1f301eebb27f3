"""Before a site works with the app nobody there is written to, called or asked for a reason."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from clinic_world import noon
from reminders_world import Post, list_rows

from pro_app.errors import InputRejected
from pro_app.services.production.gate import check_gate
from pro_app.services.reminder_requests import Reach, ask_reminder_tomorrow
from pro_app.services.site_tasks import list_tasks_of_sites
from pro_app.services.sites import SiteDetails, save_site
from pro_app.storage.queries.outbox import list_overdue
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

# Week 8 is open from 2 to 16 March 2026; the person's own hour is ten in Paris.
OPENS, LIVE, CLOSED = date(2026, 3, 2), date(2026, 3, 10), date(2026, 3, 17)
FACTS = ("study_id", "site_code", "name", "city", "zone", "telephone", "sender_label")


def go_live(post: Post, on: date | None, *, at: date = date(2026, 2, 1)) -> None:
    with post.clinic.writing() as session:
        site = session.get_one(Site, post.clinic.site_id)
        details = SiteDetails(
            site_id=site.id, goes_live_on=on, **{name: getattr(site, name) for name in FACTS}
        )
        save_site(session, details, actor=post.clinic.coordinator, now=noon(at))


def live_through(post: Post, first: date, last: date) -> list[date]:
    """Let the worker look every hour; gives the days on which something arrived."""
    days, at = [], datetime.combine(first, time(), UTC)
    while at.date() <= last:
        before = len(post.server.accepted)
        post.dispatch(at)
        days += [at.date()] * (len(post.server.accepted) - before)
        at += timedelta(hours=1)
    return days


def kinds(post: Post, on: date) -> set[str]:
    with post.clinic.database.reading() as session:
        lines = list_tasks_of_sites(
            session, site_ids=None, actor=post.clinic.nurse, language="en", now=noon(on)
        )
    return {line.task.kind for line in lines}


def test_nothing_goes_out_before_the_day_and_then_one_message_about_what_is_open(post: Post) -> None:
    go_live(post, LIVE)
    assert live_through(post, OPENS, LIVE - timedelta(days=1)) == []
    with post.clinic.database.reading() as session:
        assert list_overdue(session, now=noon(LIVE - timedelta(days=1)), grace=timedelta(0)) == []
    assert live_through(post, LIVE, LIVE) == [LIVE]


def test_about_a_window_that_closed_before_the_day_nothing_ever_goes_out(post: Post) -> None:
    go_live(post, CLOSED)
    assert live_through(post, OPENS, date(2026, 3, 25)) == []
    rows = list_rows(post.clinic.database, visit="W08")
    assert {row.state for row in rows} == {"cancelled"}
    # The one about a form that was begun would not have gone anyway.
    assert {row.outcome_reason for row in rows} == {"window_closed", "not_started"}


def test_a_day_that_is_brought_forward_counts_at_once(post: Post) -> None:
    go_live(post, CLOSED)
    assert live_through(post, OPENS, date(2026, 3, 3)) == []
    go_live(post, date(2026, 3, 4), at=date(2026, 3, 3))
    assert live_through(post, date(2026, 3, 4), date(2026, 3, 4)) == [date(2026, 3, 4)]


def test_a_day_that_is_put_off_counts_too(post: Post) -> None:
    go_live(post, OPENS)
    go_live(post, LIVE)
    assert live_through(post, OPENS, LIVE)[:1] == [LIVE]


def test_nobody_is_called_before_nor_asked_about_what_closed_before(post: Post) -> None:
    go_live(post, date(2026, 3, 14))
    assert "call" not in kinds(post, date(2026, 3, 13))
    assert "call" in kinds(post, date(2026, 3, 14))
    assert "missing_reason" in kinds(post, CLOSED)
    go_live(post, CLOSED, at=CLOSED)
    assert "missing_reason" not in kinds(post, CLOSED)


def test_a_site_without_a_day_is_live(post: Post) -> None:
    go_live(post, None)
    assert live_through(post, OPENS, OPENS) == [OPENS]


def test_who_asks_for_a_reminder_is_told_that_the_centre_sends_none_yet(post: Post) -> None:
    go_live(post, LIVE)
    key = post.clinic.assessments(post.participant_id)["W08"].assessment_id
    actor = post.clinic.person(post.participant_id)
    reach = Reach(post.clinic.vault, frozenset({"email"}))
    with pytest.raises(InputRejected) as refused, post.clinic.writing() as session:
        ask_reminder_tomorrow(session, key, reach=reach, actor=actor, now=noon(date(2026, 3, 3)))
    assert refused.value.problems[0].message == "Your centre does not send messages yet."


def test_going_to_production_names_the_sites_without_a_day(post: Post) -> None:
    go_live(post, LIVE)
    with post.clinic.database.reading() as session:
        study = session.get_one(Study, post.clinic.study_id)
        remarks = check_gate(session, study, today=LIVE).remarks
    assert [remark.values for remark in remarks if remark.place == "sites"] == [{"sites": "16"}]
