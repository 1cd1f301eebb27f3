"""What the patient did, as the patient knows it: every tap, and what the screen promised about it."""

import time
from dataclasses import dataclass, field

NOT_APPLICABLE = "N"
States = tuple[str, str, int | None]
"""An item as `<instrument>:<number>`, the state of its answer, and the value of an answered one."""


@dataclass
class Tap:
    """One tap that says something about an item; `at` is the true time in seconds, by one clock for all.

    `life` counts the lives of the device's page: one that dies may take with it what it has not promised yet.

    `operation_id` is what the page's script called it; None where the page ran without its script.
    `promised`: the screen called it kept or received, or went on to the next question. `warned`: the screen
    said that the page holds it alone, and is to be kept open.
    """

    device: int
    life: int
    said: States
    operation_id: str | None
    at: float = field(default_factory=time.monotonic)
    promised: bool = False
    warned: bool = False

    @property
    def item(self) -> str:
        """The item that it is about."""
        return self.said[0]

    @property
    def state(self) -> str:
        """What was said about it: `answered`, `not_applicable`, `declined` or `left_blank`."""
        return self.said[1]


def name_choice(item: str, value: str) -> States:
    """Say what an option of an item means."""
    if value == NOT_APPLICABLE:
        return item, "not_applicable", None
    return item, "answered", int(value)


@dataclass
class Memory:
    """All that one patient did in one session, and what was seen that was not true."""

    taps: list[Tap] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    sending: bool = False
    sent: bool = False
    sent_plainly: bool = False
    receipts: set[str] = field(default_factory=set)
    tab_kills: int = 0
    skews: int = 0
    sign_ins: int = 0
    checked_promises: int = 0
    warnings: int = 0
    story: list[str] = field(default_factory=list)
    began_at: float = field(default_factory=time.monotonic)

    def tell(self, device: int, words: str) -> None:
        """Note what happened, for whoever runs this session again."""
        self.story.append(f"{time.monotonic() - self.began_at:7.2f} s  device {device}: {words}")

    def promise(self, device: int, life: int, item: str) -> None:
        """Note that the screen of a device promised what was tapped on it in this life of its page.

        Without its script the page speaks of the last tap alone, and of that on its own screen.
        """
        own = self.list_of_life(device, life)
        for tap in own:
            if tap.operation_id or (tap is own[-1] and tap.item == item):
                tap.promised = True

    def warn(self, device: int, life: int) -> None:
        """Note that the screen asked to keep the page open; what it has promised before is promised still."""
        self.warnings += 1
        for tap in self.list_of_life(device, life):
            tap.warned = not tap.promised

    def list_of_life(self, device: int, life: int) -> list[Tap]:
        """List the taps on a device in one life of its page."""
        return [tap for tap in self.taps if (tap.device, tap.life) == (device, life)]
