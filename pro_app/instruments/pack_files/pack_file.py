"""A wording pack as it was read from a file, and where in that file each part stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import InputRejected, Problem

NO_CELLS: Mapping[str, str] = {}


@dataclass(frozen=True)
class PackFile:
    """A pack; `cells` is place in the pack -> cell of the workbook (`items!E14`), empty for other files.

    The text of the definition is what is stored, and its hash that of the pack.
    """

    definition: DefinitionFile
    cells: Mapping[str, str] = field(default_factory=dict)

    def reject(self, problems: Iterable[Problem]) -> InputRejected:
        """Make the refusal that names every problem by its place in the file."""
        order = {cell: rank for rank, cell in enumerate(self.cells.values())}
        ranked = sorted(
            problems, key=lambda problem: order.get(_find_cell(problem.place, self.cells) or "", 0)
        )
        return reject_file(self.definition.source, ranked, self.cells)


def reject_file(
    source: str, problems: Iterable[Problem], cells: Mapping[str, str] = NO_CELLS
) -> InputRejected:
    """Make a refusal whose places read `file:line: place`, or `file: cell: place` for a workbook."""
    return InputRejected(tuple(_locate(problem, source, cells) for problem in problems))


def _locate(problem: Problem, source: str, cells: Mapping[str, str]) -> Problem:
    cell = _find_cell(problem.place, cells)
    start = f"{source}: {cell}" if cell else f"{source}:{problem.line}" if problem.line else source
    # A problem of the workbook itself is about the cell and has no other place.
    place = start if problem.place in {"", cell} else f"{start}: {problem.place}"
    return replace(problem, place=place)


def _find_cell(place: str, cells: Mapping[str, str]) -> str | None:
    """Give the cell of a place, or that of the nearest part around it; a cell stands for itself."""
    if "!" in place:
        return place
    while place:
        if place in cells:
            return cells[place]
        place = place.rpartition(".")[0]
    return None
