"""A virtual patient, who follows a plan and remembers what was tapped and what the screen said about it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from chaos.plans import Action
from chaos.screens_seen import ANSWERABLE, Seen, Window
from chaos.taps import Tap, name_choice
from chaos.way import LONGEST_STEP_SECONDS, TRIES, Way

NEXT = "[name=go][value=next]"
PREVIOUS = "[name=go][value=previous]"
DECLINE = "#asking [value=decline]"
LONGEST_RECEIPT_SECONDS = 20
CLOCKS = (0, -86_400, -300, 300, 86_400, 7 * 86_400)
WHY_WAITING = """() => JSON.stringify({
  scripted: Boolean(document.getElementById("notices")),
  notices: [...document.querySelectorAll("[data-shown]")].map((notice) => notice.dataset.shown),
  requests: performance.getEntriesByType("resource")
    .filter(({ name }) => /\\.js|\\/p\\//.test(name))
    .map(({ name, responseStatus, duration }) => [name.replace(/.*\\//, ""), responseStatus, duration | 0]),
})"""
"""What a page says and asked for that has not sent everything."""

SEND = """() => {
  document.querySelector("form#send input[name=respondent]").click();
  document.querySelector("[name=go][form=send]").click();
}"""


@dataclass
class Patient(Way):
    """One patient in one session, on one or two windows; the first device is number 0."""

    async def live(self) -> None:
        """Follow the plan, send the form if that is planned, and at last let everything arrive."""
        self.weather.bad = not self.plan.late_weather
        await self._open(0, "/p/home" if self.plan.from_home else self.root)
        if self.plan.from_home:
            await self._open(0, self.root)
        if self.plan.late_weather:
            for device in range(len(self.person.phones)):
                await self._open(device, self.root)
                await self._wait_until_kept(device)
        self.weather.bad = True
        for action in self.plan.actions:
            if len(self.windows) <= action.device:
                continue
            await self._act(action)
            await asyncio.sleep(0.02 + 0.1 * action.dice)
        if self.plan.submits:
            await self._send()
        await self._arrive()

    # What can be done

    async def _act(self, action: Action) -> None:
        device, seen = action.device, await self._come_back(action.device)
        if seen.kind in {"sent", "receipt"} or (
            seen.kind not in ANSWERABLE and not self.windows[device].offline
        ):
            return
        random = Random(action.dice)  # noqa: S311 -- no secret
        self.memory.tell(device, f"{action.kind}, on {seen.kind} {seen.path} {seen.item}")
        acts: dict[str, Callable[[int, Seen, Random], Awaitable[None]]] = {
            "answer": self._answer,
            "change": self._change,
            "decline": self._decline,
            "blank": self._leave_blank,
            "kept_crash": self._answer_and_crash_once_kept,
            "crash": self._answer_and_crash,
        }
        if action.kind in acts:
            seen = await self._find_item(device, seen)
            if seen.kind == "item":
                await acts[action.kind](device, seen, random)
        else:
            await self._interrupt(action.kind, device, random)

    async def _answer(self, device: int, seen: Seen, random: Random) -> None:
        await self._tap(device, seen, random)
        if random.random() < 0.25:
            await self._wait_for_promise(device, seen)
        if random.random() < 0.75:
            await self._step(device, NEXT)

    async def _change(self, device: int, _seen: Seen, random: Random) -> None:
        for _ in range(random.randint(2, 3)):
            await self._tap(device, await self.windows[device].look(), random)
            await asyncio.sleep(random.uniform(0, 0.08))

    async def _answer_and_crash(self, device: int, seen: Seen, random: Random) -> None:
        await self._tap(device, seen, random)
        await asyncio.sleep(random.uniform(0, 0.06))
        await self._kill_tab(device, crash=True)

    async def _answer_and_crash_once_kept(self, device: int, seen: Seen, random: Random) -> None:
        await self._tap(device, seen, random)
        await self._wait_for_promise(device, seen)
        await self._kill_tab(device, crash=random.random() < 0.7)

    async def _decline(self, device: int, seen: Seen, _random: Random) -> None:
        await self._say_nothing(device, seen, button=DECLINE, state="declined")

    async def _leave_blank(self, device: int, seen: Seen, _random: Random) -> None:
        await self._say_nothing(device, seen, button=NEXT, state="left_blank")

    async def _say_nothing(self, device: int, seen: Seen, *, button: str, state: str) -> None:
        """Go on without an answer, and say so when asked; nothing happens where an answer stands."""
        window = self.windows[device]
        if seen.chosen:
            return
        if not seen.asking:
            await self._step(device, NEXT)
            seen_now = await window.look()
            if not (seen_now.asking and seen_now.item == seen.item):
                return
        tap = Tap(device, window.lives, (seen.item, state, None), None)
        await window.press(button)
        self.memory.taps.append(tap)
        after = await window.look_until({"left": seen.path}, LONGEST_STEP_SECONDS)
        tap.operation_id = next(iter(await window.list_names()), None)
        if not tap.operation_id and after.kind in ANSWERABLE:
            await asyncio.sleep(0.1)
            tap.operation_id = next(iter(await window.list_names()), None)
        if tap.operation_id and after.kind in ANSWERABLE and after.path != seen.path:
            self.memory.promise(device, window.lives, seen.item)

    async def _tap(self, device: int, seen: Seen, random: Random) -> None:
        options = [value for value in seen.options if value != seen.chosen]
        if seen.kind != "item" or not options:
            return
        value = random.choice(options)
        names = await self.windows[device].choose(value)
        if names is None:
            return
        tap = Tap(
            device, self.windows[device].lives, name_choice(seen.item, value), names[0] if names else None
        )
        self.memory.taps.append(tap)
        self.memory.tell(device, f"tapped {tap.said}, called {tap.operation_id}")
        self._check_words(device, await self.windows[device].look())

    async def _interrupt(self, kind: str, device: int, random: Random) -> None:
        window = self.windows[device]
        if kind in {"next", "previous"}:
            await self._step(device, NEXT if kind == "next" else PREVIOUS)
        elif kind == "wait":
            seen = await window.look()
            await self._wait_for_promise(device, seen, received=True)
        elif kind == "close":
            await self._kill_tab(device, crash=False)
        elif kind in {"jump", "reload"}:
            await self._open(device, f"{self.root}/{random.randint(1, 55)}" if kind == "jump" else "")
        elif kind in {"offline", "online"}:
            await window.set_offline(offline=kind == "offline")
        elif kind == "skew":
            self.memory.skews += 1
            await window.set_clock(random.choice(CLOCKS))
        elif kind == "expire":
            await asyncio.to_thread(self.installation.expire_sessions, self.person.participant_id)

    # Finding the way

    async def _find_item(self, device: int, seen: Seen) -> Seen:
        """Go past what is no question."""
        for _ in range(3):
            if seen.kind == "instruction" and seen.scripted:
                await self.windows[device].press(".action-bar a")
            elif seen.kind == "instruction":
                seen = await self._open(device, f"{self.root}/{_read_number(seen.path) + 1}")
                continue
            elif seen.kind in {"review", "send"}:
                seen = await self._open(device, f"{self.root}/{2 + len(self.memory.taps) % 2}")
                continue
            else:
                return seen
            seen = await self._wait_for_change(device, (seen.path, seen.kind))
            if seen.kind not in ANSWERABLE:
                seen = await self._come_back(device)
        return seen

    async def _step(self, device: int, button: str) -> None:
        """Go on or back; a new screen promises what was tapped before."""
        before = await self.windows[device].look()
        if before.kind != "item":
            return
        if before.asking and button == NEXT:  # whoever goes on after being asked leaves the question blank
            await self._say_nothing(device, before, button=NEXT, state="left_blank")
            return
        await self.windows[device].press(button)
        after = await self._wait_for_change(device, (before.path, before.kind))
        moved = after.kind in ANSWERABLE and (after.path, after.kind) != (before.path, before.kind)
        if moved:
            self.memory.promise(device, self.windows[device].lives, before.item)
            self._check_words(device, after)

    async def _kill_tab(self, device: int, *, crash: bool) -> None:
        self.memory.tab_kills += 1
        await self.windows[device].kill(crash=crash)

    # The end

    async def _send(self) -> None:
        """Say who answered and send the form, through whatever weather."""
        self.memory.tell(0, "sending the form")
        window = self.windows[0]
        for _ in range(TRIES):
            seen = await window.look()
            if seen.kind in {"sent", "receipt"}:
                self.memory.sent = True
                return
            if seen.kind != "send":
                seen = await self._open(0, f"{self.root}/send")
            if seen.kind != "send":
                self.memory.sent |= self.memory.sending and seen.kind in {"sent", "receipt"}
                continue
            self.memory.sending = True
            self.memory.sent_plainly |= not seen.scripted
            await window.run(SEND)
            seen = await self._wait_for_change(0, (seen.path, seen.kind))

    async def _arrive(self) -> None:
        """Give the network back and open the app on each device until nothing waits on it."""
        self.weather.bad = False
        self.memory.tell(0, "the network is back")
        loop = asyncio.get_running_loop()
        for device, window in enumerate(self.windows):
            await window.set_offline(offline=False)
            await self._keep_open_what_asks_for_it(device)
            until = loop.time() + self.patience_s
            while loop.time() < until:
                await self._open(device, "/p/home")
                if await self._is_drained(window):
                    break
                self.memory.tell(device, f"still waiting: {await window.run(WHY_WAITING)}")
            if self.memory.sending:
                await self._open(device, self.root)
                self.memory.receipts |= {await self._wait_for_receipt(window)} - {""}

    async def _wait_for_receipt(self, window: Window) -> str:
        """Wait until the page, which may be one that was kept, has learnt that the form was received."""
        return (await window.look_until({"receipt": True}, LONGEST_RECEIPT_SECONDS)).receipt

    async def _is_drained(self, window: Window) -> bool:
        """Tell whether nothing waits any more, after at most eight seconds."""
        for _ in range(int(min(12, self.patience_s) * 5)):
            waiting = await window.list_waiting()
            if waiting is not None and not [name for name, aside in waiting if not aside]:
                return True
            if (await window.look()).kind == "pin":
                return False
            await asyncio.sleep(0.2)
        return False


def _read_number(path: str) -> int:
    """Read the number of a screen out of its address; 0 where there is none."""
    last = path.rpartition("/")[2]
    return int(last) if path.count("/") == 4 and last.isdigit() else 0
