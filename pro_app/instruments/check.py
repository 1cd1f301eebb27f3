"""Every rule that an instrument and its wording packs keep, applied at once."""

from functools import partial

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.rules import Rule, check_rules
from pro_app.errors import Problem
from pro_app.instruments import instrument_rules, scoring_rules, wording_rules
from pro_app.instruments.instrument import Instrument

_INSTRUMENT_RULES: tuple[Rule, ...] = (
    ((), instrument_rules.check_categories),
    (("items",), instrument_rules.check_item_numbers),
    (("response_sets",), instrument_rules.check_response_sets),
    (("items", "response_sets"), instrument_rules.check_item_responses),
    (("items", "blocks"), instrument_rules.check_blocks),
    (("items",), instrument_rules.check_item_codes),
    (("to_confirm",), instrument_rules.check_concerns),
    (("scoring",), scoring_rules.check_default_scoring),
    (("scoring",), scoring_rules.check_scale_codes),
    (("scoring", "items"), scoring_rules.check_scale_items),
    (("scoring", "items", "response_sets"), scoring_rules.check_scale_ranges),
    (("scoring",), scoring_rules.check_summaries),
    (("scoring", "items"), scoring_rules.check_score_codes),
)

_WORDING_RULES: tuple[Rule, ...] = (
    (("placeholder", "licence_reference"), wording_rules.check_licence),
    (("placeholder", "blocks"), wording_rules.check_placeholder_marks),
)

_RULES_WITH_INSTRUMENT = (
    (("instrument",), wording_rules.check_instrument_named),
    (("items",), wording_rules.check_worded_items),
    (("blocks",), wording_rules.check_worded_blocks),
    (("options",), wording_rules.check_worded_options),
    (("not_applicable_label",), wording_rules.check_not_applicable),
)


def check_instrument(definition: DefinitionFile) -> list[Problem]:
    """List everything wrong with an instrument definition, in the order of its lines."""
    return check_rules(definition, "instrument", _INSTRUMENT_RULES)


def check_wording(definition: DefinitionFile, instrument: Instrument | None = None) -> list[Problem]:
    """List everything wrong with a wording pack, alone or also against the `instrument` that it words."""
    rules = list(_WORDING_RULES)
    if instrument is not None:
        rules += [(needs, partial(rule, instrument=instrument)) for needs, rule in _RULES_WITH_INSTRUMENT]
    return check_rules(definition, "wording", rules)
