"""One form as a FHIR R4 QuestionnaireResponse: who, which visit, by which means, and the answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from pro_app.exports.fhir.identifiers import make_uuid, questionnaire_url, study_system
from pro_app.exports.fhir.jsonlines import Resource, render_json
from pro_app.exports.release import Release
from pro_app.exports.times import render_time

_COMPLETION_MODE = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-completionMode"


@dataclass(frozen=True, slots=True)
class Form:
    """What the tidy tables say of one version of the answers to one instrument."""

    site: str
    participant_code: str
    visit_code: str
    ordinal: int
    instrument: str
    instrument_version: str
    response_version: int
    incomplete: bool
    late: bool
    mode: str | None
    respondent: str | None
    by_staff: bool
    """Whether the site entered the answers; a correction of some of them does not change that."""
    authored_at: datetime | None
    """When the answers were last changed."""
    wording_sha256: str | None
    answers: str
    """The answers of all items as JSON, separated by commas."""

    @property
    def key(self) -> str:
        """Name the form within its study, for people."""
        return (
            f"{self.participant_code}/{self.visit_code}/{self.ordinal}/"
            f"{self.instrument}/{self.instrument_version}/{self.response_version}"
        )


@dataclass(frozen=True)
class ResponseWriter:
    """Writes forms of one release."""

    release: Release

    def make_id(self, form: Form) -> str:
        """Give the id of the resource: always the same for the same form of the same study."""
        return make_uuid("QuestionnaireResponse", self.release.provenance.study, form.key)

    def render(self, form: Form, resource_id: str) -> str:
        """Write the resource as JSON on one line."""
        head = {
            "resourceType": "QuestionnaireResponse",
            "id": resource_id,
            "meta": {"tag": self._tags(form)},
            "language": self._languages.get(form.wording_sha256 or ""),
            "extension": self._mode(form),
            "identifier": {"system": self._systems["response"], "value": form.key},
            "questionnaire": self._questionnaires[form.instrument, form.instrument_version],
            "status": _status(form),
            "subject": self._participant(form),
            "encounter": self._visit(form),
            "authored": render_time(form.authored_at) if form.authored_at else None,
            "author": _staff(form) if form.by_staff else self._source(form),
            "source": self._source(form),
        }
        text = render_json({key: value for key, value in head.items() if value})
        return f'{text[:-1]},"item":[{form.answers}]}}'

    @cached_property
    def _systems(self) -> Mapping[str, str]:
        kinds = ("participant", "visit", "response", "mode", "wording", "timing")
        return {kind: study_system(self.release.provenance.study, kind) for kind in kinds}

    @cached_property
    def _languages(self) -> Mapping[str, str]:
        return {wording.sha256: wording.language for wording in self.release.provenance.wordings}

    @cached_property
    def _questionnaires(self) -> Mapping[tuple[str, str], str]:
        instruments = [worded.instrument for worded in self.release.instruments]
        return {(i.code, i.version): f"{questionnaire_url(i)}|{i.version}" for i in instruments}

    @cached_property
    def _visit_labels(self) -> Callable[[str], str]:
        """The words for a visit code, looked up once for each."""
        return lru_cache(maxsize=None)(self.release.protocol.visit_label)

    @cached_property
    def _not_scored(self) -> frozenset[str]:
        """The respondents who answer in the person's place."""
        return frozenset(r.code for r in self.release.protocol.respondents if not r.scored)

    def _tags(self, form: Form) -> list[Resource]:
        tags: list[Resource] = []
        if form.wording_sha256:
            tags.append({"system": self._systems["wording"], "code": form.wording_sha256})
        if form.late:
            tags.append({"system": self._systems["timing"], "code": "late"})
        return tags

    def _mode(self, form: Form) -> list[Resource]:
        if form.mode is None:
            return []
        coding = {"system": self._systems["mode"], "code": form.mode}
        return [{"url": _COMPLETION_MODE, "valueCodeableConcept": {"coding": [coding]}}]

    def _participant(self, form: Form) -> Resource:
        identifier = {"system": self._systems["participant"], "value": form.participant_code}
        return {"type": "Patient", "identifier": identifier}

    def _visit(self, form: Form) -> Resource:
        value = f"{form.visit_code}/{form.ordinal}" if form.ordinal else form.visit_code
        identifier = {"system": self._systems["visit"], "value": f"{form.participant_code}/{value}"}
        return {"type": "Encounter", "identifier": identifier, "display": self._visit_labels(form.visit_code)}

    def _source(self, form: Form) -> Resource:
        if form.respondent in self._not_scored:
            return {"type": "RelatedPerson", "display": f"{form.participant_code} ({form.respondent})"}
        return self._participant(form)


def _staff(form: Form) -> Resource:
    """Name the site: which of its people entered the answers is not in a release."""
    return {"type": "Practitioner", "display": f"Équipe du centre {form.site}"}


def _status(form: Form) -> str:
    """Give the status: abandoned where it was never sent, amended where a correction was made."""
    if form.incomplete:
        return "stopped"
    return "amended" if form.response_version > 1 else "completed"
