"""The FHIR files while they are being written, batch by batch."""

from contextlib import ExitStack
from pathlib import Path

from pro_app.exports.fhir.answers import make_answer_index
from pro_app.exports.fhir.forms import LeftOut, find_forms, list_forms
from pro_app.exports.fhir.identifiers import make_uuid, questionnaire_id, study_system
from pro_app.exports.fhir.jsonlines import render_json
from pro_app.exports.fhir.questionnaire import make_questionnaire
from pro_app.exports.fhir.response import ResponseWriter
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release
from pro_app.exports.remarks import Remark
from pro_app.exports.times import render_time

BUNDLE, QUESTIONNAIRES, RESPONSES = "bundle.json", "questionnaires.ndjson", "questionnaire-responses.ndjson"


class FhirFiles:
    """FHIR R4 in `folder`: resources line by line, and with `bundle` all of them in one collection, too.

    Memory is bounded by the batches.
    """

    def __init__(self, folder: Path, release: Release, *, bundle: bool = True) -> None:
        self._release = release
        self._answers = make_answer_index(release)
        self._responses = ResponseWriter(release)
        self._left_out = LeftOut(0, 0, 0)
        self._open_files = ExitStack()
        self._lines = self._open_files.enter_context((folder / RESPONSES).open("wb"))
        self._bundle = self._open_files.enter_context((folder / BUNDLE).open("wb")) if bundle else None
        self._entries = 0
        self._write_head(folder / QUESTIONNAIRES)

    def add(self, tables: Tables) -> None:
        """Write the current forms of a batch of whole people."""
        forms, left_out = find_forms(tables, self._answers)
        self._left_out = LeftOut(*(sum(pair) for pair in zip(self._left_out, left_out, strict=True)))
        for form in list_forms(forms):
            resource_id = self._responses.make_id(form)
            resource = self._responses.render(form, resource_id).encode()
            self._lines.write(resource + b"\n")
            self._write_entry(resource_id, resource)

    def finish(self) -> list[Remark]:
        """Close the files and say what they could not hold."""
        if self._bundle:
            self._bundle.write(b"\n]}\n")
        self.close()
        return _remark(self._left_out)

    def close(self) -> None:
        """Let go of the files, also where something went wrong on the way."""
        self._open_files.close()

    def _write_head(self, questionnaires: Path) -> None:
        """Write the questionnaires, and the bundle up to the first response."""
        made = self._release.provenance
        if self._bundle:
            bundle_id = make_uuid("Bundle", made.study, self._release.number, render_time(made.made_at))
            head = {
                "resourceType": "Bundle",
                "id": bundle_id,
                "identifier": {"system": study_system(made.study, "release"), "value": bundle_id},
                "type": "collection",
                "timestamp": render_time(made.made_at),
            }
            self._bundle.write(f'{render_json(head)[:-1]},"entry":['.encode())
        with questionnaires.open("wb") as lines:
            for worded in self._release.instruments:
                resource = render_json(make_questionnaire(worded)).encode()
                lines.write(resource + b"\n")
                self._write_entry(questionnaire_id(worded.instrument), resource)

    def _write_entry(self, resource_id: str, resource: bytes) -> None:
        if self._bundle:
            comma = "," if self._entries else ""
            opening = f'{comma}\n{{"fullUrl":"urn:uuid:{resource_id}","resource":'
            self._bundle.write(opening.encode() + resource + b"}")
            self._entries += 1


def _remark(left_out: LeftOut) -> list[Remark]:
    remarks = []
    if count := left_out.superseded:
        fr = f"FHIR : {count} réponses corrigées depuis n’y sont que dans leur dernière version."
        en = f"FHIR: {count} responses that were corrected since are there in their latest version only."
        remarks.append(Remark("fhir_superseded", fr, en, table="items"))
    if count := left_out.never_opened:
        fr = f"FHIR : {count} questionnaires jamais ouverts n’y sont pas ; voir la table des visites."
        en = f"FHIR: {count} forms that were never opened are not there; see the table of assessments."
        remarks.append(Remark("fhir_never_opened", fr, en, table="assessments"))
    if count := left_out.unreadable:
        fr = f"FHIR : {count} réponses absentes, l’une de leurs valeurs n’est pas dans la définition."
        en = f"FHIR: {count} responses left out, one of their values is not in the definition."
        remarks.append(Remark("fhir_unknown_answer", fr, en, table="items"))
    return remarks
