"""Storing definitions under their SHA-256, each once; a version never changes its content."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import DefinitionRejected, Problem
from pro_app.language import mark
from pro_app.storage.tables.definitions import StoredDefinition


def store_definition(
    session: Session, definition: DefinitionFile, wanted: StoredDefinition, *, now: datetime
) -> bool:
    """Store a definition under the kind, code and version of `wanted`; tells whether it was new.

    What is known under its name and version must be the same text, else raises DefinitionRejected.
    """
    known = session.scalar(
        select(StoredDefinition.sha256).where(
            StoredDefinition.kind == wanted.kind,
            StoredDefinition.code == wanted.code,
            StoredDefinition.version == wanted.version,
        )
    )
    if known == definition.sha256:
        return False
    if known is not None:
        message = mark(
            "%(code)s %(version)s was loaded before with another content. A version never changes: "
            "give the new content a new version (a wording pack: a new name)."
        )
        problem = Problem(message, {"code": wanted.code, "version": wanted.version})
        raise DefinitionRejected(definition.source, (problem,))
    wanted.sha256, wanted.text, wanted.stored_at = definition.sha256, definition.text, now
    session.add(wanted)
    return True
