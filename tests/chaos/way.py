"""Finding one's way through the app on a bad network, and looking whether what the screen says is true."""

import asyncio
import re
from dataclasses import dataclass, field

import builders
from chaos.installation import Installation, Person
from chaos.network import Weather
from chaos.plans import Plan
from chaos.screens_seen import ANSWERABLE, Seen, Window
from chaos.stored import count_answered, has_answer
from chaos.taps import Memory, name_choice

TRIES = 12
HOPELESS_TRIES = 3
LONGEST_DRAIN_SECONDS = 90.0
LONGEST_STEP_SECONDS = 4.5
LONGEST_KEEPING_SECONDS = 20
LONGEST_HELD_SECONDS = 90.0
"""Longer than a client waits that has failed often."""

ASKS_FOR_PIN = "() => Boolean(document.querySelector('[data-shown=sign_in]'))"
KEPT = """async ([address, longest]) => {
  const until = performance.now() + longest * 1000;
  const find = () => caches.match(address, { ignoreVary: true });
  while (!(navigator.serviceWorker.controller && (await find())) && performance.now() < until)
    await new Promise((later) => setTimeout(later, 100));
}"""
TYPE_PIN = """(pin) => {
  const field = document.querySelector("input[name=pin]");
  field.value = pin;
  field.form.requestSubmit();
}"""
_COUNTED = re.compile(r"(\d+)\s+(?:answers?|réponses?) (?:received|reçue)")
_RECEIVED = re.compile(r"^(?:received|reçu)", re.IGNORECASE)
_HELD_BY_THE_PAGE = re.compile(r"keep this page open|gardez cette page ouverte")


@dataclass
class Way:
    """One person with a questionnaire in front of one or two windows; the first device is number 0."""

    plan: Plan
    person: Person
    installation: Installation
    windows: list[Window]
    weather: Weather
    patience_s: float = LONGEST_DRAIN_SECONDS
    memory: Memory = field(default_factory=Memory)

    @property
    def root(self) -> str:
        """The address of the questionnaire."""
        return f"/p/q/{self.person.assessment_id}"

    async def _come_back(self, device: int) -> Seen:
        """Look at the screen; where it shows nothing to go on with, open the questionnaire again."""
        seen = await self.windows[device].look()
        if seen.kind in ANSWERABLE | {"sent", "receipt"}:
            self._check_words(device, seen)
            return seen
        return await self._open(device, self.root)

    async def _open(self, device: int, path: str) -> Seen:
        """Go to an address as often as it takes, through the PIN where it is asked."""
        window = self.windows[device]
        path = path or (await window.look()).path or self.root
        if not path.startswith("/p/"):
            path = self.root
        for attempt in range(TRIES):
            seen = await window.open(path)
            self.memory.tell(device, f"opened {path}: {seen.kind} {seen.item}")
            if seen.kind == "pin":
                await self._type_pin(window)
                continue
            if path.startswith(self.root) and seen.kind in ANSWERABLE | {"sent", "receipt"}:
                return seen
            if path == "/p/home" and seen.kind == "home":
                return seen
            path = path if attempt < HOPELESS_TRIES else self.root
            if window.offline and attempt >= HOPELESS_TRIES:
                await window.set_offline(offline=False)
            await asyncio.sleep(0.05)
        return seen

    async def _wait_until_kept(self, device: int) -> None:
        """Wait a moment until the phone keeps the whole questionnaire."""
        await self.windows[device].run(
            KEPT, [f"{self.root}/whole", LONGEST_KEEPING_SECONDS], longest_s=LONGEST_KEEPING_SECONDS + 5
        )

    async def _type_pin(self, window: Window) -> None:
        if not window.is_open:
            return
        self.memory.sign_ins += 1
        await window.run(TYPE_PIN, builders.PIN)
        await self._wait_for_change(self.windows.index(window), ("/p/pin", "pin"), longest_s=3)

    async def _wait_for_change(
        self, device: int, before: tuple[str, str], *, longest_s: float = LONGEST_STEP_SECONDS
    ) -> Seen:
        """Wait until another screen is there, or a question about an empty item."""
        return await self.windows[device].look_until({"before": before}, longest_s)

    async def _wait_for_promise(self, device: int, seen: Seen, *, received: bool = False) -> None:
        """Wait until the screen says that the answer on it is kept, or even received."""
        window = self.windows[device]
        states = ["received"] if received else ["received", "kept", "unsent"]
        now = await window.look_until({"item": seen.item, "states": states}, 5 if received else 2)
        if now.item != seen.item or now.kind != "item":
            return
        # Words that begin with a number count the answers to other questions.
        about_this = now.words and not now.words[0].isdigit()
        if about_this and now.state in states and now.scripted and now.chosen:
            self.memory.tell(device, f"read {now.words!r}")
            if _HELD_BY_THE_PAGE.search(now.words):
                self.memory.warn(device, window.lives)
            else:
                self.memory.promise(device, window.lives, now.item)
            self._check_words(device, now)

    async def _keep_open_what_asks_for_it(self, device: int) -> None:
        """Leave a page that holds answers alone until it says that they were received, as it asks for.

        That is a promise once there is a network; nothing can be sent where the PIN is to be typed first.
        """
        window, life = self.windows[device], self.windows[device].lives
        held = [tap for tap in self.memory.list_of_life(device, life) if tap.warned and not tap.promised]
        if not held or not window.is_open:
            return
        before = await window.look()
        if before.kind != "item":
            return
        seen = await window.look_until({"item": before.item, "states": ["received"]}, LONGEST_HELD_SECONDS)
        self.memory.tell(device, f"kept open, {seen.kind} {seen.words!r}")
        if seen.kind == "receipt" or (seen.kind == "item" and seen.state == "received"):
            self.memory.promise(device, life, seen.item)
        elif seen.kind == "item" and not await window.run(ASKS_FOR_PIN):
            self.memory.lies.append(f"device {device} was kept open and did not send: {seen.words!r}")

    def _check_words(self, device: int, seen: Seen) -> None:
        """Compare what the screen calls received with what is stored at this moment."""
        counted = _COUNTED.search(seen.words)
        if seen.kind != "item" or seen.state != "received" or not seen.words:
            return
        self.memory.checked_promises += 1
        with self.installation.look() as store:
            if counted:
                there = count_answered(store, self.person.assessment_id)
                if there < int(counted[1]):
                    self.memory.lies.append(f"device {device} said {seen.words!r}, there were {there}")
            elif _RECEIVED.match(seen.words) and seen.chosen:
                said = name_choice(seen.item, seen.chosen)
                if not has_answer(store, self.person.assessment_id, said):
                    self.memory.lies.append(
                        f"device {device} said {seen.words!r} of {said}: it was not there ({seen.scripted=})"
                    )
