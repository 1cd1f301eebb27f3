"""Looking up a receipt code that a patient reads out; it shows that a form arrived, never what is in it."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from pro_app.services.clinic_scope import load_scope
from pro_app.services.receipt_lookup import find_receipt, is_receipt_code
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint


@blueprint.get("/clinic/receipts")
@access.staff("nurse", "investigator", "monitor", "inspector", "coordinator")
def receipts() -> ResponseReturnValue:
    """Ask for a code, and show which form it is of."""
    typed = request.args.get("code", "").strip()
    is_code = is_receipt_code(typed)
    language = str(get_locale())
    return render_template(
        "clinic/receipts.html",
        typed=typed,
        is_code=is_code,
        found=find_receipt(this.session(), typed, language=language, actor=this.actor()) if is_code else None,
        scope=load_scope(this.session(), actor=this.actor()),
    )
