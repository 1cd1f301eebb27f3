"""The questions of QS: a code, a name and a recall period for every item and scale of the instruments.

Codes and categories are those of CDISC terminology or the sponsor's own, from the instrument's definition;
the names of items come from the wording pack of the release, never from here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import Item, Scale, ScoringDefinition, SummaryScale
from pro_app.instruments.scale_names import scale_name
from pro_app.instruments.wording import WordingPack

LANGUAGE = "en"
TEST_LENGTH, CODE_LENGTH = 40, 8
WHOLE_FORM, WHOLE_FORM_NAME = "QSALL", "All Questions"


@dataclass(frozen=True, slots=True)
class Question:
    """One item or scale of one version of an instrument; `source` is its number or code as text.

    `scorings` names the scoring definitions that compute a scale so; an item has none.
    `has_no_code`: neither CDISC nor the sponsor has given it one, and `test_code` was made up here.
    `is_cut`: its name is longer than QSTEST allows. `is_sponsors`: the code is no CDISC term.
    """

    instrument: str
    instrument_version: str
    source: str
    test_code: str
    test: str
    category: str
    recall: str | None
    derived: bool
    is_sponsors: bool
    has_no_code: bool = False
    is_cut: bool = False
    scorings: tuple[str, ...] = ()


def list_questions(release: Release) -> tuple[Question, ...]:
    """List the items, then the scales of every instrument in its order; names are at most 40 characters.

    The scales are those of all its scoring definitions, the protocol's first: a form keeps the scores of the
    definition that was in force when it was sent.

    Names that are alike within an instrument after cutting get their code in front of them.
    """
    questions: list[Question] = []
    for rank, worded in enumerate(release.instruments, start=1):
        own = [*_list_items(worded, rank), *_list_scales(worded, rank)]
        alike = [question.test for question in own]
        questions += [
            _cut(replace(q, test=f"{q.test_code} {q.test}")) if alike.count(q.test) > 1 else q for q in own
        ]
    return tuple(questions)


def make_question_table(questions: tuple[Question, ...]) -> pl.DataFrame:
    """Give the questions as a frame, `rank` is their order."""
    rows = [[getattr(question, name) for name in _SCHEMA] for question in questions]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_row_index("rank")


def find_pack(worded: WordedInstrument) -> WordingPack | None:
    """Find the wording that results are written in: English, else the first language there is."""
    packs = worded.wordings
    return packs.get(LANGUAGE) or next(iter(packs.values()), None)


def list_option_words(worded: WordedInstrument) -> Mapping[str, Mapping[int, str]]:
    """Give QSORRES by response set and code, in capitals.

    On a one-row scale the codes stand before the words of the two ends and alone between them.
    """
    pack = find_pack(worded)
    words: dict[str, dict[int, str]] = {}
    for code, responses in worded.instrument.response_sets.items():
        labels = pack.options.get(code, {}) if pack else {}
        words[code] = {
            value: _option(value, labels.get(value), responses.layout) for value in responses.values
        }
    return words


def category_of(worded: WordedInstrument) -> str:
    """Give QSCAT: the instrument's name in CDISC terminology, else the sponsor's, else its title."""
    instrument = worded.instrument
    return instrument.cdisc_category or instrument.sponsor_category or instrument.title.upper()


def _option(value: int, label: str | None, layout: str) -> str:
    if not label:
        return str(value)
    return f"{value} - {label.upper()}" if layout == "row" else label.upper()


def _list_items(worded: WordedInstrument, rank: int) -> Iterator[Question]:
    instrument, pack = worded.instrument, find_pack(worded)
    for item in instrument.items:
        code = item.cdisc_testcd or item.sponsor_testcd
        text = pack.items.get(item.number, "") if pack else ""
        yield _cut(
            Question(
                instrument=instrument.code,
                instrument_version=instrument.version,
                source=str(item.number),
                test_code=code or f"X{rank}I{item.number}",
                test=f"{_prefix(instrument.items)}-{text or f'Item {item.number}'}",
                category=category_of(worded),
                recall=instrument.block_of(item.number).recall_period,
                derived=False,
                is_sponsors=item.cdisc_testcd is None,
                has_no_code=code is None,
            )
        )


def _list_scales(worded: WordedInstrument, rank: int) -> list[Question]:
    """List the scales of all scoring definitions; what several compute under one code is listed once."""
    others = (each for each in worded.instrument.scoring_definitions.values() if each != worded.scoring)
    found: dict[tuple[str, str], Question] = {}
    for scoring in (worded.scoring, *others):
        for question in _list_scales_of(worded, scoring, rank):
            key = (question.source, question.test_code)
            known = found.get(key) or _named_apart(question, found.values())
            found[key] = replace(known, scorings=(*known.scorings, scoring.name))
    return list(found.values())


def _named_apart(question: Question, others: Iterable[Question]) -> Question:
    """Put its own code, in place of that of the items, before a name that another scale has already."""
    if all(question.test != other.test for other in others):
        return question
    return _cut(replace(question, test=f"{question.test_code}-{question.test.partition('-')[2]}"))


def _list_scales_of(worded: WordedInstrument, scoring: ScoringDefinition, rank: int) -> Iterator[Question]:
    instrument = worded.instrument
    scales: list[Scale | SummaryScale] = [*scoring.scales, *([scoring.summary] if scoring.summary else [])]
    for number, scale in enumerate(scales, start=1):
        published = scale.cdisc_testcd if isinstance(scale, Scale) else None
        code = published or scale.sponsor_testcd
        recalls = {instrument.block_of(item).recall_period for item in _items_of(scoring, scale)}
        yield _cut(
            Question(
                instrument=instrument.code,
                instrument_version=instrument.version,
                source=scale.code,
                test_code=code or f"X{rank}S{number}",
                test=f"{_prefix(instrument.items)}-{scale_name(instrument.code, scale.code, LANGUAGE)}",
                category=category_of(worded),
                recall=recalls.pop() if len(recalls) == 1 else None,
                derived=True,
                is_sponsors=published is None,
                has_no_code=code is None,
            )
        )


def _items_of(scoring: ScoringDefinition, scale: Scale | SummaryScale) -> tuple[int, ...]:
    if isinstance(scale, Scale):
        return scale.items
    return tuple(number for part in scoring.scales if part.code in scale.scales for number in part.items)


def _prefix(items: tuple[Item, ...]) -> str:
    """Give what the codes of all items begin with: EOR01 of EOR0101 to EOR0130."""
    codes = [item.cdisc_testcd or item.sponsor_testcd or "" for item in items]
    first = codes[0]
    stem = first.removesuffix(f"{items[0].number:02}")
    return stem if stem and all(code.startswith(stem) for code in codes) else "QS"


def _cut(question: Question) -> Question:
    if len(question.test) <= TEST_LENGTH:
        return question
    return replace(question, test=question.test[:TEST_LENGTH].rstrip(), is_cut=True)


_SCHEMA = pl.Schema(
    {
        "instrument": pl.String(),
        "instrument_version": pl.String(),
        "source": pl.String(),
        "test_code": pl.String(),
        "test": pl.String(),
        "category": pl.String(),
        "recall": pl.String(),
        "derived": pl.Boolean(),
        "is_sponsors": pl.Boolean(),
        "has_no_code": pl.Boolean(),
        "is_cut": pl.Boolean(),
        "scorings": pl.List(pl.String()),
    }
)
