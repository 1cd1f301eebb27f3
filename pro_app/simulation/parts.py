"""Dividing a trial among stores of their own (pure): each gets whole sites with everybody there.

How many parts there are follows from the trial alone and not from the machine, so that every machine gives
the same numbers, however many of the parts it lives through side by side.
"""

from collections import Counter
from collections.abc import Sequence

from pro_app.simulation.people import VirtualPerson

PEOPLE_IN_A_PART = 37
MOST_PARTS = 16


def count_parts(participants: int, *, people_in_a_part: int = PEOPLE_IN_A_PART) -> int:
    """Tell into how many parts a trial of so many people is divided."""
    return min(MOST_PARTS, -(-participants // people_in_a_part))


def share_out(people: Sequence[VirtualPerson], parts: int) -> tuple[tuple[VirtualPerson, ...], ...]:
    """Give the people of each part, in their order: the largest site goes to where fewest people are."""
    sizes = Counter(person.site_code for person in people)
    loads = [0] * parts
    part_of: dict[str, int] = {}
    for code, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        part_of[code] = loads.index(min(loads))
        loads[part_of[code]] += size
    return tuple(
        tuple(person for person in people if part_of[person.site_code] == part) for part in range(parts)
    )
