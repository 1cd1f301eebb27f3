"""Whether every questionnaire that a version asks can be shown to the participants it comes to govern."""

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from pro_app.errors import NotFound, Problem
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.protocol import InstrumentReference, Protocol
from pro_app.services.studies import find_wording
from pro_app.services.wording_packs.records import is_wording_approved
from pro_app.storage.catalogue import load_wording
from pro_app.storage.queries.answers import find_instrument_sha256
from pro_app.storage.tables.studies import Study


def check_wordings(
    session: Session, study_id: int, protocol: Protocol, *, languages: Iterable[str]
) -> list[Problem]:
    """List the questionnaires that are not there, have no wording pack in use, or only a provisional one.

    Provisional wording is no problem while the study is in test mode. Without any of `languages` the first
    language of the app is asked for.
    """
    study = session.get_one(Study, study_id)
    wanted = sorted({*languages, LANGUAGES[0]} if study.mode == "production" else languages) or [LANGUAGES[0]]
    return [
        problem
        for reference in protocol.instruments
        for problem in _check_instrument(session, study, reference, languages=wanted)
    ]


def _check_instrument(
    session: Session, study: Study, reference: InstrumentReference, *, languages: Iterable[str]
) -> Iterator[Problem]:
    values: dict[str, str | int] = {"code": reference.code, "version": reference.version}
    if find_instrument_sha256(session, reference.code, reference.version) is None:
        yield Problem(mark("The questionnaire %(code)s %(version)s was never loaded."), values)
        return
    for language in languages:
        try:
            sha256 = find_wording(
                session,
                study_id=study.id,
                instrument_code=reference.code,
                instrument_version=reference.version,
                language=language,
            )
        except NotFound:
            message = mark("The questionnaire %(code)s %(version)s has no wording pack in use.")
            yield Problem(message, values)
            return
        if study.mode == "production" and load_wording(session, sha256).placeholder:
            message = mark(
                "The questionnaire %(code)s %(version)s has only provisional wording (%(language)s)."
            )
            yield Problem(message, values | {"language": language})
        elif study.mode == "production" and not is_wording_approved(
            session, study_id=study.id, sha256=sha256
        ):
            message = mark("Two people have not approved the wording of %(code)s %(version)s (%(language)s).")
            yield Problem(message, values | {"language": language})
