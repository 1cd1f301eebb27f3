from dataclasses import replace
from datetime import date

from pro_app.protocol.amendment_check import check_amendment
from pro_app.protocol.calendar import Offset
from pro_app.protocol.events import Facts
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.replan import CurrentVisit
from pro_app.protocol.schedule import plan_visits
from pro_app.protocol.versions import BEFORE_AMENDMENT, GovernedVisit, plan_under_versions

FACTS = Facts(
    enrolled_on=date(2026, 1, 5),
    arm="LUTATHERA",
    randomised_on=date(2026, 1, 12),
    treatment_ended_on=date(2026, 5, 4),
)
TODAY = date(2026, 8, 1)
"""M03 (4 August) is open, W08 and W16 are over."""


def amend(protocol: Protocol, **changes: object) -> Protocol:
    """Give a later version; a change is of the protocol itself."""
    return replace(protocol, version="1.1", sha256="b" * 64, **changes)  # type: ignore[arg-type]  # a test's own keywords


def later_follow_up(protocol: Protocol) -> Protocol:
    """Give a version in which every visit after treatment is one month later."""
    visits = tuple(
        replace(visit, at=Offset(visit.at.count + 1, visit.at.unit)) if visit.code.startswith("M") else visit
        for visit in protocol.visits
    )
    return amend(protocol, visits=visits)


def stored(protocol: Protocol, **answers: tuple[date, bool]) -> list[GovernedVisit]:
    return [
        GovernedVisit(
            CurrentVisit(visit, date(2026, 1, 12), *answers.get(visit.visit_code, (None, False))), protocol
        )
        for visit in plan_visits(protocol, FACTS)
    ]


def test_what_is_to_come_follows_the_new_version_and_what_is_over_its_own(reluth: Protocol) -> None:
    later = later_follow_up(reluth)

    wanted = plan_under_versions(later, FACTS, stored(reluth), today=TODAY, left=reluth)

    targets = {visit.visit_code: visit.target_on for visit in wanted.visits}
    assert (targets["M03"], targets["M06"]) == (date(2026, 9, 4), date(2026, 12, 4))
    assert dict.fromkeys(["BASELINE", "W08", "W16"], reluth.sha256) == wanted.versions


def test_what_was_begun_or_sent_stays_under_its_own_version(reluth: Protocol) -> None:
    later = later_follow_up(reluth)
    for submitted in (False, True):
        rows = stored(reluth, M03=(date(2026, 7, 30), submitted))
        wanted = plan_under_versions(later, FACTS, rows, today=TODAY, left=reluth)
        m03 = next(visit for visit in wanted.visits if visit.visit_code == "M03")
        assert (m03.target_on, wanted.versions["M03"]) == (date(2026, 8, 4), reluth.sha256)


def test_answers_that_no_version_asks_for_any_more_stay_under_their_own(reluth: Protocol) -> None:
    shorter = amend(reluth, visits=tuple(visit for visit in reluth.visits if visit.code != "M03"))
    rows = stored(reluth, M03=(date(2026, 7, 30), False))
    facts = Facts(enrolled_on=FACTS.enrolled_on)  # randomisation and end were recorded for somebody else
    wanted = plan_under_versions(shorter, facts, rows, today=TODAY)
    assert "M03" not in {visit.visit_code for visit in wanted.visits}
    assert wanted.versions["M03"] == reluth.sha256
    assert "M03" not in wanted.renewed


def test_a_visit_that_only_the_new_version_has_and_that_is_over_is_not_expected(reluth: Protocol) -> None:
    without = replace(reluth, visits=tuple(visit for visit in reluth.visits if visit.code != "W##"))

    wanted = plan_under_versions(amend(reluth), FACTS, stored(without), today=TODAY, left=without)

    added = {visit.visit_code: visit for visit in wanted.visits}
    assert {code: (added[code].expected, added[code].reason) for code in ("W08", "W16")} == dict.fromkeys(
        ("W08", "W16"), (False, BEFORE_AMENDMENT)
    )


def test_an_amendment_of_nothing_renews_nothing(reluth: Protocol) -> None:
    wanted = plan_under_versions(amend(reluth), FACTS, stored(reluth), today=TODAY, left=reluth)
    assert (wanted.renewed, wanted.visits) == (frozenset(), plan_visits(reluth, FACTS))


def test_a_zone_that_the_version_does_not_know_is_objected_to(reluth: Protocol) -> None:
    objections = check_amendment(
        reluth, amend(reluth, zones=("Europe/Paris",)), [], zone="Indian/Reunion", today=TODAY
    )
    assert [found.problem.values for found in objections] == [{"zone": "Indian/Reunion"}]
