"""The desk of the newcomer's site as the years have left it: its people, and what became of its forms."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.clock import civil_date
from pro_app.demo.people import HOME_SITE, INVESTIGATOR
from pro_app.protocol.state import AssessmentState
from pro_app.simulation.world import World
from pro_app.storage.queries.assessments import AssessmentRecord, list_assessments
from pro_app.storage.tables.accounts import Account

NEWCOMERS = f"{HOME_SITE}-9"
"""How the codes of the people begin whom a newcomer is given: their work is the newcomer's."""


@dataclass(frozen=True)
class SiteDesk:
    """Who works at the site, its forms by what became of them, the newest first, and the moment."""

    world: World
    nurse: Actor
    investigator: Actor
    missed: tuple[AssessmentRecord, ...]
    sent: tuple[AssessmentRecord, ...]
    now: datetime

    @property
    def today(self) -> date:
        """Give the civil day of the trial."""
        return civil_date(self.now, self.world.protocol.default_zone)


def look_around(world: World, *, now: datetime) -> SiteDesk:
    """Read how things stand at the site."""
    nurse = world.nurses[HOME_SITE]
    with world.database.reading() as session:
        forms = list_assessments(session, site_ids=[world.site_ids[HOME_SITE]])
        other = session.scalars(select(Account.id).where(Account.username == INVESTIGATOR)).one()
    known = [form for form in forms if not form.participant_code.startswith(NEWCOMERS)]
    missed = [
        form for form in known if form.state(now) is AssessmentState.MISSED and not form.not_done_reason
    ]
    sent = [form for form in known if form.submitted_at is not None]
    return SiteDesk(
        world=world,
        nurse=nurse,
        investigator=replace(nurse, role="investigator", account_id=other),
        missed=tuple(sorted(missed, key=lambda form: form.closes_on or form.opens_on, reverse=True)),
        sent=tuple(sorted(sent, key=lambda form: form.submitted_at or now, reverse=True)),
        now=now,
    )
