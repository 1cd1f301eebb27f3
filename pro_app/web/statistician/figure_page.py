"""One page of figures: which scale, which definition, and each figure with its table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from flask_babel import get_locale
from markupsafe import Markup

from pro_app.exports.frames import Tables
from pro_app.figures.charts.svg import ChartWords
from pro_app.figures.estimates.grouping import EVERYONE as ALL_ARMS
from pro_app.figures.figure import FIGURES, Choice, Figure, FigureLabels
from pro_app.instruments.scale_names import scale_name
from pro_app.protocol.protocol import RANDOMISED, Protocol
from pro_app.protocol.visit_order import order_visit_codes
from pro_app.web.statistician.figure_words import (
    COLUMN_WORDS,
    COMPLETION_OF_ENROLLED,
    ENROLLED_COLUMN,
    EVERYONE,
    FIGURE_WORDS,
    REASONS,
    FigureWords,
    writer_of,
)

ROWS_SHOWN = 400


@dataclass(frozen=True, slots=True)
class FigureView:
    """One figure as the page shows it; `rows` are written out, `svg` is None where a table says it better.

    `title` says what of: the scale, the instrument, the definition of deterioration.
    """

    code: str
    title: str
    words: FigureWords
    svg: Markup | None
    columns: Sequence[Mapping[str, object]]
    rows: Sequence[Sequence[str]]
    row_count: int


@dataclass(frozen=True, slots=True)
class Offer:
    """The scales and definitions of deterioration that a reader may choose from: (value, words)."""

    scales: Sequence[tuple[str, str]]
    definitions: Sequence[tuple[str, str]]


def offer_choices(protocol: Protocol, scales: Sequence[tuple[str, str]]) -> Offer:
    """Put scales (instrument code, scale code) and definitions into words."""
    language = str(get_locale())
    return Offer(
        [(f"{code}:{scale}", f"{scale_name(code, scale, language)} ({scale})") for code, scale in scales],
        [(d.code, d.label.text(language)) for d in protocol.analysis.deterioration],
    )


class FigurePage:
    """Every figure of some tables, for one choice of what to look at, in the reader's language."""

    def __init__(self, tables: Tables, protocol: Protocol, choice: Choice) -> None:
        self._tables = tables
        self._protocol = protocol
        self._choice = choice
        self._randomises = protocol.denominator_event == RANDOMISED
        self._language = str(get_locale())
        rates = {name: str(COLUMN_WORDS[name]) for name in ("completion_rate", "available_data_rate")}
        codes = tables["assessments"]["visit_code"].unique().to_list()
        visits = {
            code: protocol.visit_label(code, self._language) for code in order_visit_codes(protocol, codes)
        }
        # Arms go by their codes on a chart: the words are too long to stand beside a line.
        self._labels = FigureLabels({ALL_ARMS: str(EVERYONE)}, visits, rates)

    def estimate(self, figure: Figure) -> pl.DataFrame:
        """Give the table behind a figure, with codes and full precision."""
        return figure.estimate(self._tables, self._protocol, self._choice)

    def list_views(self) -> Iterator[FigureView]:
        """Make every figure, one after the other."""
        for figure in FIGURES.values():
            yield self._view(figure, self.estimate(figure))

    def _view(self, figure: Figure, frame: pl.DataFrame) -> FigureView:
        words = FIGURE_WORDS[figure.code]
        if figure.code == "completion" and not self._randomises:
            words = COMPLETION_OF_ENROLLED
        title = " – ".join(filter(None, (str(words.title), *self._subject(figure))))
        svg = None
        if figure.draw is not None and frame.height:
            chart_words = ChartWords(
                key=figure.code,
                title=title,
                description=str(words.intro),
                x=str(words.x),
                y=str(words.y),
                language=self._language,
            )
            # Drawn by us from numbers and the protocol's own words, which the drawing escapes.
            svg = Markup(figure.draw(frame, chart_words, self._labels))  # noqa: S704 -- as above
        columns, rows = self._write_table(frame.head(ROWS_SHOWN))
        return FigureView(figure.code, title, words, svg, columns, rows, frame.height)

    def _subject(self, figure: Figure) -> tuple[str, ...]:
        """Say what of a figure is: nothing where it is about all questionnaires."""
        if figure.code in {"completion", "reasons"}:
            return ()
        if figure.code == "completeness":
            return (self._choice.instrument.upper(),)
        name = scale_name(self._choice.instrument, self._choice.scale, self._language)
        scale = f"{name} ({self._choice.scale})"
        if figure.code != "deterioration":
            return (scale,)
        declared = {d.code: d.label.text(self._language) for d in self._protocol.analysis.deterioration}
        return (scale, declared.get(self._choice.definition, self._choice.definition))

    def _write_table(self, frame: pl.DataFrame) -> tuple[list[dict[str, object]], list[list[str]]]:
        """Write out the table behind a figure: words for codes, numbers as people read them."""
        hidden = {"instrument", "scale"} | (set() if self._choice.by_arm else {"arm"})
        names = [name for name in frame.columns if name in COLUMN_WORDS and name not in hidden]
        is_share = "survival" in frame.columns
        labels = COLUMN_WORDS if self._randomises else {**COLUMN_WORDS, "randomised": ENROLLED_COLUMN}
        columns: list[dict[str, object]] = [
            {"label": labels[name], "numeric": frame.schema[name].is_numeric()} for name in names
        ]
        words = self._words_for_codes()
        writers = [words.get(name) or writer_of(name, is_share=is_share) for name in names]
        rows = [
            [write(value) for write, value in zip(writers, row, strict=True)]
            for row in frame.select(names).iter_rows()
        ]
        return columns, rows

    def _words_for_codes(self) -> Mapping[str, Callable[[str], str]]:
        """Give how the codes of each column are put into words."""
        protocol, language = self._protocol, self._language
        windows = {w.code: w.label.text(language) for w in protocol.analysis.time_windows}
        arms = {arm.code: arm.label.text(language) for arm in protocol.arms}
        return {
            "arm": lambda code: arms.get(code, code),
            "visit_code": lambda code: protocol.visit_label(code, language),
            "window": lambda code: windows.get(code, code),
            "reason": lambda code: str(REASONS.get(code) or protocol.reason_label(code, language)),
        }
