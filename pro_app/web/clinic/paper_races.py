"""What a page about a sheet of paper does where the form was sent while somebody was at it."""

from collections.abc import Callable
from functools import wraps

from flask import jsonify, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import AlreadySubmitted
from pro_app.web.errors import wants_json

View = Callable[[int], ResponseReturnValue]


def leads_back(view: View) -> View:
    """Lead to the page that says that the form has come, in words for staff; programs get 409.

    The services find that out before they write anything, so that nothing half done is left.
    """

    @wraps(view)
    def led(assessment_id: int) -> ResponseReturnValue:
        try:
            return view(assessment_id)
        except AlreadySubmitted:
            return (
                refuse_script()
                if wants_json()
                else redirect(url_for("clinic.paper", assessment_id=assessment_id))
            )

    return led


def refuse_script() -> ResponseReturnValue:
    """Tell the script of the grid that what was typed is not to be saved here any more."""
    return jsonify(error=gettext("This sheet is no longer yours to type in.")), 409
