"""Which study a command is about: the one that was named, or the only one there is."""

from sqlalchemy.orm import Session

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.studies import list_studies
from pro_app.storage.tables.studies import Study


def choose_study(session: Session, code: str | None) -> Study:
    """Give the study named `code`; without a name the only one. Raises InputRejected in words."""
    studies = {study.study_code: study for study in list_studies(session)}
    if not studies:
        raise InputRejected((Problem(mark("There is no study yet: run load-study first.")),))
    known = ", ".join(studies)
    if code is None:
        if len(studies) > 1:
            message = mark("There are several studies: name one with --study. Known: %(known)s.")
            raise InputRejected((Problem(message, {"known": known}),))
        return next(iter(studies.values()))
    if code.lower() not in studies:
        message = mark("There is no study “%(code)s”. Known: %(known)s.")
        raise InputRejected((Problem(message, {"code": code, "known": known}),))
    return studies[code.lower()]
