"""Refusals for programs: problem details in JSON (RFC 9457), in English."""

import json
import logging
from http import HTTPStatus

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from pro_app import errors
from pro_app.web import errors as pages
from pro_app.web import request as this
from pro_app.web.bearer import BearerNeeded

MIME_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)

STATUSES: dict[type[Exception], tuple[HTTPStatus, str]] = {
    BearerNeeded: (HTTPStatus.UNAUTHORIZED, "Send a living token: Authorization: Bearer …"),
    errors.NotPermitted: (HTTPStatus.FORBIDDEN, "The token's role does not allow this."),
    errors.NotFound: (HTTPStatus.NOT_FOUND, "There is no such release, table, dataset or address."),
    errors.TryLater: (HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong tokens came from this address."),
    errors.ProAppError: (HTTPStatus.BAD_REQUEST, "The request cannot be used."),
}
"""The first one that an error is an instance of counts."""


def init_problems(blueprint: Blueprint) -> None:
    """Register the handlers for whatever is refused below the blueprint."""
    blueprint.register_error_handler(errors.ProAppError, explain)
    blueprint.register_error_handler(HTTPException, explain_http)
    blueprint.register_error_handler(Exception, explain_unknown)
    blueprint.app_errorhandler(HTTPStatus.METHOD_NOT_ALLOWED)(explain_method)


def explain(error: errors.ProAppError) -> Response:
    """Explain a named error."""
    status, detail = next(entry for kind, entry in STATUSES.items() if isinstance(error, kind))
    response = make_problem(status, detail)
    if isinstance(error, BearerNeeded):
        response.headers["WWW-Authenticate"] = 'Bearer realm="pro_app"'
    if isinstance(error, errors.TryLater):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def explain_http(error: HTTPException) -> Response:
    """Explain what a route or the routing refused."""
    return make_problem(HTTPStatus(error.code or 500), error.description or "")


def explain_method(error: HTTPException) -> ResponseReturnValue:
    """Explain a wrong method, which the routing refuses before it knows whose address it is."""
    return explain_http(error) if request.path.startswith("/api/") else pages.explain_http(error)


def explain_unknown(error: Exception) -> Response:
    """Log what nobody foresaw, by request and not by person."""
    logger.error("request %s failed", this.request_id(), exc_info=error)
    return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"Request {this.request_id()} failed.")


def make_problem(status: HTTPStatus, detail: str) -> Response:
    """Make the answer."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    response = make_response(json.dumps(body, ensure_ascii=False), status.value)
    response.mimetype = MIME_TYPE
    return response
