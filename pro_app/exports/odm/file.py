"""The ODM file while it is being written: metadata first, then the people batch by batch."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import polars as pl
from lxml import etree

from pro_app.exports.frames import Tables
from pro_app.exports.odm.admin_data import make_admin_data
from pro_app.exports.odm.columns import escape_texts
from pro_app.exports.odm.elements import NAMESPACE, clean_text
from pro_app.exports.odm.identifiers import PARTICIPANT_EVENT, file_oid, metadata_oid, study_oid
from pro_app.exports.odm.items import make_item_index, match_items, render_forms
from pro_app.exports.odm.metadata import make_study
from pro_app.exports.odm.record_forms import PERSON
from pro_app.exports.odm.records import render_events, render_record
from pro_app.exports.odm.visits import render_visits
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.times import render_time

_RECORDS = ("participants", "events", "assessments")
_ITEM_TEXTS = ("site", "participant_code", "visit_code", "operation_id")
"""The texts of an item that come from outside and not from a closed list."""


class OdmFile:
    """A transactional CDISC ODM 1.3.2 file at `path`, valid against CDISC's schema.

    `sites` are the codes of every site of the study: they stand before the people. Memory is bounded
    by the batches.
    """

    def __init__(self, path: Path, release: Release, *, sites: Iterable[str]) -> None:
        self._release = release
        self._sites = sorted(set(sites))
        self._index = make_item_index(release)
        self._unknown_items = self._replaced_texts = 0
        self._open_parts = ExitStack()
        self._stream = self._open_parts.enter_context(path.open("wb"))
        self._write_head()

    def add(self, tables: Tables) -> None:
        """Write the people of a batch with their events, visits and answers.

        Raises ValueError for a site that was not announced.
        """
        if unannounced := sorted(set(tables["participants"]["site"]) - set(self._sites)):
            raise ValueError(f"sites: {unannounced}")
        people, events, assessments = (self._escape(tables[name]) for name in _RECORDS)
        items = match_items(self._escape(tables["items"], _ITEM_TEXTS), self._index)
        self._unknown_items += tables["items"].height - items.height
        visits = render_visits(assessments, render_forms(items), self._release.protocol)
        recorded = dict(render_events(events).iter_rows())
        for person, head in people.select("participant_code", _subject_head()).iter_rows():
            pieces = (head, recorded.get(person, ""), "</StudyEventData>", *visits.get(person, ()))
            self._stream.write("".join((*pieces, "</SubjectData>\n")).encode())

    def finish(self) -> list[Remark]:
        """Close the file and say what it could not hold."""
        self.close()
        remarks = []
        if count := self._unknown_items:
            fr = f"ODM : {count} lignes d’items absentes, leur questionnaire n’a pas de définition."
            en = f"ODM: {count} item rows left out, their questionnaire has no definition."
            remarks.append(Remark("odm_unknown_item", fr, en, table="items"))
        if count := self._replaced_texts:
            fr = f"ODM : dans {count} textes, des caractères interdits en XML sont remplacés par U+FFFD."
            en = f"ODM: in {count} texts, characters that XML cannot hold are replaced by U+FFFD."
            remarks.append(Remark("odm_characters", fr, en))
        return remarks

    def close(self) -> None:
        """Let go of the file, also where something went wrong on the way."""
        self._open_parts.close()

    def _write_head(self) -> None:
        """Write everything up to the first participant; what stays open is closed by `finish`."""
        made = self._release.provenance
        attributes = {
            "FileType": "Transactional",
            "Granularity": "All",
            "FileOID": file_oid(self._release),
            "CreationDateTime": render_time(made.made_at),
            "AsOfDateTime": render_time(made.made_at),
            "ODMVersion": "1.3.2",
            "Originator": made.made_by,
            "SourceSystem": "pro_app",
            "SourceSystemVersion": made.app_version,
            "Description": clean_text(self._release.reason),
        }
        # lxml opens and closes the file; the rows between are text made by polars, far faster than elements.
        document = self._open_parts.enter_context(etree.xmlfile(self._stream, encoding="utf-8"))
        document.write_declaration()
        root = document.element(f"{{{NAMESPACE}}}ODM", attributes, nsmap={None: NAMESPACE})
        self._open_parts.enter_context(root)
        document.write(make_study(self._release), make_admin_data(self._release, self._sites))
        oids = {"StudyOID": study_oid(self._release), "MetaDataVersionOID": metadata_oid(self._release)}
        self._open_parts.enter_context(document.element(f"{{{NAMESPACE}}}ClinicalData", oids))
        document.flush()

    def _escape(self, frame: pl.DataFrame, columns: Iterable[str] | None = None) -> pl.DataFrame:
        escaped, replaced = escape_texts(frame, columns)
        self._replaced_texts += replaced
        return escaped


def _subject_head() -> pl.Expr:
    """Write who the participant is, where, and what is known of the person."""
    return pl.concat_str(
        pl.lit('<SubjectData SubjectKey="'),
        "participant_code",
        pl.lit('" TransactionType="Insert"><SiteRef LocationOID="LOC.'),
        "site",
        pl.lit(f'"/><StudyEventData StudyEventOID="{PARTICIPANT_EVENT}">'),
        render_record(PERSON),
    )
