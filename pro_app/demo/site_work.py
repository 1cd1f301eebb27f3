"""What the newcomer's site has in hand once the past is filled: work that is begun, asked or awaited.

Virtual lives know calls and checks, nothing of paper, corrections or transfers. A little of each is done here
through the real services, so that no page is empty.
"""

from collections.abc import Callable
from datetime import datetime

from pro_app.demo import site_forms, site_requests
from pro_app.demo.site_desk import SiteDesk, look_around
from pro_app.errors import InputRejected, NotFound
from pro_app.simulation.world import World

STEPS: tuple[Callable[[SiteDesk], None], ...] = (
    site_forms.ask_by_telephone,
    site_forms.leave_second_entry_due,
    site_forms.leave_differences,
    site_forms.import_earlier_sheets,
    site_requests.ask_for_other_answer,
    site_requests.correct_mode,
    site_requests.ask_for_other_visit,
    site_requests.record_consents,
    site_requests.write_down_telephones,
    site_requests.ask_other_site,
    site_requests.be_asked_by_other_site,
    site_requests.follow_from_other_site,
)


def take_in_hand(world: World, *, now: datetime) -> None:
    """Do a little of everything that a site does; what does not fit how the lives went is left out."""
    desk = look_around(world, now=now)
    for step in STEPS:
        try:
            step(desk)
        except (InputRejected, NotFound, IndexError, StopIteration):
            continue
