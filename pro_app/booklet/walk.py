"""The way of one participant through every screen, a picture of each on the way, on both devices."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pro_app.booklet.camera import Camera, ScreenSize
from pro_app.booklet.stage import Stage
from pro_app.instruments.wording import WordingPack
from pro_app.language import mark
from pro_app.services.questionnaire import Screen

TITLES = {
    "home": mark("Home"),
    "instruction": mark("%(instrument)s: instruction before items %(first)s to %(last)s"),
    "item": mark("%(instrument)s: item %(number)s"),
    "item_asking": mark("%(instrument)s: item %(number)s, after “Next” without an answer"),
    "item_answered": mark("%(instrument)s: item %(number)s, answered"),
    "item_declined": mark("%(instrument)s: item %(number)s, declined"),
    "item_not_applicable": mark("%(instrument)s: item %(number)s, not applicable"),
    "review_empty": mark("Review, nothing answered"),
    "review": mark("Review, everything answered"),
    "respondent": mark("Who answered"),
    "receipt": mark("Receipt"),
    "home_after": mark("Home, after sending"),
}
NEXT_BUTTON = "button[name=go][value=next]"
ASKING = "#asking, button[name=go][value=decline]"


@dataclass(frozen=True)
class Taken:
    """One screen on one device: what it is, the texts on it, and its pictures from top to bottom."""

    kind: str
    values: dict[str, str | int]
    size: ScreenSize
    wordings: tuple[WordingPack, ...]
    pictures: tuple[bytes, ...]


def walk(stage: Stage, cameras: Sequence[tuple[ScreenSize, Camera]], said: Callable[[], None]) -> list[Taken]:
    """Take every screen, in the order in which a participant comes to it; `said` is called after each.

    Raises ChromiumFailed.
    """
    taken: list[Taken] = []
    walker = _Walker(stage)
    for part in (walker.before_answers, walker.after_answers, walker.after_sending):
        if part == walker.after_answers:
            stage.answer()
        elif part == walker.after_sending:
            stage.submit(walker.respondent)
        for size, camera in cameras:
            for kind, values, wordings in part(camera):
                taken.append(Taken(kind, values, size, wordings, tuple(camera.take())))
                said()
    return taken


_Stop = tuple[str, dict[str, str | int], tuple[WordingPack, ...]]


class _Walker:
    """Where the way leads; each part gives the screens that stand open one after the other."""

    def __init__(self, stage: Stage) -> None:
        questionnaire = stage.load()
        self._screens = questionnaire.screens
        self._all = tuple(part.wording for part in questionnaire.parts)
        self._path = f"/p/q/{stage.assessment_id}"
        self.respondent = questionnaire.assessment.protocol.respondents[0].code

    def before_answers(self, camera: Camera) -> Iterator[_Stop]:
        """Give home, every instruction and every item, the question about an empty one, the empty review."""
        camera.open("/p/home")
        yield "home", {}, self._all
        has_asked = False
        for screen in self._screens:
            camera.open(f"{self._path}/{screen.number}")
            yield self._stop(screen, "instruction" if screen.item is None else "item")
            if screen.item is not None and not has_asked:
                has_asked = True
                camera.press(NEXT_BUTTON, until=ASKING)
                yield self._stop(screen, "item_asking")
        camera.open(f"{self._path}/review")
        yield "review_empty", {}, self._all

    def after_answers(self, camera: Camera) -> Iterator[_Stop]:
        """Give one item in each state and layout, the review, and the question who answered."""
        for screen, kind in self._choose_examples():
            camera.open(f"{self._path}/{screen.number}")
            yield self._stop(screen, kind)
        camera.open(f"{self._path}/review")
        yield "review", {}, self._all
        camera.open(f"{self._path}/send")
        yield "respondent", {}, self._all

    def after_sending(self, camera: Camera) -> Iterator[_Stop]:
        """Give the receipt, and home as it is then."""
        camera.open(f"{self._path}/receipt")
        yield "receipt", {}, self._all
        camera.open("/p/home")
        yield "home_after", {}, self._all

    def _choose_examples(self) -> list[tuple[Screen, str]]:
        """Choose the first item of each layout that is answered, a declined one, one that does not apply."""
        items = [screen for screen in self._screens if screen.item is not None]
        chosen = [(items[0], "item_declined")]
        plain = [s for s in items[1:] if s.item is not None and not s.item.na_allowed]
        for is_row in (False, True):
            chosen += [(screen, "item_answered") for screen in plain if screen.is_row == is_row][:1]
        apart = [screen for screen in items[1:] if screen.item is not None and screen.item.na_allowed]
        return chosen + [(screen, "item_not_applicable") for screen in apart[:1]]

    def _stop(self, screen: Screen, kind: str) -> _Stop:
        wording = screen.part.wording
        values: dict[str, str | int] = {"instrument": screen.part.asked.instrument.title}
        if screen.item is None:
            values |= {"first": screen.block.items[0], "last": screen.block.items[-1]}
        else:
            values["number"] = screen.item.number
        return kind, values, (wording,)


def count_screens(stage: Stage) -> int:
    """Count the screens that `walk` takes on one device."""
    walker = _Walker(stage)
    examples = len(walker._choose_examples())  # noqa: SLF001 -- the walker is this module's own
    return (
        len(stage.load().screens)
        + examples
        + len({"home", "asking", "empty", "review", "who", "receipt", "after"})
    )
