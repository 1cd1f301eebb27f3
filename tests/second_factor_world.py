"""An authenticator app in the hands of a test: it reads the key on the page and shows its codes."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from flask.testing import FlaskClient
from staff_world import PASSWORD, csrf_token, sign_in
from werkzeug.test import TestResponse

from pro_app.services.second_factors.totp import find_present_step, make_code

PAGE = "/staff/second-factor"


@dataclass
class App:
    """The app on somebody's phone, with the recovery codes that were noted beside it."""

    secret: str
    noted: list[str] = field(default_factory=list)

    def show(self, now: datetime, *, steps_ahead: int = 0) -> str:
        """Give the code that the app shows, or the one after."""
        return make_code(self.secret, find_present_step(now) + steps_ahead)


def read_key(text: str) -> str:
    """Read the key on the page that sets an app up."""
    found = re.search(r'<code class="second-factor-key">([^<]+)</code>', text)
    assert found is not None
    return found[1].replace(" ", "")


def read_recovery_codes(text: str) -> list[str]:
    """Read the recovery codes on the page that shows them."""
    return re.findall(r"<li><code>([^<]+)</code></li>", text)


def set_up(client: FlaskClient, username: str, now: datetime, *, password: str = PASSWORD) -> App:
    """Sign in for the first time and set up an app; ends signed in."""
    assert sign_in(client, username, password) == 302
    app = App(read_key(client.get(f"{PAGE}/new").text))
    answer = send(client, f"{PAGE}/new", code=app.show(now))
    assert answer.status_code == 200, answer.text
    app.noted = read_recovery_codes(answer.text)
    return app


def send(client: FlaskClient, path: str, **data: str) -> TestResponse:
    """Send the form of a page, with the token that stands on it."""
    return client.post(path, data={"csrf_token": csrf_token(client, path), **data})
