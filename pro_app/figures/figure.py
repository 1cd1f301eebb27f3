"""The figures that there are: what each is estimated from, what its table holds, how it is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.figures.charts.completeness import draw_completeness
from pro_app.figures.charts.completion import draw_completion
from pro_app.figures.charts.distribution import draw_distribution
from pro_app.figures.charts.labels import Labels
from pro_app.figures.charts.means import draw_means_by_time, draw_means_by_visit
from pro_app.figures.charts.survival import draw_survival
from pro_app.figures.charts.svg import ChartWords
from pro_app.figures.estimates.arms_together import find_shared, keep_what_both_arms_share
from pro_app.figures.estimates.completeness import estimate_item_completeness
from pro_app.figures.estimates.completion import count_missing_reasons, estimate_completion
from pro_app.figures.estimates.distribution import estimate_distribution
from pro_app.figures.estimates.means import estimate_means_by_time, estimate_means_by_visit
from pro_app.figures.estimates.survival import estimate_survival
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.visit_order import order_visit_codes


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader looks at: one scale of one instrument, one definition of deterioration, arms or not.

    Unless `may_split`, what comes from one arm alone is left out, since it would tell the arms apart.
    """

    instrument: str
    scale: str
    definition: str
    by_arm: bool
    may_split: bool = False


@dataclass(frozen=True, slots=True)
class FigureLabels:
    """Words for the codes in a figure: arms, visits and the two rates of completion."""

    arms: Labels
    visits: Labels
    rates: Labels


Estimate = Callable[[Tables, Protocol, Choice], pl.DataFrame]
Draw = Callable[[pl.DataFrame, ChartWords, FigureLabels], str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of figure; `draw` is None where a table says it better than a drawing."""

    code: str
    estimate: Estimate
    draw: Draw | None


def _hides_arms(protocol: Protocol, choice: Choice) -> bool:
    return not (choice.by_arm or choice.may_split or len(protocol.arms) == 1)


def _shown(tables: Tables, protocol: Protocol, choice: Choice) -> Tables:
    """Give the tables without what comes from one arm alone, where that is not for the reader."""
    return keep_what_both_arms_share(tables) if _hides_arms(protocol, choice) else tables


def _completion(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    tables = _shown(tables, protocol, choice)
    return _in_visit_order(estimate_completion(tables, protocol, by_arm=choice.by_arm), protocol, "arm")


def _reasons(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    tables = _shown(tables, protocol, choice)
    return _in_visit_order(count_missing_reasons(tables, by_arm=choice.by_arm), protocol, "arm")


def _means_by_visit(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    tables = _shown(tables, protocol, choice)
    means = _of_scale(estimate_means_by_visit(tables, by_arm=choice.by_arm), choice)
    return _in_visit_order(means, protocol, "arm")


def _means_by_time(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    windows = protocol.analysis.time_windows
    means = _of_scale(estimate_means_by_time(tables, windows, by_arm=choice.by_arm), choice)
    if not _hides_arms(protocol, choice):
        return means
    # The arms' visits lie at different times, so that a window may be shared where no visit is.
    apart = _of_scale(estimate_means_by_time(tables, windows, by_arm=True), choice)
    return means.join(find_shared(apart, "window"), on="window", how="semi", maintain_order="left")


def _distribution(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    tables = _shown(tables, protocol, choice)
    own = tables["scores"].filter(pl.col("instrument") == choice.instrument)
    counts = estimate_distribution({**tables, "scores": own}, choice.scale, by_arm=choice.by_arm)
    return _in_visit_order(counts, protocol, "arm")


def _survival(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    tables = _shown(tables, protocol, choice)
    return estimate_survival(tables, definition=choice.definition, scale=choice.scale, by_arm=choice.by_arm)


def _completeness(tables: Tables, protocol: Protocol, choice: Choice) -> pl.DataFrame:
    shares = estimate_item_completeness(_shown(tables, protocol, choice), by_arm=choice.by_arm)
    shares = shares.filter(pl.col("instrument") == choice.instrument)
    return _in_visit_order(shares, protocol, "arm", "item")


def _in_visit_order(frame: pl.DataFrame, protocol: Protocol, *first: str) -> pl.DataFrame:
    """Sort by `first`, then by the protocol's order of visits; what is equal stays as it was."""
    codes = order_visit_codes(protocol, frame["visit_code"].unique().to_list())
    place = pl.col("visit_code").replace_strict(codes, range(len(codes)), return_dtype=pl.Int64)
    return frame.sort(*first, place, maintain_order=True)


def _of_scale(means: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    return means.filter((pl.col("instrument") == choice.instrument) & (pl.col("scale") == choice.scale))


FIGURES: Mapping[str, Figure] = {
    figure.code: figure
    for figure in (
        Figure(
            "completion",
            _completion,
            lambda frame, words, of: draw_completion(
                frame, words, arms=of.arms, visits=of.visits, rates=of.rates
            ),
        ),
        Figure("reasons", _reasons, None),
        Figure(
            "means-by-visit",
            _means_by_visit,
            lambda frame, words, of: draw_means_by_visit(frame, words, arms=of.arms, visits=of.visits),
        ),
        Figure(
            "means-by-time",
            _means_by_time,
            lambda frame, words, of: draw_means_by_time(frame, words, arms=of.arms),
        ),
        Figure(
            "distribution",
            _distribution,
            lambda frame, words, of: draw_distribution(frame, words, arms=of.arms, visits=of.visits),
        ),
        Figure(
            "deterioration",
            _survival,
            lambda frame, words, of: draw_survival(frame, words, arms=of.arms),
        ),
        Figure(
            "completeness",
            _completeness,
            lambda frame, words, of: draw_completeness(frame, words, arms=of.arms, visits=of.visits),
        ),
    )
}
"""The figures by code, in the order in which they stand on the page."""
