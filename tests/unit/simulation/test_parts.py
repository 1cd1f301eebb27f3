from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from pro_app.protocol.find import load_protocol
from pro_app.simulation.parts import MOST_PARTS, count_parts, share_out
from pro_app.simulation.people import Recruitment, VirtualPerson, plan_virtual_people
from pro_app.simulation.report import SimulationReport, VisitRates, pool_reports

PROTOCOL = load_protocol("reluth")
SITES = tuple(f"{number:02}" for number in range(1, 29))


@pytest.fixture(scope="module")
def people() -> tuple[VirtualPerson, ...]:
    recruitment = Recruitment(146, SITES, date(2021, 10, 18), timedelta(days=1095))
    return plan_virtual_people(PROTOCOL, recruitment, seed=1)


def test_everybody_is_in_one_part_and_whole_sites_stay_together(people: tuple[VirtualPerson, ...]) -> None:
    parts = share_out(people, 4)

    assert sorted(person.number for part in parts for person in part) == [p.number for p in people]
    sites = Counter(code for part in parts for code in {person.site_code for person in part})
    assert set(sites.values()) == {1}
    assert all(list(part) == sorted(part, key=lambda person: person.number) for part in parts)


def test_no_part_has_much_more_to_do_than_another(people: tuple[VirtualPerson, ...]) -> None:
    sizes = [len(part) for part in share_out(people, 4)]

    assert max(sizes) - min(sizes) <= 2


@pytest.mark.parametrize(("participants", "parts"), [(1, 1), (37, 1), (38, 2), (146, 4), (5000, MOST_PARTS)])
def test_the_number_of_parts_follows_from_the_number_of_people(participants: int, parts: int) -> None:
    assert count_parts(participants) == parts


def make_rates(visit: str, *, expected: int, completed: int) -> VisitRates:
    return VisitRates(visit, expected, completed, completed, completed, 10, None, None)


def make_report(*rates: VisitRates) -> SimulationReport:
    return SimulationReport(
        began_on="2021-10-18",
        ended_on="2027-10-18",
        happened={"answered": 3},
        visits={"submitted": 3, "missed": 1},
        messages={"sent": 4},
        messages_by_reason={"died": 2},
        arrived=4,
        randomised=10,
        rates=rates,
        violations=0,
        violations_by_rule={},
        examples=(),
    )


def test_numbers_of_parts_are_added_and_rates_are_those_of_the_sums() -> None:
    first = make_report(make_rates("BASELINE", expected=4, completed=1))
    second = make_report(make_rates("BASELINE", expected=6, completed=4))

    pooled = pool_reports([first, second], PROTOCOL)

    assert (pooled.happened, pooled.visits) == ({"answered": 6}, {"submitted": 6, "missed": 2})
    assert (pooled.messages, pooled.messages_by_reason, pooled.arrived) == ({"sent": 8}, {"died": 4}, 8)
    assert pooled.rates == (VisitRates("BASELINE", 10, 5, 5, 5, 20, 0.5, 0.25),)


def test_a_visit_that_only_one_part_shows_counts_everybody_randomised_in_the_other_too() -> None:
    first = make_report(make_rates("M03", expected=4, completed=1))
    second = make_report(make_rates("BASELINE", expected=5, completed=5))

    pooled = pool_reports([first, second], PROTOCOL)

    assert [row.visit for row in pooled.rates] == ["BASELINE", "M03"]
    assert [row.available_data_rate for row in pooled.rates] == [0.25, 0.05]


def test_a_violation_in_any_part_is_told_with_its_part() -> None:
    sound = make_report()
    broken = replace(sound, violations=1, violations_by_rule={"twice": 1}, examples=("twice: 01-001: why",))

    pooled = pool_reports([sound, broken], PROTOCOL)

    assert (pooled.violations, pooled.violations_by_rule) == (1, {"twice": 1})
    assert pooled.examples == ("2: twice: 01-001: why",)
