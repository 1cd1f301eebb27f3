"""What changed from one release to a later one, with who did it, when and why where that is on record."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pro_app.exports.frames import schema_of
from pro_app.exports.making.frozen_tables import FrozenTables
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.column import PARTICIPANT, VISIT, Column, TableDefinition

CHANGES = TableDefinition(
    "changes",
    "une ligne ajoutée ou retirée, ou une valeur modifiée",
    "one row added or removed, or one value changed",
    (
        Column("table", "text", "Table", "Table"),
        PARTICIPANT,
        VISIT,
        Column("key", "text", "Ce qui distingue la ligne", "What tells the row from others"),
        Column("change", "text", "added, changed ou removed", "added, changed or removed"),
        Column("column", "text", "Colonne modifiée", "Column that changed"),
        Column("before", "text", "Avant", "Before"),
        Column("after", "text", "Après", "After"),
        Column("actor", "text", "Auteur (référence, sans nom)", "Who (a reference, no name)"),
        Column("role", "text", "Rôle", "Role"),
        Column("at", "datetime", "Moment", "When"),
        Column("action", "text", "Action", "Action"),
        Column("reason", "text", "Motif", "Reason"),
    ),
)
"""The comparison of two releases as a table."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "participants": ("participant_code",),
    "events": ("participant_code", "event"),
    "visits": ("participant_code", "visit_code", "revision"),
    "assessments": ("participant_code", "visit_code", "ordinal"),
    "items": ("participant_code", "visit_code", "ordinal", "instrument", "response_version", "item"),
    "scores": (
        "participant_code",
        "visit_code",
        "ordinal",
        "instrument",
        "response_version",
        "scoring_name",
        "scale",
    ),
    "deterioration": ("participant_code", "instrument", "scale", "definition"),
    "completion": ("visit_code",),
}
"""What tells the rows of a table from each other; the audit trail and the remarks are not compared."""

_TABLES = {table.name: table for table in TABLES}
_PLACE = ("participant_code", "visit_code")
_COLUMNS_OF_KINDS = (
    ("randomised", "arm"),
    ("randomised", "randomised_on"),
    ("infusion", "infusions"),
    ("infusion", "last_infusion_on"),
    ("treatment_ended", "treatment_ended_on"),
    ("progressed", "progressed_on"),
    ("new_treatment", "new_treatment_on"),
    ("questionnaires_stopped", "questionnaires_stopped_on"),
    ("lost", "lost_on"),
    ("resumed", "questionnaires_stopped_on"),
    ("resumed", "lost_on"),
    ("left", "left_on"),
    ("died", "died_on"),
    ("data_objection", "data_objection_on"),
)
"""Which columns of `participants` an event of a kind changes."""
_SAID = ("actor", "role", "at", "action", "reason")


def list_changes(before: FrozenTables, after: FrozenTables) -> Iterator[pl.DataFrame]:
    """Give the changes of each table in KEYS, in frames of the table CHANGES.

    Who did it comes from the audit trail of the later release: the entry of the person that was written at
    the moment that the row carries, or that the event behind the change was recorded, else the last one
    about that visit. Where none of these is there, nobody is named.
    """
    entries, events = _list_entries(before, after), _list_new_events(before, after)
    for name in KEYS:
        found = [
            _list_rows(after, before, name=name, change="added"),
            _list_rows(before, after, name=name, change="removed"),
            *(_list_values(before, after, name=name, column=column) for column in _compared(name)),
        ]
        told = _with_moments_of_events(pl.concat(found), name, events)
        changes = _attribute(told, entries, name)
        ordered = changes.sort("participant_code", "visit_code", "key", "change", maintain_order=True)
        yield ordered.select(schema_of(CHANGES).names()).cast(schema_of(CHANGES))


def _compared(name: str) -> Iterator[str]:
    return (column for column in _TABLES[name].column_names if column not in KEYS[name])


def _list_rows(these: FrozenTables, others: FrozenTables, *, name: str, change: str) -> pl.DataFrame:
    """List the rows of `these` that `others` do not have."""
    keys = KEYS[name]
    rows = these.scan(name).join(others.scan(name), on=keys, how="anti", nulls_equal=True)
    return _describe(rows, name, change=change).collect(engine="streaming")


def _list_values(before: FrozenTables, after: FrozenTables, *, name: str, column: str) -> pl.DataFrame:
    """List the values of one column that differ in rows that both have."""
    keys = KEYS[name]
    old = before.scan(name).select(*keys, _write(column).alias("_before"))
    rows = after.scan(name).join(old, on=keys, how="inner", nulls_equal=True)
    changed = rows.filter(_write(column).ne_missing(pl.col("_before")))
    return _describe(changed, name, change="changed", column=column).collect(engine="streaming")


