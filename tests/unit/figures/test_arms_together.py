"""What comes from one arm alone is left out wherever the arms may not be told apart."""

from dataclasses import replace

import pytest
from polars.testing import assert_frame_equal
from release_world import small_release

from pro_app.figures.figure import FIGURES, Choice, Figure
from pro_app.services.figure_tables import keep_for_figures

TOGETHER = Choice("qlq-c30", "PF2", "", by_arm=False)
BY_VISIT = [
    FIGURES[code] for code in ("completion", "reasons", "means-by-visit", "distribution", "completeness")
]


@pytest.mark.parametrize("figure", BY_VISIT, ids=lambda figure: figure.code)
def test_only_visits_with_forms_of_both_arms_are_shown(figure: Figure) -> None:
    release, tables = small_release()
    shown = figure.estimate(tables, release.protocol, TOGETHER)
    whole = figure.estimate(tables, release.protocol, replace(TOGETHER, may_split=True))

    assert set(shown["visit_code"]) <= {"BASELINE", "W08"}
    assert set(whole["visit_code"]) - {"BASELINE", "W08"}
    assert shown.height > 0


def test_only_windows_with_scores_of_both_arms_are_shown() -> None:
    release, tables = small_release()
    figure = FIGURES["means-by-time"]
    apart = figure.estimate(tables, release.protocol, replace(TOGETHER, by_arm=True))
    shown = figure.estimate(tables, release.protocol, TOGETHER)

    arms = {window: set(rows["arm"]) for (window,), rows in apart.group_by("window")}
    assert {len(found) for found in arms.values()} == {1, 2}
    assert set(shown["window"]) == {window for window, found in arms.items() if len(found) > 1}


def test_a_visit_of_which_one_arm_has_no_score_of_the_scale_is_left_out() -> None:
    release, tables = small_release()
    arms = dict(tables["participants"].select("participant_code", "arm").iter_rows())
    one_arm = [code for code, arm in arms.items() if arm == "SURVEILLANCE"]
    scores = tables["scores"]
    there = ~(scores["participant_code"].is_in(one_arm) & (scores["visit_code"] == "W08"))
    thinned = {**tables, "scores": scores.filter(there)}
    for code in ("means-by-visit", "distribution"):
        shown = FIGURES[code].estimate(thinned, release.protocol, TOGETHER)
        assert set(shown["visit_code"]) == {"BASELINE"}


def test_a_trial_of_one_arm_hides_nothing() -> None:
    release, tables = small_release()
    protocol = replace(release.protocol, arms=release.protocol.arms[:1])
    whole = FIGURES["completion"].estimate(tables, protocol, replace(TOGETHER, may_split=True))

    assert_frame_equal(FIGURES["completion"].estimate(tables, protocol, TOGETHER), whole)


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.code)
@pytest.mark.parametrize("by_arm", [False, True], ids=["together", "by arm"])
def test_the_columns_that_are_kept_are_all_that_figures_need(figure: Figure, *, by_arm: bool) -> None:
    release, tables = small_release()
    choice = replace(TOGETHER, definition=tables["deterioration"]["definition"][0], by_arm=by_arm)
    kept = keep_for_figures(tables, instrument="qlq-c30")

    assert set(kept["scores"]["instrument"]) == {"qlq-c30"}
    assert_frame_equal(
        figure.estimate(kept, release.protocol, choice), figure.estimate(tables, release.protocol, choice)
    )
