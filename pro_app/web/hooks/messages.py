"""`POST /hooks/messages`: one report about one message, from a program that knows the shared secret."""

import hmac
import secrets
from http import HTTPStatus

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from pro_app.audit.actor import system_actor
from pro_app.errors import InputRejected, TryLater
from pro_app.reminders.channels import find_usable_channels
from pro_app.services.channel_reports import record_report
from pro_app.services.hook_reports import parse_hook_report
from pro_app.services.throttle import count_tries, program_key
from pro_app.web import access
from pro_app.web import request as this

SECRET_HEADER = "X-Hook-Secret"  # noqa: S105 -- the header's name, not its value
blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")


@blueprint.post("/messages")
@access.public
def messages() -> ResponseReturnValue:
    """Record a report; the same one again is answered alike and changes nothing.

    The secret comes in its header, as a bearer token or as the password of the address. A report about a
    message that is not known is kept and answered with 200, since sending it again would not help; so is one
    of a state that asks for nothing, and not kept.
    """
    settings = this.parts().settings
    if not _knows(settings.hook_secret):
        count_tries(this.parts().database, program_key(request.remote_addr), now=this.now())
        refusal = jsonify({"error": "the secret is missing or wrong"})
        return refusal, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Bearer realm="hooks"'}
    report = parse_hook_report(request.get_json(silent=True), settings)
    if report is None:
        return jsonify({"new": False, "nothing_to_do": True})
    recorded = record_report(
        this.session(),
        report,
        usable_channels=find_usable_channels(settings),
        actor=system_actor("hook", secrets.token_hex(8)),
        now=this.now(),
    )
    return jsonify({"new": recorded.is_new, "known": recorded.is_known})


@blueprint.errorhandler(InputRejected)
def explain_problems(error: InputRejected) -> ResponseReturnValue:
    """Say which fields cannot be used, in English: a program's maker reads it."""
    problems = [{"field": problem.place, "problem": problem.message} for problem in error.problems]
    return jsonify({"error": "the report cannot be used", "problems": problems}), HTTPStatus.BAD_REQUEST


@blueprint.errorhandler(TryLater)
def explain_wait(error: TryLater) -> ResponseReturnValue:
    """Say when the next try makes sense."""
    wait = {"Retry-After": str(error.seconds)}
    return jsonify({"error": "too many wrong secrets"}), HTTPStatus.TOO_MANY_REQUESTS, wait


def _knows(secret: str | None) -> bool:
    """Tell whether the request carries the secret, after the same time for every wrong one."""
    given = request.authorization
    told = request.headers.get(SECRET_HEADER) or (given and (given.token or given.password)) or ""
    return secret is not None and hmac.compare_digest(told.encode(), secret.encode())
