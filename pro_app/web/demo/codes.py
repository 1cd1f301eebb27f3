"""The codes that authenticator apps would show now, by the demo's own clock, which no phone follows."""

from collections.abc import Iterable, Mapping
from typing import Any

from pro_app.services.second_factors.showing import ShownCode, find_code_to_show, show_code
from pro_app.web import request as this


def find_demo_code(secret: str | None = None) -> ShownCode | None:
    """Find the code of a secret that is being set up, else of the member of staff who is signing in."""
    settings = this.parts().settings
    if secret is not None:
        return show_code(secret, settings=settings, now=this.now())
    return find_code_to_show(this.session(), this.staff().account_id, settings=settings, now=this.now())


def list_demo_codes(staff: Iterable[Mapping[str, Any]]) -> dict[str, ShownCode]:
    """List the code of each username that the demo tells, as far as it has an app."""
    settings, now = this.parts().settings, this.now()
    found = {
        member["username"]: find_code_to_show(
            this.session(), member["account_id"], settings=settings, now=now
        )
        for member in staff
    }
    return {username: shown for username, shown in found.items() if shown is not None}
