"""What AVAL holds for each parameter: the formula of each scale, the rule of each time to deterioration."""

from typing import Literal

from pro_app.exports.cdisc.adam.parameters import (
    list_completion_parameters,
    list_event_parameters,
    list_scale_parameters,
)
from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.release import Release
from pro_app.instruments.instrument import Scale, ScaleKind, SummaryScale
from pro_app.protocol.analysis import DeteriorationDefinition, DeteriorationKind, TimeZero

_WORSE = "worse than the reference by at least the minimal difference"
_BETTER = "better by more than the minimal difference"
_KINDS: dict[DeteriorationKind, str] = {
    "first": f"the first score {_WORSE}",
    "definitive_1": f"the first score {_WORSE}, no later one being {_BETTER} than the reference",
    "definitive_2": f"the first score {_WORSE}, as are all later ones",
    "definitive_3": f"the first score {_WORSE}, no later one being {_BETTER} than that score",
}
_STARTS: dict[TimeZero, str] = {"randomisation": "randomisation", "first_record": "the first record"}
_FORMULAS: dict[ScaleKind, str] = {
    "functional": "100 * (1 - (RS - 1) / {range})",
    "symptom": "100 * (RS - 1) / {range}",
    "global": "100 * (RS - 1) / {range}",
}


def list_score_levels(release: Release) -> tuple[ValueLevel, ...]:
    """Say for each parameter of ADQS how AVAL is computed."""
    scales = {
        (worded.instrument.code, scale.code): _say_scale(scale)
        for worded in reversed(release.instruments)
        for scale in worded.scoring.scales
    }
    summaries = {
        (worded.instrument.code, worded.scoring.summary.code): _say_summary(worded.scoring.summary)
        for worded in reversed(release.instruments)
        if worded.scoring.summary
    }
    methods = scales | summaries
    scores = tuple(
        _level("float", (parameter.code,), method=methods[parameter.instrument, parameter.source])
        for parameter in list_scale_parameters(release)
    )
    codes = tuple(parameter.code for parameter in list_completion_parameters(release))
    return (*scores, _level("integer", codes, method="1 where it holds for the form, else 0."))


def list_event_levels(release: Release) -> tuple[ValueLevel, ...]:
    """Say for each definition of deterioration how AVAL of ADTTE is computed."""
    parameters = list_event_parameters(release)
    return tuple(
        _level(
            "float",
            tuple(p.code for p in parameters if p.definition == definition.code),
            method=_say_definition(definition),
        )
        for definition in release.protocol.analysis.deterioration
    )


def _level(data_type: Literal["float", "integer"], values: tuple[str, ...], *, method: str) -> ValueLevel:
    return ValueLevel(
        variable="AVAL",
        where="PARAMCD",
        values=values,
        data_type=data_type,
        origin="Derived",
        source="Sponsor",
        method=method,
    )


def _say_scale(scale: Scale) -> str:
    items = ", ".join(str(number) for number in scale.items)
    formula = _FORMULAS[scale.kind].format(range=scale.item_range)
    return f"{formula}, RS the mean of the answered items of {items}; at least {scale.needed} answered."


def _say_summary(summary: SummaryScale) -> str:
    scales = ", ".join(
        f"100 - {code}" if code in summary.reversed_scales else code for code in summary.scales
    )
    return f"Mean of {scales}; all of them needed."


def _say_definition(definition: DeteriorationDefinition) -> str:
    """Say every choice of a definition of deterioration."""
    rule = definition.rule
    return (
        f"Months (30.4375 days) from {_STARTS[rule.time_zero]} to {_KINDS[rule.kind]}. Reference: "
        f"{rule.reference} score. Death: {rule.death}. No baseline score: {_plain(rule.no_baseline)}. "
        f"No score after the baseline: {_plain(rule.no_follow_up)}. Without any: censored at the last score."
    )


def _plain(code: str) -> str:
    return code.replace("_day_", " at day ")
