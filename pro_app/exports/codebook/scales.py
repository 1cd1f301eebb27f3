"""What each scale is made of and how its scores are to be read, for the codebook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pro_app.exports.codebook.fixed_codes import KINDS
from pro_app.exports.release import WordedInstrument
from pro_app.instruments.instrument import Scale, SummaryScale
from pro_app.instruments.scale_names import scale_name
from pro_app.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class ScaleFacts:
    """One scale; `parts` are its items, or the scales of a summary, `needed` how many must be there.

    `testcd` is CDISC's code or, marked so, the sponsor's; `important` is the bound of clinical importance.
    """

    instrument: str
    version: str
    scoring: str
    code: str
    name_fr: str
    name_en: str
    kind_fr: str
    kind_en: str
    parts: str
    needed: int
    testcd: str
    minimal_difference: float
    important: str


def list_scales(protocol: Protocol, instruments: Sequence[WordedInstrument]) -> list[ScaleFacts]:
    """List the scales of all instruments in their published order, the summary last."""
    return [facts for worded in instruments for facts in _list_scales(protocol, worded)]


def _list_scales(protocol: Protocol, worded: WordedInstrument) -> Iterator[ScaleFacts]:
    scoring = worded.scoring
    for scale in scoring.scales:
        parts = ", ".join(str(number) for number in scale.items)
        yield _facts(protocol, worded, scale, kind=scale.kind, parts=parts, needed=scale.needed)
    if scoring.summary:
        summary = scoring.summary
        parts = ", ".join(f"100 − {s}" if s in summary.reversed_scales else s for s in summary.scales)
        yield _facts(protocol, worded, summary, kind="global", parts=parts, needed=len(summary.scales))


def _facts(
    protocol: Protocol,
    worded: WordedInstrument,
    scale: Scale | SummaryScale,
    *,
    kind: str,
    parts: str,
    needed: int,
) -> ScaleFacts:
    fr, en = KINDS[kind]
    return ScaleFacts(
        instrument=worded.instrument.code,
        version=worded.instrument.version,
        scoring=worded.scoring.name,
        code=scale.code,
        name_fr=scale_name(worded.instrument.code, scale.code, "fr"),
        name_en=scale_name(worded.instrument.code, scale.code, "en"),
        kind_fr=fr,
        kind_en=en,
        parts=parts,
        needed=needed,
        testcd=_testcd(scale),
        minimal_difference=protocol.thresholds.minimal_difference_of(scale.code),
        important=_importance(protocol, scale.code),
    )


def _testcd(scale: Scale | SummaryScale) -> str:
    published = scale.cdisc_testcd if isinstance(scale, Scale) else None
    return published or (f"{scale.sponsor_testcd} (sponsor)" if scale.sponsor_testcd else "")


def _importance(protocol: Protocol, scale_code: str) -> str:
    bound = protocol.thresholds.clinical_importance.bounds.get(scale_code)
    return f"{'<' if bound.side == 'below' else '>'} {bound.value:g}" if bound else ""
