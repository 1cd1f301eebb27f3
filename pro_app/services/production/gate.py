"""The production gate: everything that is missing before a study may run, by name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from pro_app.errors import Problem, ProductionRefused
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.protocol import InstrumentReference, Protocol
from pro_app.services.production.entries import ENTRY_WORDS, list_entries
from pro_app.services.protocol_versions import find_site_version, find_version_in_force
from pro_app.services.wording_packs.records import NEEDED_APPROVALS, WordingInUse, list_wordings_in_use
from pro_app.settings import Settings
from pro_app.storage.catalogue import load_protocol, load_wording
from pro_app.storage.database import Database, open_database, require_reachable
from pro_app.storage.queries.participants import list_sites
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.responses import Response
from pro_app.storage.tables.studies import Study

PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class GateReport:
    """What is missing, what has run out since, and what is only to be known.

    Nobody begins on what has run out; a study that is in production goes on.
    """

    problems: tuple[Problem, ...]
    expired: tuple[Problem, ...]
    remarks: tuple[Problem, ...]

    @property
    def obstacles(self) -> tuple[Problem, ...]:
        """What keeps a study from beginning."""
        return (*self.problems, *self.expired)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What a study in production is told about and goes on with."""
        return (*self.expired, *self.remarks)


def check_gate(
    session: Session, study: Study, *, today: date, without_further_placeholders: bool = False
) -> GateReport:
    """List everything that a study in production needs and does not have.

    `without_further_placeholders` looks past those in a further language, which going live takes out of use.
    """
    entries = list_entries(session, study.id)
    problems = [
        Problem(mark("Missing: %(document)s."), {"document": words, "kind": kind}, place=kind)
        for kind, words in ENTRY_WORDS.items()
        if kind not in entries
    ]
    protocols = _list_protocols(session, study)
    problems += [found for protocol in protocols for found in check_information(protocol)]
    problems += _check_wordings(
        session, study, _list_instruments(protocols), but_further=without_further_placeholders
    )
    expired = [
        Problem(
            mark("No longer valid since %(date)s: %(document)s."),
            {"document": ENTRY_WORDS[kind], "kind": kind, "date": entry.said.valid_until.isoformat()},
            place=kind,
        )
        for kind, entry in entries.items()
        if entry.said.valid_until is not None and entry.said.valid_until < today
    ]
    return GateReport(tuple(problems), tuple(expired), tuple(_list_undated_sites(session, study)))


def _list_undated_sites(session: Session, study: Study) -> list[Problem]:
    """Name the sites without a day of going live, of which patients are written to from the first day on."""
    codes = [site.site_code for site in list_sites(session, study_id=study.id) if site.goes_live_on is None]
    if not codes:
        return []
    message = mark("No go-live date: %(sites)s. Messages go out there at once.")
    return [Problem(message, {"sites": ", ".join(codes)}, place="sites")]


def check_information(protocol: Protocol) -> list[Problem]:
    """Name what a version does not tell patients about their data, as their page about it needs."""
    unsaid = protocol.participant_pages.data_protection.unsaid
    if not unsaid:
        return []
    message = mark(
        "Version %(version)s of the protocol does not tell patients about their data: %(parts)s "
        "(participant_pages.data_protection)."
    )
    values: dict[str, str | int] = {"version": protocol.version, "parts": ", ".join(unsaid)}
    return [Problem(message, values, place="data-protection")]


def require_gate(database: Database, *, today: date) -> tuple[Problem, ...]:
    """Raise ProductionRefused if a study of this installation is in production and something is missing.

    Gives what is to be known about all of them. A database without tables yet has no study, nothing to
    refuse.
    """
    with database.reading() as session:
        if not inspect(session.connection()).has_table(Study.__tablename__):
            return ()
        studies = session.scalars(select(Study).where(Study.mode == PRODUCTION).order_by(Study.id)).all()
        reports = {study.study_code: check_gate(session, study, today=today) for study in studies}
    for study_code, report in reports.items():
        if report.problems:
            raise ProductionRefused(study_code, report.problems)
    return tuple(remark for report in reports.values() for remark in report.notes)


def require_gate_of(settings: Settings, *, today: date) -> tuple[Problem, ...]:
    """Do the same for the installation of these settings, before anything of it runs.

    The connections are closed again: a server may fork after this. Raises DatabaseUnavailable too.
    """
    database = open_database(settings.database_url)
    try:
        require_reachable(database)
        return require_gate(database, today=today)
    finally:
        database.engine.dispose()


def count_placeholder_responses(session: Session, study: Study) -> int:
    """Count the questionnaires that were begun on a placeholder text."""
    rows = session.execute(
        select(Response.wording_sha256, func.count())
        .join(Assessment, Assessment.id == Response.assessment_id)
        .join(Participant, Participant.id == Assessment.participant_id)
        .where(Participant.study_id == study.id, Response.clarification_id.is_(None))
        .group_by(Response.wording_sha256)
    )
    return sum(count for sha256, count in rows if load_wording(session, sha256).placeholder)


def _check_wordings(
    session: Session, study: Study, instruments: Iterable[InstrumentReference], *, but_further: bool
) -> Iterator[Problem]:
    """Name every text that patients would read and that is missing, a placeholder, or not approved by two."""
    in_use = list_wordings_in_use(session, study.id)
    for named in instruments:
        of_it = {
            used.wording.language: used
            for used in in_use
            if (used.wording.instrument_code, used.wording.instrument_version) == (named.code, named.version)
        }
        if LANGUAGES[0] not in of_it:
            yield _wording_problem(mark("Missing: the licensed text of %(pack)s."), named, LANGUAGES[0])
        for language, used in of_it.items():
            message = _find_fault(used)
            is_passed = but_further and used.wording.placeholder and language != LANGUAGES[0]
            if message is not None and not is_passed:
                yield _wording_problem(message, named, language)


def _list_protocols(session: Session, study: Study) -> list[Protocol]:
    """List the protocol versions that sites work under, or participants are under, each once."""
    in_force = [find_version_in_force(session, study.id).sha256]
    in_force += [find_site_version(session, site) for site in list_sites(session, study_id=study.id)]
    peoples = select(Participant.protocol_sha256).where(Participant.study_id == study.id).distinct()
    in_force += sorted(session.scalars(peoples))
    return [load_protocol(session, sha256) for sha256 in dict.fromkeys(in_force)]


def _list_instruments(protocols: Iterable[Protocol]) -> list[InstrumentReference]:
    """List the questionnaires, each version once."""
    found = {(named.code, named.version): named for protocol in protocols for named in protocol.instruments}
    return list(found.values())


def _find_fault(used: WordingInUse) -> str | None:
    if used.wording.placeholder:
        return mark("Patients would read a placeholder: %(pack)s.")
    if not used.is_approved:
        return mark("The text in use has not been approved by %(needed)s people: %(pack)s.")
    return None


def _wording_problem(message: str, named: InstrumentReference, language: str) -> Problem:
    pack = f"{named.code} {named.version} ({language})"
    return Problem(message, {"pack": pack, "needed": NEEDED_APPROVALS}, place="wording")
