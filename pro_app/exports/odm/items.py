"""Answers as ItemData: each value with who entered it where and when, and what became of the item without."""

from collections.abc import Iterator

import polars as pl

from pro_app.exports.odm.code_lists import FLAG_TYPE, ITEM_STATE, MODE, NOT_APPLICABLE, WORDING
from pro_app.exports.odm.columns import render_moments
from pro_app.exports.odm.identifiers import form_oid, group_oid, item_oid
from pro_app.exports.release import Release

VISIT = ("participant_code", "visit_code", "ordinal")
FORM = (*VISIT, "instrument", "instrument_version", "response_version")
VisitKey = tuple[object, ...]
"""The values of `VISIT`."""

NEVER_OPENED = ("form_missing", "not_expected")
"""States of the items of a form of which there is no response."""

_CORRECTED = "Correction asked for by the participant"
_REASON = f"<ReasonForChange>{_CORRECTED}</ReasonForChange>"


def make_item_index(release: Release) -> pl.DataFrame:
    """Give the opening tags of each item and of the elements around it, by instrument, version and number."""
    schema = {
        "instrument": pl.String,
        "instrument_version": pl.String,
        "item": pl.Int64,
        "block": pl.Int64,
        "na_allowed": pl.Boolean,
        "item_tag": pl.String,
        "group_tag": pl.String,
        "form_tag": pl.String,
    }
    return pl.DataFrame(list(_index_rows(release)), schema=schema, orient="row")


