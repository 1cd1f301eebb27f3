"""How the list speaks of what other parts of the app ask: each part describes its own kinds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pro_app.reminders.site_tasks import DueTask


@dataclass(frozen=True, slots=True)
class MatterWords:
    """The words of one kind of matter, and the address of the page on which it is done.

    `whys` gives a sentence for each code, in which `%(visit)s` stands for the visit.
    """

    title: str
    to_do: str
    url: Callable[[DueTask], str]
    whys: Mapping[str, str] = field(default_factory=dict)


_DESCRIBED: dict[str, MatterWords] = {}


def describe_matter(kind: str, words: MatterWords) -> None:
    """Tell the list how to speak of a kind of matter; said once, when the app is put together."""
    _DESCRIBED[kind] = words


def find_matter(kind: str) -> MatterWords | None:
    """Find the words of a kind of matter; None for every other kind of task."""
    return _DESCRIBED.get(kind)


def list_matter_titles() -> dict[str, str]:
    """Give the title of each kind of matter that somebody has described."""
    return {kind: words.title for kind, words in _DESCRIBED.items()}
