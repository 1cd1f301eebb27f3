"""From the records of some whole participants to their rows in every tidy table."""

from collections.abc import Iterable

import polars as pl

from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.deterioration import DETERIORATION
from pro_app.exports.tables.events import EVENTS
from pro_app.exports.tables.items import ITEMS
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tables.visits import VISITS
from pro_app.exports.tidy.deterioration import derive_deterioration
from pro_app.exports.tidy.forms import find_observed_days, make_forms
from pro_app.exports.tidy.items import derive_items
from pro_app.exports.tidy.people import (
    list_assessment_rows,
    list_event_rows,
    list_participant_rows,
    list_visit_rows,
)
from pro_app.exports.tidy.records import BatchRecord
from pro_app.exports.tidy.scores import derive_scores, find_valid_assessments

PEOPLES_TABLES = (PARTICIPANTS, EVENTS, VISITS, ASSESSMENTS, ITEMS, SCORES, DETERIORATION)
"""The tables that come batch by batch; the others are about everybody."""


def derive_tables(batch: BatchRecord, release: Release) -> Tables:
    """Give the rows of a batch in each of PEOPLES_TABLES, sorted as the tables are.

    Raises KeyError for an instrument that the release does not hold.
    """
    people = make_frame(
        PARTICIPANTS, _each(list_participant_rows(person, release.protocol) for person in batch.people)
    )
    forms = make_forms(batch.people, release)
    observed_on = find_observed_days(batch.people, forms, batch.answers)
    valid_ids = find_valid_assessments(forms, batch.scores)
    assessments = make_frame(
        ASSESSMENTS,
        (
            row
            for person in batch.people
            for row in list_assessment_rows(person, observed_on=observed_on, valid_ids=valid_ids)
        ),
    )
    scores = derive_scores(
        forms, batch.scores, batch.answers, people=people, observed_on=observed_on, release=release
    )
    frames: dict[str, pl.DataFrame] = {
        PARTICIPANTS.name: people,
        EVENTS.name: make_frame(EVENTS, _each(map(list_event_rows, batch.people))),
        VISITS.name: make_frame(VISITS, _each(map(list_visit_rows, batch.people))),
        ASSESSMENTS.name: assessments,
        ITEMS.name: derive_items(forms, batch.answers, release),
        SCORES.name: scores,
        DETERIORATION.name: derive_deterioration(scores, people, release),
    }
    return frames


def _each(lists: Iterable[Iterable[dict[str, object]]]) -> Iterable[dict[str, object]]:
    return (row for rows in lists for row in rows)
