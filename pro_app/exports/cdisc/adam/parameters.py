"""The parameters of ADQS and ADTTE: one for each scale, form count, and definition of deterioration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from pro_app.exports.release import Release, WordedInstrument
from pro_app.exports.remarks import Remark
from pro_app.instruments.instrument import ScaleKind
from pro_app.instruments.scale_names import scale_name

LONGEST_CODE = 8
"""PARAMCD becomes a variable name where the dataset is turned round; SAS names have at most 8 letters."""

SUMMARY_GROUP = "Summary Score"
COMPLETION_GROUP = "Completion"
FORMS = "Questionnaires"

GROUPS: dict[ScaleKind, str] = {
    "functional": "Functional Scales",
    "symptom": "Symptom Scales",
    "global": "Global Health Status",
}

_COMPLETION = (
    ("EXPECTED", "expected", "Form Expected"),
    ("RECEIVED", "received", "Form Received"),
    ("VALID", "valid", "Form Received with at Least One Scale Scored"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter; `source` is the scale code, or the column of the table `assessments`."""

    number: int
    code: str
    text: str
    category: str
    group: str
    source: str
    instrument: str = ""
    definition: str = ""


def list_scale_parameters(release: Release) -> tuple[Parameter, ...]:
    """List the scales of all instruments of the release; versions of an instrument share theirs."""
    found: dict[tuple[str, str], Parameter] = {}
    codes: set[str] = set()
    for worded in release.instruments:
        for scale, group, preferred in _list_scales(worded):
            key = (worded.instrument.code, scale)
            if key in found:
                continue
            code = find_free_code(preferred, codes)
            category = worded.instrument.title
            found[key] = Parameter(
                number=len(found) + 1,
                code=code,
                text=f"{category}: {scale_name(worded.instrument.code, scale, 'en')}",
                category=category,
                group=group,
                source=scale,
                instrument=worded.instrument.code,
            )
    return tuple(found.values())


def list_completion_parameters(release: Release) -> tuple[Parameter, ...]:
    """List the three counts of each planned form, numbered after the scales."""
    first = len(list_scale_parameters(release)) + 1
    return tuple(
        Parameter(number=number, code=code, text=text, category=FORMS, group=COMPLETION_GROUP, source=column)
        for number, (code, column, text) in enumerate(_COMPLETION, start=first)
    )


def list_event_parameters(release: Release) -> tuple[Parameter, ...]:
    """List every declared definition of deterioration with every scale: T<n of the definition><PARAMCD>.

    A code of more than 8 letters is cut, and numbered where that makes two alike.
    """
    found: list[Parameter] = []
    codes: set[str] = set()
    scales = list_scale_parameters(release)
    for rank, definition in enumerate(release.protocol.analysis.deterioration, start=1):
        label = definition.label.text("en")
        found += [
            Parameter(
                number=len(found) + place,
                code=find_free_code(f"T{rank}{scale.code}", codes),
                text=f"{label} - {scale.text}",
                category=scale.category,
                group=label,
                source=scale.source,
                instrument=scale.instrument,
                definition=definition.code,
            )
            for place, scale in enumerate(filter(lambda s: definition.covers(s.source), scales), start=1)
        ]
    return tuple(found)


def find_free_code(preferred: str, taken: set[str]) -> str:
    """Cut a code to 8 letters, make its end a number where it is taken, and take it."""
    code, number = preferred[:LONGEST_CODE], 1
    while code in taken:
        number += 1
        code = preferred[: LONGEST_CODE - len(str(number))] + str(number)
    taken.add(code)
    return code


def make_parameter_table(parameters: Sequence[Parameter]) -> pl.DataFrame:
    """Give the parameters as a table to join by: instrument, source, definition and the PARAM variables."""
    columns = {
        "instrument": [parameter.instrument for parameter in parameters],
        "source": [parameter.source for parameter in parameters],
        "definition": [parameter.definition for parameter in parameters],
        "PARAM": [parameter.text for parameter in parameters],
        "PARAMCD": [parameter.code for parameter in parameters],
        "PARAMN": [parameter.number for parameter in parameters],
        "PARCAT1": [parameter.category for parameter in parameters],
        "PARCAT2": [parameter.group for parameter in parameters],
    }
    types = {name: pl.Int64() if name == "PARAMN" else pl.String() for name in columns}
    return pl.DataFrame(columns, schema=types)


def name_unknown(rows: pl.DataFrame, prefix: str = "") -> pl.DataFrame:
    """Name the parameter of rows whose scale or definition the release does not know by what they say.

    Such rows have no PARAMN; ADQS and ADTTE remark on them. They can come from an older protocol.
    """
    category = pl.col("instrument")
    return rows.with_columns(
        pl.coalesce("PARAMCD", (pl.lit(prefix) + pl.col("scale")).str.slice(0, LONGEST_CODE)).alias(
            "PARAMCD"
        ),
        pl.coalesce("PARAM", pl.format("{}: {}", category, "scale")).alias("PARAM"),
        pl.coalesce("PARCAT1", category).alias("PARCAT1"),
    )


def remark_on_unknown(rows: pl.DataFrame, dataset: str) -> Iterator[Remark]:
    """Say which parameters of the rows the release does not know."""
    unknown = rows.filter(pl.col("PARAMN").is_null())
    for code, text in unknown.select("PARAMCD", "PARAM").unique().sort("PARAMCD", "PARAM").iter_rows():
        yield Remark(
            f"{dataset.lower()}_unknown_parameter",
            f"Paramètre {code} ({text}) : inconnu des définitions de ce gel, sans numéro.",
            f"Parameter {code} ({text}): unknown to the definitions of this release, without a number.",
            dataset,
        )


def _list_scales(worded: WordedInstrument) -> Iterator[tuple[str, str, str]]:
    """Give code, group and preferred PARAMCD of each scale; a summary score carries its test code."""
    for scale in worded.scoring.scales:
        yield scale.code, GROUPS[scale.kind], scale.code
    summary = worded.scoring.summary
    if summary:
        yield summary.code, SUMMARY_GROUP, summary.sponsor_testcd or summary.code
