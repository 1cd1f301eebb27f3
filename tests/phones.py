"""A participant's browser over real HTTP: its cookie, and the CSRF token of a page."""

import http.client
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

LOST = (OSError, http.client.HTTPException)
"""What a request raises whose reply never came: nobody knows whether it was carried out."""
TIMEOUT_SECONDS = 30
_CSRF_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    location: str
    text: str


class Phone:
    """One browser, signed in by the cookie that it holds.

    Without `keep_alive` each request has a connection of its own, so that one lost was truly under way.
    """

    def __init__(self, port: int, cookie: str, *, keep_alive: bool = False) -> None:
        self._keep_alive = keep_alive
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._cookie = f"participant={cookie}"
        self._csrf_token = ""

    def load(self, path: str) -> Reply:
        """Load a page, and remember the CSRF token of the form that it may hold."""
        reply = self._send("GET", path)
        found = _CSRF_FIELD.search(reply.text)
        if found:
            self._csrf_token = found[1]
        return reply

    def post_operations(self, assessment_id: int, operations: Sequence[Mapping[str, Any]]) -> Reply:
        """Post a batch of operations as the page's script does."""
        body = json.dumps({"assessment_id": assessment_id, "operations": list(operations)})
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._csrf_token}
        return self._send("POST", "/p/operations", body=body, headers=headers)

    def submit(self, assessment_id: int, respondent: str = "self") -> Reply:
        """Send the questionnaire."""
        body = urlencode({"csrf_token": self._csrf_token, "respondent": respondent})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", send_path(assessment_id), body=body, headers=headers)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(
        self, method: str, path: str, *, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; raises one of LOST, after which the connection is closed."""
        try:
            self._connection.request(method, path, body, {"Cookie": self._cookie, **(headers or {})})
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except LOST:
            self._connection.close()
            raise
        if not self._keep_alive:
            self._connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            if cookie.startswith("participant="):
                self._cookie = cookie.split(";", 1)[0]
        return Reply(answer.status, answer.headers.get("Location", ""), text)


def operation(instrument_code: str, item_number: int, value: int, *, counter: int = 0) -> dict[str, Any]:
    """Make an operation as the page's script would, under a new identifier."""
    return {
        "operation_id": str(uuid.uuid4()),
        "instrument_code": instrument_code,
        "item_number": item_number,
        "state": "answered",
        "value": value,
        "counter": counter,
    }


def send_path(assessment_id: int) -> str:
    """Give the address of the page that asks who answered, and sends."""
    return f"/p/q/{assessment_id}/send"


def receipt_path(assessment_id: int) -> str:
    """Give the address of the receipt."""
    return f"/p/q/{assessment_id}/receipt"
