import pytest

from pro_app.protocol.analysis import DeteriorationRule
from pro_app.scoring.deterioration.names import STANDARD_NAMES, find_rule


def test_a_name_says_reference_kind_death_and_sensitivity() -> None:
    at_first = DeteriorationRule(time_zero="first_record")
    assert find_rule("TTD_baseline") == at_first
    assert find_rule("TUDD_best_def3_death") == DeteriorationRule(
        reference="best", kind="definitive_3", death="event", time_zero="first_record"
    )
    assert find_rule("TTD_previous_SA1") == DeteriorationRule(
        reference="previous", no_baseline="event", no_follow_up="event", time_zero="first_record"
    )
    assert find_rule("TTD_baseline_SA2") == find_rule("TTD_baseline_death")
    assert find_rule("TTD_baseline_SA3") == DeteriorationRule(
        death="event", no_baseline="event", no_follow_up="event", time_zero="first_record"
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "TTD",
        "TTD_worst",
        "TUDD_baseline",
        "TTD_baseline_def1",
        "TUDD_best_def4",
        "ttd_best",
        "TTD_best_SA4",
    ],
)
def test_an_unknown_name_stands_for_nothing(name: str) -> None:
    assert find_rule(name) is None


def test_the_standard_names_stand_for_twelve_different_rules() -> None:
    assert len({find_rule(name) for name in STANDARD_NAMES} - {None}) == len(STANDARD_NAMES) == 12
