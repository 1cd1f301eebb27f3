"""The rows of QS before they know their subject: from items, from scores, and for forms not done."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.cdisc.sdtm.frames import VISIT
from pro_app.exports.cdisc.sdtm.questions import (
    WHOLE_FORM,
    WHOLE_FORM_NAME,
    category_of,
    list_option_words,
    list_questions,
    make_question_table,
)
from pro_app.exports.cdisc.sdtm.reasons import FORM_NOT_REACHED, ITEM_REASONS, SCORE_REASONS, reason_words
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

NOT_DONE, NOT_APPLICABLE = "NOT DONE", "NOT APPLICABLE"
_FORM = (*VISIT, "instrument", "instrument_version")
_COLUMNS = (
    *_FORM,
    "rank",
    "mode",
    "entered_by",
    "wording_sha256",
    "response_version",
    "QSTESTCD",
    "QSTEST",
    "QSCAT",
    "QSSPID",
    "QSORRES",
    "QSSTRESC",
    "QSSTRESN",
    "QSSTAT",
    "QSREASND",
    "QSDRVFL",
    "QSEVLINT",
)
_LABELS = pl.Schema(
    {
        "instrument": pl.String(),
        "instrument_version": pl.String(),
        "item": pl.Int64(),
        "value": pl.Int64(),
        "QSORRES": pl.String(),
    }
)


def list_rows(tables: Tables, release: Release) -> pl.DataFrame:
    """Give all rows of a batch; `rank` is their order within a visit."""
    questions = make_question_table(list_questions(release))
    items = tables["items"].filter(pl.col("is_current") & (pl.col("state") != "not_expected"))
    is_empty = pl.col("state").is_in(["form_missing", "not_reached"])
    # What was not opened at all is one thing not done, not thirty.
    done = items.filter(~is_empty.all().over(_FORM))
    not_done = items.filter(is_empty.all().over(_FORM)).unique(_FORM, maintain_order=True)
    scores = tables["scores"].filter("is_current").join(not_done, on=_FORM, how="anti", maintain_order="left")
    parts = (
        _item_rows(done, release, questions),
        _score_rows(scores, questions),
        _undone_rows(not_done, tables, release),
    )
    return pl.concat(part.select(_COLUMNS) for part in parts)


def _item_rows(items: pl.DataFrame, release: Release, questions: pl.DataFrame) -> pl.DataFrame:
    labels = pl.DataFrame(list(_list_labels(release)), schema=_LABELS, orient="row")
    asked = items.with_columns(pl.col("item").cast(pl.String).alias("source"))
    rows = asked.join(_named(questions, derived=False), on=[*_FORM[4:], "source"], how="left")
    rows = rows.join(labels, on=["instrument", "instrument_version", "item", "value"], how="left")
    applicable = pl.col("state") != "not_applicable"
    reason = pl.col("state").replace_strict(ITEM_REASONS, default=None, return_dtype=pl.String)
    text = pl.col("value").cast(pl.String)
    return rows.with_columns(
        pl.when(applicable)
        .then(pl.coalesce("QSORRES", text))
        .otherwise(pl.lit(NOT_APPLICABLE))
        .alias("QSORRES"),
        pl.when(applicable).then(text).otherwise(pl.lit(NOT_APPLICABLE)).alias("QSSTRESC"),
        pl.col("value").cast(pl.Float64).alias("QSSTRESN"),
        pl.when(reason.is_not_null()).then(pl.lit(NOT_DONE)).alias("QSSTAT"),
        reason.alias("QSREASND"),
        pl.lit(None, dtype=pl.String).alias("QSDRVFL"),
    )


def _score_rows(scores: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    rows = scores.rename({"scale": "source"})
    named = _named(questions.explode("scorings"), derived=True, scoring=pl.col("scorings"))
    rows = rows.join(named, on=[*_FORM[4:], "source", "scoring_name"], how="left")
    scored = pl.col("value").is_not_null()
    why = pl.col("reason").replace_strict(SCORE_REASONS, default=pl.col("reason"), return_dtype=pl.String)
    absent = pl.lit(None, dtype=pl.String)
    return rows.with_columns(
        absent.alias("QSORRES"),
        pl.col("value").cast(pl.String).str.strip_suffix(".0").alias("QSSTRESC"),
        pl.col("value").alias("QSSTRESN"),
        pl.when(~scored).then(pl.lit(NOT_DONE)).alias("QSSTAT"),
        pl.when(~scored).then(why).alias("QSREASND"),
        pl.lit("Y").alias("QSDRVFL"),
        *(absent.alias(name) for name in ("mode", "entered_by", "wording_sha256")),
    )


def _undone_rows(forms: pl.DataFrame, tables: Tables, release: Release) -> pl.DataFrame:
    """Give one row QSALL for each questionnaire of which nothing was answered."""
    reasons = tables["assessments"].select(*VISIT, "observed_on", reason_words(release).alias("QSREASND"))
    schema = {"instrument": pl.String(), "instrument_version": pl.String(), "QSCAT": pl.String()}
    categories = pl.DataFrame(
        [(w.instrument.code, w.instrument.version, category_of(w)) for w in release.instruments],
        schema=schema,
        orient="row",
    ).with_row_index("rank")
    absent = pl.lit(None, dtype=pl.String)
    names = ("mode", "entered_by", "wording_sha256", "QSORRES", "QSSTRESC", "QSDRVFL", "QSEVLINT", "QSSPID")
    return (
        forms.join(reasons, on=VISIT, how="left")
        .join(categories, on=_FORM[4:], how="left")
        .with_columns(
            pl.lit(WHOLE_FORM).alias("QSTESTCD"),
            pl.lit(WHOLE_FORM_NAME).alias("QSTEST"),
            pl.lit(None, dtype=pl.Float64).alias("QSSTRESN"),
            pl.lit(NOT_DONE).alias("QSSTAT"),
            # Somebody who opened the form and gave no answer at all has the reason that was recorded.
            pl.when((pl.col("state") == "not_reached") & pl.col("observed_on").is_not_null())
            .then(pl.lit(FORM_NOT_REACHED))
            .otherwise("QSREASND")
            .alias("QSREASND"),
            *(absent.alias(name) for name in names),
        )
    )


def _named(questions: pl.DataFrame, *, derived: bool, scoring: pl.Expr | None = None) -> pl.DataFrame:
    """Give the questions under the names that they have in QS, with `scoring_name` where it is given."""
    return questions.filter(pl.col("derived") == derived).select(
        "instrument",
        "instrument_version",
        "source",
        "rank",
        pl.col("test_code").alias("QSTESTCD"),
        pl.col("test").alias("QSTEST"),
        pl.col("category").alias("QSCAT"),
        pl.col("recall").alias("QSEVLINT"),
        pl.col("source").alias("QSSPID"),
        *([] if scoring is None else [scoring.alias("scoring_name")]),
    )


def _list_labels(release: Release) -> Iterator[tuple[str, str, int, int, str]]:
    for worded in release.instruments:
        words = list_option_words(worded)
        instrument = worded.instrument
        for item in instrument.items:
            for value, text in words[item.response_set].items():
                yield instrument.code, instrument.version, item.number, value, text
