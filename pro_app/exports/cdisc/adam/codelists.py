"""The lists of values of the analysis datasets."""

from collections.abc import Iterable

from pro_app.exports.cdisc.adam.adsl import ENDS, STATUSES
from pro_app.exports.cdisc.adam.adtte import CENSORING_DATES, EVENTS, TIME_UNIT
from pro_app.exports.cdisc.adam.parameters import (
    COMPLETION_GROUP,
    GROUPS,
    SUMMARY_GROUP,
    Parameter,
    list_completion_parameters,
    list_event_parameters,
    list_scale_parameters,
)
from pro_app.exports.cdisc.adam.score_rows import CHANGES, REASONS
from pro_app.exports.cdisc.adam.windows import WINDOW_UNIT
from pro_app.exports.cdisc.codelist import Codelist, Term
from pro_app.exports.cdisc.sdtm.codelists import list_sdtm_codelists
from pro_app.exports.release import Release
from pro_app.scoring.deterioration.outcome import OUTCOMES

_SHARED = ("NY", "Y", "SEX", "AGEU")
"""The lists that the tabulation datasets have, too."""


def list_adam_codelists(release: Release) -> tuple[Codelist, ...]:
    """List every codelist that the variables of ADSL, ADQS and ADTTE name."""
    scores = (*list_scale_parameters(release), *list_completion_parameters(release))
    shared = {codelist.code: codelist for codelist in list_sdtm_codelists(release)}
    return (
        *(shared[code] for code in _SHARED),
        *_FIXED,
        Codelist("ADQS.PARAMCD", "Parameters of ADQS", "text", _parameter_terms(scores)),
        Codelist(
            "ADTTE.PARAMCD", "Parameters of ADTTE", "text", _parameter_terms(list_event_parameters(release))
        ),
    )


def _parameter_terms(parameters: Iterable[Parameter]) -> tuple[Term, ...]:
    return tuple(Term(parameter.code, parameter.text) for parameter in parameters)


def _texts(code: str, label: str, values: Iterable[str]) -> Codelist:
    """Make a list of the sponsor's own whose values explain themselves."""
    return Codelist(code, label, "text", tuple(Term(value) for value in dict.fromkeys(values)))


def _censor_terms() -> tuple[Term, ...]:
    """Give 0 for all events, then one number for each cause of censoring."""
    causes = [(o.censoring_number, o.en) for o in OUTCOMES.values() if o.censoring_number is not None]
    return (
        Term("0", "Event"),
        *(Term(str(number), words) for number, words in sorted(causes)),
    )


_ENDINGS = [words.en for code, words in OUTCOMES.items() if code in EVENTS or code in CENSORING_DATES]
_FIXED = (
    _texts("EOSSTT", "End of Study Status", STATUSES),
    _texts("DCSREAS", "Reason for Discontinuation", (reason for _, reason in ENDS)),
    _texts("PARCAT2", "Kind of Parameter", (*GROUPS.values(), SUMMARY_GROUP, COMPLETION_GROUP)),
    _texts("CHGCAT1", "Direction of Change", CHANGES.values()),
    _texts("NSREASN", "Reason Not Scored", REASONS.values()),
    _texts("AWU", "Unit of Windows", (WINDOW_UNIT,)),
    _texts("AVALU", "Unit of Times", (TIME_UNIT,)),
    Codelist("CNSR", "Censoring", "integer", _censor_terms()),
    _texts("EVNTDESC", "Event or Cause of Censoring", _ENDINGS),
    _texts("CNSDTDSC", "Date of Censoring", CENSORING_DATES.values()),
)
