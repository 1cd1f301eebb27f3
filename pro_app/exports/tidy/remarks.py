"""What whoever analyses the data has to know about people and forms, gathered while batches pass by."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from pro_app.exports.frames import Tables
from pro_app.exports.manifest import PLACEHOLDER_REMARK, TEST_REMARK
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.tidy.analysed import is_after, is_in_denominator
from pro_app.exports.tidy.remark_words import WORDS
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.scoring.interpretation import find_baseline_candidates

_PERSON = ("site", "participant_code")
_FORM = (*_PERSON, "visit_code", "ordinal")
_COUNTED = frozenset({"set_aside", "conflicts"})
"""Remarks about a form that say a number, which stands in the column of the same name."""
_SCORING = ("instrument", "scoring_name")
_GIVEN = ("answered", "declined", "not_applicable")

_ABOUT_PEOPLE = {
    "data_objection": pl.col("data_objection_on").is_not_null(),
    "left_on_enrolment": pl.min_horizontal("left_on", "questionnaires_stopped_on") <= pl.col("enrolled_on"),
    # Without a date for any visit there was no randomisation to count from.
    "died_before_first_visit": (pl.col("died_on") <= pl.col("first_target_on"))
    | (pl.col("died_on").is_not_null() & pl.col("first_target_on").is_null()),
    "no_answer": ~pl.col("has_answer"),
    "no_baseline": pl.col("counts") & (pl.col("baseline_forms") == 0),
    "two_baselines": pl.col("baseline_forms") > 1,
}
"""Code -> which people it is about, in the order in which the remarks about a person come."""


class RemarkCollector:
    """The remarks of one dataset; batches hold whole participants."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._found: list[Remark] = []
        self._people = 0
        self._provisional = 0
        self._protocol_versions: Counter[tuple[str, str]] = Counter()
        self._instrument_versions: Counter[tuple[str, str]] = Counter()
        self._scoring_definitions: Counter[tuple[str, str]] = Counter()

    def add(self, tables: Tables) -> None:
        """Gather what there is to say about a batch."""
        people = tables["participants"]
        self._people += people.height
        self._provisional += tables["assessments"].select(pl.col("provisional").sum()).item()
        self._protocol_versions.update(people.select("protocol_version", "site").iter_rows())
        answered = tables["items"].filter(pl.col("response_version").is_not_null())
        forms = answered.unique([*_PERSON, "visit_code", "ordinal", "instrument", "instrument_version"])
        self._instrument_versions.update(forms.select("instrument", "instrument_version").iter_rows())
        scored = tables["scores"].filter("is_current").unique([*_PERSON, "visit_code", "ordinal", *_SCORING])
        self._scoring_definitions.update(scored.select(_SCORING).iter_rows())
        by_person: dict[tuple[str, str], list[Remark]] = {}
        for remark in (*self._list_about_people(tables), *self._list_about_forms(tables)):
            by_person.setdefault((remark.site or "", remark.participant_code or ""), []).append(remark)
        for key in people.select(_PERSON).iter_rows():
            self._found += by_person.get(key, [])

    def finish(self) -> list[Remark]:
        """Give what is about all of the data, then what is about single people in the order of the tables."""
        return [*self._list_about_all(), *self._found]

    def _list_about_all(self) -> Iterator[Remark]:
        provenance = self._release.provenance
        if provenance.study_mode == "test":
            yield Remark("test_mode", **TEST_REMARK)
        if any(wording.placeholder for wording in provenance.wordings):
            yield Remark("placeholder_wording", **PLACEHOLDER_REMARK)
        if not self._people:
            yield _say("empty_trial")
        for instrument, said in _find_several(self._instrument_versions).items():
            yield _say("instrument_versions", instrument=instrument, versions=said)
        for instrument, said in _find_several(self._scoring_definitions).items():
            yield _say("scoring_definitions", instrument=instrument, definitions=said)
        if len({version for version, _site in self._protocol_versions}) > 1:
            yield _say("protocol_versions", versions=_write_protocol_versions(self._protocol_versions))
        if self._provisional:
            yield _say("provisional_dates", visits=str(self._provisional))

    def _list_about_people(self, tables: Tables) -> Iterator[Remark]:
        described = self._describe_people(tables)
        for code, concerns in _ABOUT_PEOPLE.items():
            for site, participant_code in described.filter(concerns).select(_PERSON).iter_rows():
                yield _say(code, site=site, participant_code=participant_code)

    def _describe_people(self, tables: Tables) -> pl.DataFrame:
        """Give each participant what the remarks depend on."""
        people = tables["participants"]
        rule = self._release.protocol.analysis.baseline
        candidates = find_baseline_candidates(tables["scores"], people, rule)
        baselines = candidates.unique([*_PERSON, "visit_code", "ordinal"]).group_by(_PERSON)
        enrolled = tables["events"].filter("in_force", pl.col("kind") == "enrolled").group_by(_PERSON)
        planned = tables["assessments"].filter(pl.col("visit_code") != UNSCHEDULED).group_by(_PERSON)
        given = tables["items"].filter(pl.col("state").is_in(_GIVEN)).select(_PERSON).unique()
        return (
            people.join(baselines.agg(pl.len().alias("baseline_forms")), on=_PERSON, how="left")
            .join(enrolled.agg(pl.col("occurred_on").min().alias("enrolled_on")), on=_PERSON, how="left")
            .join(planned.agg(pl.col("target_on").min().alias("first_target_on")), on=_PERSON, how="left")
            .join(given.with_columns(has_answer=True), on=_PERSON, how="left")
            .with_columns(
                pl.col("baseline_forms").fill_null(0),
                pl.col("has_answer").fill_null(value=False),
                counts=is_in_denominator(self._release.protocol),
            )
        )

    def _list_about_forms(self, tables: Tables) -> Iterator[Remark]:
        dates = tables["participants"].select(*_PERSON, "died_on", "left_on")
        forms = (
            tables["assessments"]
            .join(dates, on=_PERSON, how="left", maintain_order="left")
            .join(_describe_receipt(tables["items"]), on=_FORM, how="left", maintain_order="left")
        )
        respondents = self._release.protocol.respondents
        unscored = [respondent.code for respondent in respondents if not respondent.scored]
        concerns = {
            "late_baseline": pl.col("after_randomisation"),
            "after_death": is_after("died_on"),
            "after_leaving": is_after("left_on"),
            "received_late": pl.col("received_late") | pl.col("some_received_late"),
            "clock_off": pl.col("some_clock_off"),
            "set_aside": pl.col("set_aside") > 0,
            "conflicts": pl.col("conflicts") > 0,
            "unscheduled": (pl.col("visit_code") == UNSCHEDULED)
            & (pl.col("received") | pl.col("incomplete")),
            "not_scored": pl.col("received") & pl.col("respondent").is_in(unscored),
        }
        for code, which in concerns.items():
            counted = pl.col(code) if code in _COUNTED else pl.lit(None)
            named = forms.filter(which).select(*_PERSON, "visit_code", counted.alias("count"))
            for site, participant_code, visit_code, count in named.iter_rows():
                where = {"site": site, "participant_code": participant_code, "visit_code": visit_code}
                yield _say(code, **where, count=str(count))


