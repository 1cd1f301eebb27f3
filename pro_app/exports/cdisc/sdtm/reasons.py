"""Why something is missing, in the words of the protocol."""

import polars as pl

from pro_app.exports.release import Release

NOT_RECORDED = "REASON NOT RECORDED"

FORM_NOT_REACHED = "QUESTIONNAIRE NOT REACHED"
"""The form was begun, and nothing of this questionnaire was shown."""

ITEM_REASONS = {
    "declined": "SUBJECT PREFERRED NOT TO ANSWER",
    "left_blank": "LEFT BLANK",
    "not_reached": "QUESTION NOT REACHED",
    "form_missing": "QUESTION NOT REACHED",
}
"""QSREASND by what became of an item."""

SCORE_REASONS = {
    "too_few_answers": "TOO FEW ITEMS ANSWERED",
    "scale_missing": "A SCALE OF THE SUMMARY SCORE IS MISSING",
}
"""QSREASND by the reason why there is no score."""


def reason_words(release: Release) -> pl.Expr:
    """Say why a form is missing, from `missing_reason`, else `plan_reason`."""
    protocol = release.protocol
    codes = [reason.code for reason in protocol.missing_reasons]
    codes += [reason.code for reason in protocol.plan_reasons]
    words = {code: protocol.reason_label(code, "en").upper() for code in codes}
    code = pl.coalesce("missing_reason", "plan_reason")
    return code.replace_strict(words, default=code, return_dtype=pl.String).fill_null(NOT_RECORDED)
