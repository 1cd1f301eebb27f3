"""The personal token that a program sends along: whose it is, and refusing a request without a good one."""

from typing import cast

from flask import g, request

from pro_app.errors import NotPermitted
from pro_app.services.api_tokens import TokenHolder, find_token_holder, is_known_token
from pro_app.services.throttle import count_tries, program_key
from pro_app.web import request as this


class BearerNeeded(NotPermitted):
    """The request has no living token."""


def check_bearer() -> None:
    """Find the holder of the request's token; raises BearerNeeded, and TryLater after too many wrong ones."""
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    database = this.parts().database
    holder = find_token_holder(database, token, now=this.now()) if token else None
    if holder is None:
        if token and not is_known_token(database, token):  # one that has ended is no guess
            count_tries(database, program_key(request.remote_addr), now=this.now())
        raise BearerNeeded("token")
    g.token_holder = holder


def holder() -> TokenHolder:
    """Give whose token it is; only for routes that declare `access.api_token`."""
    return cast("TokenHolder", g.token_holder)
