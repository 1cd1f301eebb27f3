from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pro_app.audit.verification import verify_audit_trail
from pro_app.demo.people import NURSE
from pro_app.demo.run import DemoPlace, prepare
from pro_app.reminders.dispatch import PostOffice, open_post_office
from pro_app.simulation.history import History, make_sender
from pro_app.simulation.people import Recruitment, plan_virtual_people
from pro_app.simulation.world import load_world
from pro_app.storage.queries.assessments import list_assessments
from pro_app.storage.tables.outbox import OutboxMessage

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PEOPLE = 4
"""Every fifth of twenty, so that some began years ago and some lately."""


class Interrupted(Exception):
    """Stands for the process that ends in the middle."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    place = DemoPlace(tmp_path / "demo", port=8123)
    prepare(place)
    opened = open_post_office(place.settings)
    yield opened
    opened.close()


def run_history(
    office: PostOffice, *, stop_after: int | None = None, resumed_from: datetime | None = None
) -> datetime:
    """Live through the years, or up to an interruption; gives the moment that was reached."""
    history = History(load_world(office, nurse=NURSE), send=make_sender(office), resumed_from=resumed_from)
    protocol = history.world.protocol
    recruitment = Recruitment(
        count=20,
        site_codes=("01", "02"),
        from_on=protocol.trial.began_on,
        spread=timedelta(days=1095),
        today=NOW.date(),
    )
    for person in plan_virtual_people(protocol, recruitment, seed=1)[::5]:
        history.add_person(person)
    reached = NOW

    def report(at: datetime) -> None:
        nonlocal reached
        reached = at
        if stop_after is not None and history.done >= stop_after:
            raise Interrupted

    try:
        history.run(NOW, report)
    except Interrupted:
        return reached
    return NOW


def what_happened(office: PostOffice) -> dict[str, object]:
    with office.database.reading() as session:
        records = list_assessments(session)
        sent = session.scalar(select(func.count()).where(OutboxMessage.state == "sent"))
        entries, faults = verify_audit_trail(session)
    visits = {
        (r.participant_code, r.visit_code, r.ordinal): (r.opens_on, r.closes_on, r.submitted_at, r.respondent)
        for r in records
    }
    return {"visits": visits, "sent": sent, "entries": entries, "faults": faults}


def test_virtual_lives_pass_through_the_services_and_leave_an_intact_trail(office: PostOffice) -> None:
    run_history(office)

    happened = what_happened(office)
    visits = happened["visits"]
    assert isinstance(visits, dict)
    assert happened["faults"] == []
    assert len({code for code, _, _ in visits}) == PEOPLE + 2  # the two people whom a newcomer is given
    assert sum(submitted is not None for _, _, submitted, _ in visits.values()) >= PEOPLE
    assert happened["sent"]


@pytest.mark.parametrize("knows_how_far", [True, False])
def test_an_interrupted_history_goes_on_where_it_stopped(
    office: PostOffice, tmp_path: Path, *, knows_how_far: bool
) -> None:
    reached = run_history(office, stop_after=25)
    halfway = what_happened(office)
    run_history(office, resumed_from=reached if knows_how_far else None)
    resumed = what_happened(office)

    place = DemoPlace(tmp_path / "other", port=8123)
    prepare(place)
    other = open_post_office(place.settings)
    run_history(other)
    in_one_go = what_happened(other)
    other.close()

    assert halfway["visits"] != resumed["visits"]
    assert resumed["faults"] == []
    assert _without_tried(resumed["visits"]) == _without_tried(in_one_go["visits"])


def _without_tried(visits: object) -> dict[object, object]:
    """Leave out the two people to try, who are enrolled at the real time."""
    assert isinstance(visits, dict)
    return {key: value for key, value in visits.items() if not key[0].startswith("15-9")}
