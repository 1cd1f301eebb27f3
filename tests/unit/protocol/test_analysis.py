"""How a protocol says that its scores are to be read: what the trial's file holds, and what is refused."""

from itertools import pairwise
from typing import NamedTuple

import pytest

from pro_app.definitions.files import parse_definition_text
from pro_app.errors import DefinitionRejected
from pro_app.protocol.analysis import DeteriorationRule, ImportanceBound
from pro_app.protocol.analysis_rules import check_scales
from pro_app.protocol.find import protocol_path
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol

TEXT = protocol_path("reluth", "1.0").read_text(encoding="utf-8")


def test_the_trial_has_published_thresholds_for_fourteen_scales(reluth: Protocol) -> None:
    importance = reluth.thresholds.clinical_importance
    assert "Giesinger" in importance.source
    assert len(importance.bounds) == 14
    assert importance.bounds["PF2"] == ImportanceBound("below", 83)
    assert importance.bounds["FA"] == ImportanceBound("above", 39)
    assert not {"QL2", "SUMMARY", "GI"} & importance.bounds.keys()


def test_a_scale_of_its_own_minimal_difference_goes_before_the_one_for_all(reluth: Protocol) -> None:
    assert reluth.thresholds.minimal_difference_of("PF2") == 10
    changed = TEXT.replace("minimal_difference_by_scale: {}", "minimal_difference_by_scale: {PF2: 7.5}")
    thresholds = parse_protocol(parse_definition_text(changed, "x")).thresholds
    assert (thresholds.minimal_difference_of("PF2"), thresholds.minimal_difference_of("FA")) == (7.5, 10)


def test_every_day_but_those_after_randomisation_lies_in_exactly_one_window(reluth: Protocol) -> None:
    analysis = reluth.analysis
    first, last = analysis.time_windows[0], analysis.time_windows[-1]
    for day in range(1, 29):
        assert analysis.find_window(day) is None
    for day in (*range(first.from_day, 1), *range(29, last.to_day + 1)):
        found = analysis.find_window(day)
        assert found is not None
        assert found.from_day <= day <= found.to_day
    assert analysis.find_window(first.from_day - 1) is None
    assert analysis.find_window(last.to_day + 1) is None
    assert (first.target_day, first.to_day) == (0, 0)


def test_a_day_lies_in_the_window_with_the_nearest_target_the_earlier_of_two(reluth: Protocol) -> None:
    windows = reluth.analysis.time_windows
    for earlier, window in pairwise(windows):
        assert window.from_day == (earlier.target_day + window.target_day) // 2 + 1
    for day in range(29, windows[-1].target_day):
        nearest = min(windows, key=lambda window: (abs(day - window.target_day), window.target_day))
        assert reluth.analysis.find_window(day) == nearest


def test_the_trial_declares_three_times_to_deterioration_from_randomisation(reluth: Protocol) -> None:
    found = {definition.code: definition.rule for definition in reluth.analysis.deterioration}
    assert found == {
        "TTD": DeteriorationRule(),
        "TTD_DEATH": DeteriorationRule(death="event"),
        "TUDD": DeteriorationRule(kind="definitive_2"),
    }
    assert all(definition.covers("FA") for definition in reluth.analysis.deterioration)


def test_a_definition_for_some_scales_covers_no_other() -> None:
    changed = TEXT.replace("      scales: all", "      scales: [PF2, FA]", 1)
    first, second, _ = parse_protocol(parse_definition_text(changed, "x")).analysis.deterioration
    assert (first.covers("PF2"), first.covers("QL2"), second.covers("QL2")) == (True, False, True)


class Broken(NamedTuple):
    """One change that breaks a rule: the first `old` behind `after` becomes `new`."""

    after: str
    old: str
    new: str
    expected: str


BROKEN = [
    Broken(
        "  - code: WEEK_8",
        "target_day: 56",
        "target_day: 85",
        "The target day lies outside the time window “WEEK_8”.",
    ),
    Broken(
        "  - code: WEEK_16",
        "from_day: 85",
        "from_day: 84",
        "The time window “WEEK_16” begins before “WEEK_8” has ended.",
    ),
    Broken("  - code: WEEK_16", "WEEK_16", "WEEK_8", "The code “WEEK_8” appears twice."),
    Broken("  - code: TTD_DEATH", "TTD_DEATH", "TTD", "The code “TTD” appears twice."),
    Broken("analysis:", "BASELINE, UNSCHEDULED", "START", "There is no visit “START”."),
    Broken(
        "  - code: TTD\n",
        "reference: baseline",
        "reference: worst",
        "“worst” is not one of: baseline, best, previous.",
    ),
    Broken("  - code: TTD\n", "      death: censored\n", "", "The key “death” is missing."),
    Broken(
        "  - code: TTD\n",
        "scales: all",
        "scales: []",
        "The list is too short: the least number of entries is 1.",
    ),
    Broken(
        "clinical_importance:",
        "PF2: {below: 83}",
        "PF2: {below: 83, above: 10}",
        "Too many entries: at most 1.",
    ),
    Broken("clinical_importance:", "PF2: {below: 83}", "PF2: {below: 830}", "830 is too large: at most 100."),
]


@pytest.mark.parametrize("case", BROKEN, ids=[f"{case.old}→{case.new}" for case in BROKEN])
def test_a_broken_rule_is_told_in_words_with_its_line(case: Broken) -> None:
    part = TEXT.index(case.after, TEXT.index("thresholds:"))
    start = TEXT.index(case.old, part)
    broken = TEXT[:start] + case.new + TEXT[start + len(case.old) :]
    with pytest.raises(DefinitionRejected) as rejected:
        parse_protocol(parse_definition_text(broken, "protocol.yaml"))
    found = {problem.message % (problem.values or {}): problem.line for problem in rejected.value.problems}
    assert case.expected in found
    # What is missing stands at the first line of the part, everything else at the changed one.
    line = found[case.expected]
    assert line is not None
    assert TEXT.count("\n", 0, part) + 1 <= line <= TEXT.count("\n", 0, start) + 1


def test_a_scale_that_no_questionnaire_has_is_told_wherever_it_is_named() -> None:
    broken = (
        TEXT.replace("minimal_difference_by_scale: {}", "minimal_difference_by_scale: {XX: 8}")
        .replace("      PF2: {below: 83}", "      YY: {below: 83}")
        .replace("      scales: all", "      scales: [PF2, ZZ]", 1)
    )
    definition = parse_definition_text(broken, "protocol.yaml")
    known = {"PF2", "RF2", "EF", "CF", "SF", "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI", "FI"}
    found = [(p.line, p.message % (p.values or {})) for p in check_scales(definition, known)]
    lines = broken.splitlines()
    assert [words for _, words in found] == [
        f"No questionnaire of this trial has a scale “{code}”." for code in ("XX", "YY", "ZZ")
    ]
    assert ["XX" in lines[line - 1] for line, _ in found[:1] if line] == [True]
    assert ["YY" in lines[line - 1] for line, _ in found[1:2] if line] == [True]
    assert ["ZZ" in lines[line - 1] for line, _ in found[2:] if line] == [True]
    assert list(check_scales(parse_definition_text(TEXT, "x"), known)) == []
