"""Visits as StudyEventData, each with its own row and with the answers to it."""

from collections.abc import Mapping
from functools import lru_cache
from xml.sax.saxutils import quoteattr

import polars as pl

from pro_app.exports.odm.identifiers import visit_event
from pro_app.exports.odm.items import VISIT, VisitKey
from pro_app.exports.odm.record_forms import ASSESSMENT
from pro_app.exports.odm.records import render_record
from pro_app.protocol.protocol import Protocol


def render_visits(
    assessments: pl.DataFrame, forms: Mapping[VisitKey, list[str]], protocol: Protocol
) -> dict[str, list[str]]:
    """Write the visits of each person: pieces of text by participant code, in order.

    `forms` come from `render_forms`; the texts of `assessments` are escaped.
    """
    tag_of = lru_cache(lambda code, ordinal: _make_tag(protocol, code, ordinal))
    people: dict[str, list[str]] = {}
    for *visit, record in assessments.select(*VISIT, render_record(ASSESSMENT)).iter_rows():
        person, code, ordinal = visit
        content = forms.get(tuple(visit), ())
        people.setdefault(person, []).extend((tag_of(code, ordinal), record, *content, "</StudyEventData>"))
    return people


def _make_tag(protocol: Protocol, visit_code: str, ordinal: int) -> str:
    oid, key = visit_event(protocol, visit_code, ordinal)
    # The code came with its batch and is escaped already; the OID comes from the protocol.
    repeat = "" if key is None else f' StudyEventRepeatKey="{key}"'
    return f"<StudyEventData StudyEventOID={quoteattr(oid)}{repeat}>"