def match_items(items: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """Give the items that have a definition, each with its tags."""
    item = ["instrument", "instrument_version", "item"]
    return items.join(index, on=item, how="inner", maintain_order="left")


def render_forms(items: pl.DataFrame) -> dict[VisitKey, list[str]]:
    """Write the answers of a batch as FormData: pieces of text for each visit, in order.

    `items` come from `match_items`, their texts escaped, those of a form in a row. A later version of a
    response is an update of the earlier one; what it leaves as it was is context. The pieces are joined
    once, when they are written: each joining on the way would copy everything again.
    """
    never_opened = pl.col("state").is_in(NEVER_OPENED)
    pieces: dict[VisitKey, list[str]] = {}
    for visit, content in _list_opened(items.filter(~never_opened)):
        pieces.setdefault(visit, []).extend(content)
    for visit, content in _list_never_opened(items.filter(never_opened)):
        pieces.setdefault(visit, []).extend(content)
    return pieces


def _index_rows(release: Release) -> Iterator[tuple[object, ...]]:
    for worded in release.instruments:
        instrument = worded.instrument
        code, version = instrument.code, instrument.version
        for place, block in enumerate(instrument.blocks):
            for number in block.items:
                yield (
                    code,
                    version,
                    number,
                    place,
                    instrument.items_by_number[number].na_allowed,
                    f'<ItemData ItemOID="{item_oid(code, version, number)}" TransactionType="',
                    f'<ItemGroupData ItemGroupOID="{group_oid(code, version, block.code)}" TransactionType="',
                    f'<FormData FormOID="{form_oid(code, version)}" TransactionType="',
                )


def _list_opened(opened: pl.DataFrame) -> Iterator[tuple[VisitKey, list[str]]]:
    """Give each form with its annotation, its groups and their items."""
    frame = _add_transactions(opened).with_columns(
        pl.struct(FORM).rle_id().alias("form"), pl.struct(*FORM, "block").rle_id().alias("group")
    )
    items = frame.select(_item()).to_series().to_list()
    groups = frame.group_by("form", "group", maintain_order=True).agg(
        pl.len(), head=_tag("group_tag").first()
    )
    groups_of = groups.group_by("form", maintain_order=True).agg("len", "head")
    modes = pl.col("mode").drop_nulls().unique().sort()
    forms = (
        frame.group_by("form", maintain_order=True)
        .agg(pl.col(*VISIT, "wording_sha256").first(), modes, head=_tag("form_tag").first())
        .select(*VISIT, pl.concat_str("head", _form_annotation()))
    )
    start = 0
    for form, (_form, counts, heads) in zip(forms.iter_rows(), groups_of.iter_rows(), strict=True):
        pieces = [form[-1]]
        for count, head in zip(counts, heads, strict=True):
            pieces += [head, *items[start : start + count], "</ItemGroupData>"]
            start += count
        yield form[:-1], [*pieces, "</FormData>"]


def _list_never_opened(items: pl.DataFrame) -> Iterator[tuple[VisitKey, list[str]]]:
    """Give a form without answers, flagged with why."""
    keys = (*VISIT, "instrument", "instrument_version")
    forms = items.group_by(keys, maintain_order=True).agg(pl.col("form_tag", "state").first())
    flag = _annotation(_flag(pl.col("state"), ITEM_STATE, "NO_VALUE"))
    xml = pl.concat_str("form_tag", pl.lit('Insert">'), flag, pl.lit("</FormData>"))
    for *visit, form in forms.select(*VISIT, xml).iter_rows():
        yield tuple(visit), [form]


def _tag(name: str) -> pl.Expr:
    """Close the opening tag of a form or of a group of items."""
    return pl.concat_str(name, "form_change", pl.lit('">'))


def _add_transactions(items: pl.DataFrame) -> pl.DataFrame:
    """Add what an item, and its form, does to what stood before: Insert, Update or Context."""
    insert = pl.lit("Insert")
    later = pl.col("response_version") > 1
    if not items.select(later.any()).item():
        return items.with_columns(change=insert, form_change=insert)
    # Corrections are few: only their rows are compared, with those of the version before.
    numbered = items.with_row_index("row")
    item = (*VISIT, "instrument", "instrument_version", "item", "response_version")
    before = numbered.select(*item, state_before="state", value_before="value").with_columns(
        pl.col("response_version") + 1
    )
    corrections = numbered.filter(later).join(before, on=item, how="inner", maintain_order="left")
    same = pl.col("state").eq_missing(pl.col("state_before")) & pl.col("value").eq_missing(
        pl.col("value_before")
    )
    changes = corrections.select(
        "row", change=pl.when(same).then(pl.lit("Context")).otherwise(pl.lit("Update"))
    )
    return (
        numbered.join(changes, on="row", how="left", maintain_order="left")
        .with_columns(
            form_change=pl.when(pl.col("change").is_null()).then(insert).otherwise(pl.lit("Update"))
        )
        .with_columns(pl.col("change").fill_null(insert))
    )


def _item() -> pl.Expr:
    """Write one ItemData with its audit record, or with IsNull and a flag that says why."""
    answer = (
        pl.when(pl.col("state") == "answered")
        .then(pl.col("value").cast(pl.String))
        .when((pl.col("state") == "not_applicable") & pl.col("na_allowed"))
        .then(pl.lit(NOT_APPLICABLE))
    )
    nothing = _annotation(_flag(pl.col("state"), ITEM_STATE, "NO_VALUE"))
    return pl.concat_str(
        "item_tag",
        "change",
        pl.concat_str(pl.lit('" Value="'), answer, pl.lit('">')).fill_null('" IsNull="Yes">'),
        _audit_record().fill_null(""),
        pl.when(answer.is_null()).then(nothing).otherwise(pl.lit("")),
        pl.lit("</ItemData>"),
    )


def _audit_record() -> pl.Expr:
    """Write who entered an answer where and when, and by which operation; null where nobody did anything."""
    reason = pl.when(pl.col("change") == "Update").then(pl.lit(_REASON)).otherwise(pl.lit(""))
    return pl.concat_str(
        pl.lit('<AuditRecord><UserRef UserOID="USER.'),
        "entered_by",
        pl.lit('"/><LocationRef LocationOID="LOC.'),
        "site",
        pl.lit('"/><DateTimeStamp>'),
        render_moments(pl.col("answered_at")),
        pl.lit("</DateTimeStamp>"),
        reason,
        pl.lit("<SourceID>"),
        pl.col("operation_id").fill_null(""),
        pl.lit("</SourceID></AuditRecord>"),
    )


def _form_annotation() -> pl.Expr:
    """Flag a form with the wording that was shown and the modes in which it was answered."""
    wording = _flag(pl.col("wording_sha256"), WORDING, "WORDING").fill_null("")
    modes = pl.col("mode").list.eval(_flag(pl.element(), MODE, "MODE")).list.join("")
    flags = pl.concat_str(wording, modes)
    return pl.when(flags != "").then(_annotation(flags)).otherwise(pl.lit(""))


def _flag(value: pl.Expr, code_list: str, kind: str) -> pl.Expr:
    kind_tag = f'<FlagType CodeListOID="{FLAG_TYPE}">{kind}</FlagType>'
    opening = pl.lit(f'<Flag><FlagValue CodeListOID="{code_list}">')
    return pl.concat_str(opening, value, pl.lit(f"</FlagValue>{kind_tag}</Flag>"))


def _annotation(flags: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit('<Annotation SeqNum="1">'), flags, pl.lit("</Annotation>"))
