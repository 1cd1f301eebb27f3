"""Every participant screen in every state: axe, sizes, colours, movement; and that no screen is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from accessibility import (
    MOVING,
    PATIENT_LOOKS,
    SIDEWAYS,
    SIDEWAYS_PHONE,
    SMALLEST,
    STICKING,
    list_pale_text,
    list_small_targets,
    list_violations,
    look_at,
)
from axe_playwright_python.base import AXE_SCRIPT
from journey_world import Installation
from participant_screens import Screen, ScreenWalk

from pro_app.app import create_app
from pro_app.web.participant.accessibility import AXE_VERSION

LARGEST_SHARE_OF_BARS = 0.3
NO_SCREENS = {
    "participant.service_worker",
    "participant.start_again",  # leads to where a forgotten PIN begins
    "participant.whole_agenda",
    "questionnaire.agenda",
    "questionnaire.resume",  # leads to one of its screens
    "questionnaire.show_whole",  # is kept by the phone, which shows its screens
    "questionnaire.tell_answers",
    "questionnaire.tell_owner",
    "participant.door",  # the sign-in, the PIN or home
    "questionnaire.show_offline",  # shown in place of another page
}


@dataclass
class Findings:
    """What is wrong on all screens, by what it was measured with; `paths` are their addresses."""

    names: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    axe: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    contrast: list[str] = field(default_factory=list)
    movement: list[str] = field(default_factory=list)
    landscape: list[str] = field(default_factory=list)

    def look(self, screen: Screen) -> None:
        """Measure one screen in all ways, and leave it as it was."""
        page, name = screen.page, screen.name
        self.names.append(name)
        self.paths.add(urlsplit(page.url).path)
        self.axe += [f"{name}, {found}" for found in list_violations(page, PATIENT_LOOKS)]
        look_at(page, SMALLEST)
        self.targets += [f"{name}, {found}" for found in list_small_targets(page)]
        self.movement += [f"{name}, {found}" for found in page.evaluate(MOVING)]
        if screen.asks:
            self.contrast += [f"{name}, {found}" for found in list_pale_text(page)]
        self.landscape += [f"{name}, {found}" for found in _list_lost_room(screen)]
        look_at(page, PATIENT_LOOKS[1])


@pytest.fixture(scope="module")
def findings(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Walk through all screens once and measure each."""
    found = Findings()
    for screen in ScreenWalk(installation, tmp_path_factory.mktemp("study"), {}).list_screens():
        found.look(screen)
    return found


def test_axe_finds_nothing_and_nothing_scrolls_sideways_on_any_screen(findings: Findings) -> None:
    assert findings.axe == []


def test_everything_to_tap_is_large_enough_on_the_smallest_phone(findings: Findings) -> None:
    assert findings.targets == []


def test_the_text_of_questionnaires_has_a_contrast_of_seven_in_every_colour(findings: Findings) -> None:
    assert findings.contrast == []


def test_nothing_moves_where_the_device_asks_for_no_movement(findings: Findings) -> None:
    assert findings.movement == []


def test_with_the_phone_held_sideways_the_bars_leave_room_for_the_page(findings: Findings) -> None:
    assert findings.landscape == []


def test_every_page_of_participants_is_among_the_screens(
    findings: Findings, installation: Installation
) -> None:
    app = create_app(installation.settings)
    places = app.url_map.bind("localhost")
    seen = {places.match(path)[0] for path in findings.paths if places.test(path)}
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.endpoint.startswith(("participant.", "questionnaire."))
    }
    assert pages - NO_SCREENS - seen == set()
    assert len(set(findings.names)) == len(findings.names)


def test_the_statement_names_the_axe_that_ran() -> None:
    assert f"axe v{AXE_VERSION}\n" in AXE_SCRIPT[:40]


def _list_lost_room(screen: Screen) -> Iterator[str]:
    """Say where bars that stay take too much of a phone held sideways, or the page is too wide for it."""
    look_at(screen.page, SIDEWAYS_PHONE)
    share = screen.page.evaluate(STICKING) / SIDEWAYS_PHONE.height
    if share > LARGEST_SHARE_OF_BARS:
        yield f"bars take {share:.0%} of the height"
    if scrolls := screen.page.evaluate(SIDEWAYS):
        yield f"scrolls sideways by {scrolls} pixels"