def _describe_receipt(items: pl.DataFrame) -> pl.DataFrame:
    """Tell of each form whether some answer came after its window, and whether a device's clock was off."""
    return items.group_by(_FORM).agg(
        some_received_late=pl.col("received_late").any(), some_clock_off=pl.col("clock_off").any()
    )


def remark_on_differences(count: int) -> Remark:
    """Say that stored scores and the two computations do not agree."""
    return _say("score_differences", count=str(count))


def _write_protocol_versions(people: Counter[tuple[str, str]]) -> str:
    """Write each version with its number of people, in all and at each site: `1.0 (3 = 15: 2, 16: 1)`."""
    by_version: dict[str, list[tuple[str, int]]] = {}
    for (version, site), count in sorted(people.items()):
        by_version.setdefault(version, []).append((site, count))
    return "; ".join(
        f"{version} ({sum(count for _, count in sites)} = {', '.join(f'{site}: {n}' for site, n in sites)})"
        for version, sites in by_version.items()
    )


def _find_several(versions: Counter[tuple[str, str]]) -> dict[str, str]:
    """Find the instruments of which forms of several versions (or scorings) came, with the number of each."""
    by_instrument: dict[str, list[str]] = {}
    for (instrument, version), forms in sorted(versions.items()):
        by_instrument.setdefault(instrument, []).append(f"{version} ({forms})")
    return {instrument: ", ".join(said) for instrument, said in by_instrument.items() if len(said) > 1}


def _say(
    code: str,
    *,
    site: str | None = None,
    participant_code: str | None = None,
    visit_code: str | None = None,
    **values: str,
) -> Remark:
    """Make a remark of the words for its code."""
    words = WORDS[code]
    return Remark(
        code=code,
        fr=words.fr.format(**values),
        en=words.en.format(**values),
        table=words.table,
        site=site,
        participant_code=participant_code,
        visit_code=visit_code,
    )
