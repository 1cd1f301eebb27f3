"""What the results of QS hold, question by question."""

from collections.abc import Iterator

from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.cdisc.sdtm.questions import Question, list_questions
from pro_app.exports.release import Release, WordedInstrument
from pro_app.instruments.instrument import ScoringDefinition


def list_qs_levels(release: Release) -> tuple[ValueLevel, ...]:
    """List the value levels of QSORRES, QSSTRESC and QSSTRESN: items by their answers, then the scores."""
    levels: list[ValueLevel] = []
    for worded in release.instruments:
        levels += _item_levels(release, worded)
        levels += _score_levels(release, worded)
    return tuple(levels)


def option_list_code(worded: WordedInstrument, response_set: str, *, na_allowed: bool) -> str:
    """Give the code of the list of answers that items with this response set have."""
    instrument = worded.instrument
    ending = ".NA" if na_allowed else ""
    return f"{instrument.code}.{instrument.version}.{response_set}{ending}".upper().replace("_", "-")


def _item_levels(release: Release, worded: WordedInstrument) -> Iterator[ValueLevel]:
    instrument = worded.instrument
    kinds = sorted({(item.response_set, item.na_allowed) for item in instrument.items})
    for response_set, na_allowed in kinds:
        numbers = {
            str(item.number)
            for item in instrument.items
            if (item.response_set, item.na_allowed) == (response_set, na_allowed)
        }
        values = tuple(
            q.test_code for q in _list_own(release, worded) if not q.derived and q.source in numbers
        )
        words = option_list_code(worded, response_set, na_allowed=na_allowed)
        codes = "QSSTRESC." + words
        yield ValueLevel(
            variable="QSORRES", where="QSTESTCD", values=values, data_type="text", codelist=words
        )
        yield ValueLevel(
            variable="QSSTRESC",
            where="QSTESTCD",
            values=values,
            data_type="text",
            origin="Assigned",
            source="Sponsor",
            codelist=codes,
        )
        yield ValueLevel(
            variable="QSSTRESN",
            where="QSTESTCD",
            values=values,
            data_type="integer",
            origin="Assigned",
            source="Sponsor",
            comment="Empty where QSSTRESC is NOT APPLICABLE." if na_allowed else "",
        )


def _score_levels(release: Release, worded: WordedInstrument) -> Iterator[ValueLevel]:
    for scoring in worded.instrument.scoring_definitions.values():
        # A scale that several definitions compute alike belongs to the protocol's.
        values = tuple(q.test_code for q in _list_own(release, worded) if q.scorings[:1] == (scoring.name,))
        if values:
            yield from _levels_of(worded, scoring, values)


def _levels_of(
    worded: WordedInstrument, scoring: ScoringDefinition, values: tuple[str, ...]
) -> Iterator[ValueLevel]:
    method = (
        f"Scored from the items by the definition “{scoring.name}” ({scoring.manual}) of "
        f"{worded.instrument.title} {worded.instrument.version}, SHA-256 {worded.instrument.sha256}."
    )
    for variable, data_type in (("QSSTRESC", "text"), ("QSSTRESN", "float")):
        yield ValueLevel(
            variable=variable,
            where="QSTESTCD",
            values=values,
            data_type="float" if data_type == "float" else "text",
            origin="Derived",
            source="Sponsor",
            method=method,
        )


def _list_own(release: Release, worded: WordedInstrument) -> tuple[Question, ...]:
    """List the items and scales of one version of an instrument."""
    key = (worded.instrument.code, worded.instrument.version)
    return tuple(q for q in list_questions(release) if (q.instrument, q.instrument_version) == key)
