"""Every code that a dataset may hold, with its words in French and English."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pro_app.exports.codebook.fixed_codes import FIXED_CODES, KINDS
from pro_app.exports.release import WordedInstrument
from pro_app.instruments.instrument import Scale, SummaryScale
from pro_app.instruments.scale_names import scale_name
from pro_app.protocol.protocol import Protocol as TrialProtocol
from pro_app.protocol.rules import Label
from pro_app.scoring.deterioration.outcome import OUTCOMES


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a list of codes; `instrument` says which questionnaire it belongs to, if any."""

    codes: str
    code: str
    fr: str
    en: str
    instrument: str = ""


class _Labelled(Protocol):
    """What the protocol file gives a code and its words."""

    @property
    def code(self) -> str: ...
    @property
    def label(self) -> Label: ...


def list_codes(
    protocol: TrialProtocol, instruments: Sequence[WordedInstrument], visit_codes: Iterable[str]
) -> list[Code]:
    """List every code that the tables may hold; visits are those that `visit_codes` names."""
    return [
        *(Code("visit_code", code, *_both_visit_labels(protocol, code)) for code in visit_codes),
        *_protocol_codes(protocol),
        *(Code(name, *entry) for name, entries in FIXED_CODES.items() for entry in entries),
        *(Code("deterioration_outcome", code, words.fr, words.en) for code, words in OUTCOMES.items()),
        *(code for worded in instruments for code in _instrument_codes(worded)),
    ]


def group_codes(codes: Iterable[Code]) -> dict[str, list[Code]]:
    """Give the codes by list, both in their order."""
    lists: dict[str, list[Code]] = {}
    for code in codes:
        lists.setdefault(code.codes, []).append(code)
    return lists


def _protocol_codes(protocol: TrialProtocol) -> Iterator[Code]:
    """Give the codes that the protocol itself puts into words."""
    automatic = [reason for reason in protocol.missing_reasons if reason.automatic]
    lists: dict[str, Sequence[_Labelled]] = {
        "arm": protocol.arms,
        "phase": protocol.phases,
        "anchor": protocol.anchors,
        "event_kind": protocol.event_kinds,
        "plan_reason": (*protocol.plan_reasons, *automatic),
        "missing_reason": protocol.missing_reasons,
        "said_by": protocol.said_by,
        "respondent": protocol.respondents,
        "deterioration": protocol.analysis.deterioration,
    }
    for name, entries in lists.items():
        for entry in entries:
            yield Code(name, entry.code, *_both(entry.label))


def _instrument_codes(worded: WordedInstrument) -> Iterator[Code]:
    """Give the instrument, its items in the words of the packs, and its scales."""
    instrument = worded.instrument
    title = f"{instrument.title} ({instrument.version})"
    yield Code("instrument", instrument.code, title, title)
    for item in instrument.items:
        fr, en = (
            pack.items[item.number] if (pack := worded.wordings.get(language)) else ""
            for language in ("fr", "en")
        )
        yield Code("item", str(item.number), fr, en, instrument.code)
    for scale in worded.scoring.scales:
        yield Code("scale", scale.code, *_scale_labels(instrument.code, scale), instrument.code)
    if worded.scoring.summary:
        summary = worded.scoring.summary
        yield Code("scale", summary.code, *_summary_labels(instrument.code, summary), instrument.code)


def _scale_labels(instrument: str, scale: Scale) -> tuple[str, str]:
    items = ", ".join(str(number) for number in scale.items)
    name_fr, name_en = _scale_names(instrument, scale.code)
    fr, en = KINDS[scale.kind]
    return f"{name_fr} ({fr} ; items {items})", f"{name_en} ({en}; items {items})"


def _summary_labels(instrument: str, summary: SummaryScale) -> tuple[str, str]:
    scales = ", ".join(summary.scales)
    name_fr, name_en = _scale_names(instrument, summary.code)
    return (
        f"{name_fr} (plus haut = mieux ; moyenne de {scales})",
        f"{name_en} (higher is better; mean of {scales})",
    )


def _scale_names(instrument: str, scale: str) -> tuple[str, str]:
    return scale_name(instrument, scale, "fr"), scale_name(instrument, scale, "en")


def _both_visit_labels(protocol: TrialProtocol, code: str) -> tuple[str, str]:
    return protocol.visit_label(code, "fr"), protocol.visit_label(code, "en")


def _both(label: Label) -> tuple[str, str]:
    return label.text("fr"), label.text("en")
