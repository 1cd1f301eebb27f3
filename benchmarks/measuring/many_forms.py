"""Tidy tables of a trial of any size: one made-up form, given again and again by many people."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from release_world import small_release

from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.catalogue import TABLES
from pro_app.protocol.schedule import list_visit_codes

PERSON, VISIT = "15-001", "BASELINE"
"""Whose form is given again, and at which visit it stood: every item of it has something to say."""
FORMS_EACH = 12
"""As many as the protocol has visits for everybody."""
PEOPLE_PER_BATCH = 50
OF_FORMS = ("assessments", "visits", "items", "scores")


@dataclass(frozen=True)
class ManyForms:
    """So many people of a release, with `FORMS_EACH` forms each."""

    release: Release
    people: int
    templates: Tables

    @property
    def forms(self) -> int:
        """The number of forms."""
        return self.people * FORMS_EACH

    def batches(self) -> Iterator[Tables]:
        """Give the tables of people in batches, as the services do."""
        for start in range(0, self.people, PEOPLE_PER_BATCH):
            yield self._make(range(start, min(start + PEOPLE_PER_BATCH, self.people)))

    def others(self) -> Tables:
        """Give the tables that are about everybody; they are small."""
        return {table.name: make_frame(table) for table in TABLES if table.name not in self.templates}

    def _make(self, numbers: range) -> Tables:
        codes = pl.DataFrame({"_code": [f"P{number:06}" for number in numbers]})
        visits = pl.DataFrame({"_visit": list_visit_codes(self.release.protocol)[:FORMS_EACH]})
        made: dict[str, pl.DataFrame] = {}
        for table in TABLES:
            template = self.templates.get(table.name)
            if template is None:
                continue
            rows = codes if table.name not in OF_FORMS else codes.join(visits, how="cross")
            frame = rows.join(template, how="cross").with_columns(participant_code="_code")
            if table.name in OF_FORMS:
                frame = frame.with_columns(visit_code="_visit")
            if table.name == "items":
                frame = frame.with_columns(_vary("value"), _operation("operation_id"))
            made[table.name] = frame.select(template.columns)
        return made


def make_many_forms(forms: int) -> ManyForms:
    """Plan a trial with about so many forms."""
    release, tables = small_release()
    codes = list_visit_codes(release.protocol)
    if len(codes) < FORMS_EACH:
        raise RuntimeError(f"the protocol has {len(codes)} visits only")
    templates: dict[str, pl.DataFrame] = {}
    for name in ("participants", "events", "visits", "assessments", "items", "scores", "deterioration"):
        own = tables[name].filter(pl.col("participant_code") == PERSON)
        templates[name] = own.filter(pl.col("visit_code") == VISIT) if name in OF_FORMS else own
    return ManyForms(release, -(-forms // FORMS_EACH), templates)


def _vary(column: str) -> pl.Expr:
    """Give other answers to each form, since nothing would be as easy to compress as the same ones."""
    mixed = pl.concat_str("_code", "_visit", pl.col("item").cast(pl.String)).hash(1) % 4 + 1
    return pl.when(pl.col(column).is_not_null()).then(mixed.cast(pl.Int64)).alias(column)


def _operation(column: str) -> pl.Expr:
    parts = ("_code", "_visit", "instrument", pl.col("item").cast(pl.String))
    return pl.concat_str(*parts, separator="-").alias(column)
