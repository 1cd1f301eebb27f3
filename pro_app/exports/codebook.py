"""The codebook of a dataset: every column and every code in French and English, as CSV and as a page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pro_app.exports.columns import TABLES, Column, TableDefinition
from pro_app.exports.datasets import Row
from pro_app.instruments.instrument import Instrument, Scale, ScoringDefinition, SummaryScale
from pro_app.instruments.wording import WordingPack
from pro_app.protocol.protocol import Protocol as TrialProtocol
from pro_app.protocol.rules import Label

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

CODEBOOK = TableDefinition(
    "codebook",
    "une table, une colonne ou un code",
    "one table, column or code",
    (
        Column("kind", "text", "table, column ou code", "table, column or code"),
        Column("table", "text", "Table", "Table"),
        Column("name", "text", "Nom ou code", "Name or code"),
        Column("type", "text", "Type de la colonne", "Type of the column"),
        Column("codes", "text", "Liste de codes", "List of codes"),
        Column("instrument", "text", "Questionnaire du code", "Questionnaire of the code"),
        Column("label_fr", "text", "Libellé en français", "French label"),
        Column("label_en", "text", "Libellé en anglais", "English label"),
    ),
)

_FIXED_CODES = {
    "state": (
        ("planned", "prévu", "planned"),
        ("open", "attendu", "open"),
        ("started", "commencé", "started"),
        ("submitted", "reçu dans la période", "received within its window"),
        ("late", "reçu après la période", "received after its window"),
        ("incomplete", "commencé, jamais envoyé", "begun, never sent"),
        ("missed", "manquant", "missed"),
        ("not_required", "non requis", "not required"),
    ),
    "item_state": (
        ("answered", "répondu", "answered"),
        ("declined", "préfère ne pas répondre", "prefers not to answer"),
        ("left_blank", "laissé vide", "left blank"),
        ("not_applicable", "sans objet", "not applicable"),
        ("not_reached", "jamais affiché", "never shown"),
    ),
    "mode": (
        ("own_device", "appareil de la personne", "the person’s own device"),
        ("site_tablet", "tablette du centre", "tablet of the site"),
        ("interview", "entretien avec le centre", "interview by the site"),
        ("paper", "papier, saisi par le centre", "paper, entered by the site"),
    ),
    "score_reason": (
        ("too_few_answers", "moins de la moitié des items répondus", "fewer than half of the items answered"),
        ("scale_missing", "une échelle du score résumé manque", "a scale of the summary score is missing"),
    ),
}

_KINDS = {
    "functional": ("fonctionnelle, plus haut = mieux", "functional, higher is better"),
    "global": ("globale, plus haut = mieux", "global, higher is better"),
    "symptom": ("symptôme, plus haut = plus marqué", "symptom, higher is worse"),
}


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


@dataclass(frozen=True, slots=True)
class WordedInstrument:
    """An instrument that the study uses, how it is scored, and its wording by language."""

    instrument: Instrument
    scoring: ScoringDefinition
    wordings: Mapping[str, WordingPack]


def list_codes(
    protocol: TrialProtocol, instruments: Sequence[WordedInstrument], visit_codes: Iterable[str]
) -> list[Code]:
    """List every code that the tables may hold; visits are those that `visit_codes` names."""
    return [
        *(Code("visit_code", code, *_both_visit_labels(protocol, code)) for code in visit_codes),
        *_protocol_codes(protocol),
        *(Code(name, *entry) for name, entries in _FIXED_CODES.items() for entry in entries),
        *(code for worded in instruments for code in _instrument_codes(worded)),
    ]


def list_codebook_rows(codes: Sequence[Code]) -> Iterator[Row]:
    """Give the rows of `codebook.csv`: tables, their columns, then the codes."""
    empty = {column.name: None for column in CODEBOOK.columns}
    for table in TABLES:
        yield empty | {"kind": "table", "name": table.name, "label_fr": table.fr, "label_en": table.en}
        for column in table.columns:
            yield empty | {
                "kind": "column",
                "table": table.name,
                "name": column.name,
                "type": column.type,
                "codes": column.codes or None,
                "label_fr": column.fr,
                "label_en": column.en,
            }
    for code in codes:
        yield empty | {
            "kind": "code",
            "name": code.code,
            "codes": code.codes,
            "instrument": code.instrument or None,
            "label_fr": code.fr,
            "label_en": code.en,
        }


def render_codebook(manifest: Mapping[str, object], codes: Sequence[Code]) -> str:
    """Write the codebook as a page of its own that needs nothing from anywhere."""
    lists: dict[str, list[Code]] = {}
    for code in codes:
        lists.setdefault(code.codes, []).append(code)
    template = _TEMPLATES.get_template("codebook.html.jinja")
    return template.render(manifest=manifest, tables=TABLES, lists=lists)


def _protocol_codes(protocol: TrialProtocol) -> Iterator[Code]:
    """Give the codes that the protocol itself puts into words."""
    automatic = [reason for reason in protocol.missing_reasons if reason.automatic]
    lists: dict[str, Sequence[_Labelled]] = {
        "arm": protocol.arms,
        "plan_reason": (*protocol.plan_reasons, *automatic),
        "missing_reason": protocol.missing_reasons,
        "said_by": protocol.said_by,
        "respondent": protocol.respondents,
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
        yield Code("scale", scale.code, *_scale_labels(scale), instrument.code)
    if worded.scoring.summary:
        summary = worded.scoring.summary
        yield Code("scale", summary.code, *_summary_labels(summary), instrument.code)


def _scale_labels(scale: Scale) -> tuple[str, str]:
    items = ", ".join(str(number) for number in scale.items)
    fr, en = _KINDS[scale.kind]
    return f"Échelle {fr} ; items {items}", f"Scale, {en}; items {items}"


def _summary_labels(summary: SummaryScale) -> tuple[str, str]:
    scales = ", ".join(summary.scales)
    return (
        f"Score résumé, plus haut = mieux ; moyenne de {scales}",
        f"Summary score, higher is better; mean of {scales}",
    )


def _both_visit_labels(protocol: TrialProtocol, code: str) -> tuple[str, str]:
    return protocol.visit_label(code, "fr"), protocol.visit_label(code, "en")


def _both(label: Label) -> tuple[str, str]:
    return label.text("fr"), label.text("en")