def _describe(rows: pl.LazyFrame, name: str, *, change: str, column: str | None = None) -> pl.LazyFrame:
    """Say of each row where it stands, what happened, and the last moment that it carries."""
    parts = [key for key in KEYS[name] if key not in _PLACE]
    moments = [c.name for c in _TABLES[name].columns if c.type == "datetime"]
    texts = [pl.format(f"{key}={{}}", pl.col(key).cast(pl.String).fill_null("")) for key in parts]
    places = [
        pl.col(place) if place in _TABLES[name].column_names else pl.lit(None, pl.String).alias(place)
        for place in _PLACE
    ]
    return rows.select(
        pl.lit(name).alias("table"),
        *places,
        (pl.concat_str(texts, separator=" ") if texts else pl.lit("")).alias("key"),
        pl.lit(change).alias("change"),
        pl.lit(column, pl.String).alias("column"),
        (pl.col("_before") if column else pl.lit(None, pl.String)).alias("before"),
        (_write(column) if column else pl.lit(None, pl.String)).alias("after"),
        (pl.max_horizontal(moments) if moments else pl.lit(None, pl.Datetime("ms", "UTC"))).alias("_at"),
    )


def _write(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _list_entries(before: FrozenTables, after: FrozenTables) -> pl.DataFrame:
    """List what the audit trail has about people that the earlier release's does not, in its order.

    The moment would not do: an entry stamped before the earlier cut-off may have been committed after it.
    """
    place = ("chain", "sequence")
    return (
        after.scan("audit_trail")
        .join(before.scan("audit_trail").select(place), on=place, how="anti", maintain_order="left")
        .filter(pl.col("participant_code").is_not_null())
        .select("participant_code", "field", "after", *_SAID)
        .collect()
        .sort("at", maintain_order=True)
    )


def _list_new_events(before: FrozenTables, after: FrozenTables) -> pl.DataFrame:
    """List the events that only the later release has, in the order in which they were recorded."""
    keys = KEYS["events"]
    new = after.scan("events").join(before.scan("events").select(keys), on=keys, how="anti").collect()
    return new.sort("recorded_at", maintain_order=True)


def _with_moments_of_events(changes: pl.DataFrame, name: str, events: pl.DataFrame) -> pl.DataFrame:
    """Put the moment of the event behind a changed value in the place of the row's own.

    An event that is not in force any more was replaced by a later one; a date of a person comes from
    the events of its kind. What no event explains has no moment, and nobody is named.
    """
    if name == "events":
        keys = ["participant_code", "key"]
        replaced = events.filter(pl.col("replaces").is_not_null())
        moments = replaced.with_columns(key=pl.format("event={}", "replaces"))
    elif name == "participants":
        keys = ["participant_code", "column"]
        columns = pl.DataFrame(list(_COLUMNS_OF_KINDS), schema=["kind", "column"], orient="row")
        moments = events.join(columns, on="kind", how="inner", maintain_order="left")
    else:
        return changes
    last = moments.unique(keys, keep="last", maintain_order=True).select(*keys, _told_at="recorded_at")
    told = changes.join(last, on=keys, how="left", maintain_order="left")
    at = pl.when(pl.col("change") == "changed").then("_told_at").otherwise("_at")
    return told.with_columns(_at=at).drop("_told_at")


def _attribute(changes: pl.DataFrame, entries: pl.DataFrame, name: str) -> pl.DataFrame:
    """Say of each change who made it: by its moment, else by its visit; of a new person who enrolled them."""
    said = entries.select("participant_code", *_SAID)
    by_moment = said.unique(["participant_code", "at"], keep="first", maintain_order=True)
    found = changes.join(
        by_moment.with_columns(_at="at"), on=["participant_code", "_at"], how="left", maintain_order="left"
    )
    if name in {"visits", ASSESSMENTS.name}:
        fallback, meant = _last_by_visit(entries), pl.col("change") != "removed"
    elif name == "participants":
        fallback, meant = _enrolments(entries), pl.col("change") == "added"
    else:
        return found
    keys = [key for key in fallback.columns if key not in _SAID]
    found = found.join(fallback, on=keys, how="left", suffix="_last", maintain_order="left")
    unknown = pl.col("at").is_null() & meant
    return found.with_columns(
        pl.when(unknown).then(f"{column}_last").otherwise(column).alias(column) for column in _SAID
    )


def _last_by_visit(entries: pl.DataFrame) -> pl.DataFrame:
    field = pl.col("field")
    planned = pl.when(field.str.starts_with("visit:")).then(field.str.strip_prefix("visit:"))
    code = planned.when(field == "visit_code").then(pl.col("after"))
    named = entries.with_columns(code.alias("visit_code")).filter(pl.col("visit_code").is_not_null())
    return _last(named, ["participant_code", "visit_code"])


def _enrolments(entries: pl.DataFrame) -> pl.DataFrame:
    return _last(entries.filter(pl.col("action") == "participant.enrol"), ["participant_code"])


def _last(entries: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return entries.unique(keys, keep="last", maintain_order=True).select(*keys, *_SAID)
