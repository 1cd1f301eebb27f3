"""What was tested of the app's accessibility and how, and what was not: open to everybody."""

from datetime import date

from flask import render_template
from flask.typing import ResponseReturnValue

from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.participant.face import blueprint

STATED_ON = date(2026, 11, 23)
"""The day on which the statement was last held against the tests."""
AXE_VERSION = "4.12.1"
"""The version of axe-core that the tests run; one of them compares the two."""


@blueprint.get("/accessibility")
@access.public
def accessibility_statement() -> ResponseReturnValue:
    """Say how accessible the pages are, what was tested how, and whom to tell about what is in the way."""
    return render_template(
        "participant/accessibility.html",
        stated_on=STATED_ON,
        axe_version=AXE_VERSION,
        contact=this.parts().settings.accessibility_contact,
        address=this.parts().settings.public_url,
    )
