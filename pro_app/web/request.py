"""What every page may ask of the current request: session, time, actor and the parts of the app."""

import re
import secrets
from datetime import datetime
from typing import cast

from flask import current_app, g, request
from flask_login import current_user

from pro_app.audit.actor import Actor
from pro_app.clock import Clock
from pro_app.contacts.vault import ContactVault
from pro_app.errors import InputRejected
from pro_app.services import Database, Session
from pro_app.services.sessions import ParticipantSignIn
from pro_app.services.staff_sessions import StaffSignIn
from pro_app.settings import Settings

EXTENSION = "pro_app"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and halves of a surrogate pair: no text of a person, and nothing that every database can hold."""


class Parts:
    """What `create_app` puts together for the pages."""

    def __init__(self, settings: Settings, database: Database, *, vault: ContactVault, clock: Clock) -> None:
        self.settings = settings
        self.database = database
        self.vault = vault
        self.clock = clock


def parts() -> Parts:
    """Give the parts of the running app."""
    return cast("Parts", current_app.extensions[EXTENSION])


def session() -> Session:
    """Give the session of the request's one transaction."""
    return cast("Session", g.session)


def now() -> datetime:
    """Give the time of the request, the same at every call."""
    if "now" not in g:
        g.now = parts().clock()
    return cast("datetime", g.now)


def request_id() -> str:
    """Give the identifier that the request carries into the audit trail and the log."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return cast("str", g.request_id)


def check_text() -> None:
    """Raise InputRejected where the address, the form or the JSON of the request holds unstorable text."""
    waiting: list[object] = [request.args.to_dict(flat=False), request.form.to_dict(flat=False)]
    try:
        waiting.append(request.get_json(silent=True))
    except RecursionError as too_deep:
        raise InputRejected(()) from too_deep
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and UNSTORABLE.search(part):
            raise InputRejected(())


def staff() -> StaffSignIn:
    """Give the signed-in member of staff; only for routes that declare staff roles."""
    return cast("StaffSignIn", current_user.sign_in)


def participant() -> ParticipantSignIn:
    """Give the signed-in participant; only for routes that declare participants."""
    return cast("ParticipantSignIn", current_user.sign_in)


def actor() -> Actor:
    """Give who acts in this request; only for routes that declare a signed-in person."""
    return cast("StaffSignIn | ParticipantSignIn", current_user.sign_in).actor(request_id())
