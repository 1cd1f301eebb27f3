"""A member of staff at a browser, in tests of the clinic's pages."""

import re
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "a long and unusual password 7!"


@dataclass
class StaffBrowser:
    """One member of staff's browser, which follows redirects and sends the token of the page it saw."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path, follow_redirects=True)

    def post(self, path: str, *, page: str | None = None, **fields: str) -> TestResponse:
        """Send a form, with the token of `page` or of the page at the same address."""
        seen = self.client.get(page or path)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', seen.text)
        assert token is not None, f"no form on {page or path} ({seen.status_code})"
        return self.client.post(path, data={"csrf_token": token[1], **fields}, follow_redirects=True)


def seen_on(page: TestResponse) -> str:
    """Give the token of the preview that a page shows."""
    token = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert token is not None, f"no preview on {page.request.path} ({page.status_code})"
    return token[1]


def sign_in(app: Flask, number: int) -> StaffBrowser:
    """Sign in as member of staff 0 (nurse), 1 (nurse elsewhere), 2 (coordinator) or 3 (monitor)."""
    browser = StaffBrowser(app.test_client())
    page = browser.post("/staff/sign-in", username=f"member-{number}", password=PASSWORD)
    assert page.status_code == 200
    return browser
