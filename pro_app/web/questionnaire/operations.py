"""What a device sends by itself: answers that it kept, and the wish to send the form."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from pro_app.services.device_reports import has_open_report, parse_held_answers, record_held_answers
from pro_app.services.operation_batches import parse_batch
from pro_app.services.synchronisation import TakenOperation, list_open, take_batch
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.questionnaire.face import blueprint
from pro_app.web.tablet_reach import open_to_tablet


@blueprint.get("/p/sync")
@access.participants
@open_to_tablet
def tell_owner() -> ResponseReturnValue:
    """Tell a device whose answers it may send now, with what it needs for that."""
    open_ones = list_open(this.session(), participant_id=this.participant().participant_id, now=this.now())
    return jsonify(
        owner=this.participant().queue_owner,
        csrf_token=generate_csrf(),
        server_now=this.now().isoformat(),
        open=open_ones,
        reported=has_open_report(this.session(), actor=this.actor()),
    )


@blueprint.post("/p/reports")
@access.participants
def save_report() -> ResponseReturnValue:
    """Take a phone's word of how many answers it still holds, without any of them."""
    held = parse_held_answers(request.get_json(silent=True))
    record_held_answers(this.session(), held, actor=this.actor(), now=this.now())
    return jsonify(status="received")


@blueprint.post("/p/operations")
@access.participants
@open_to_tablet
def save_batch() -> ResponseReturnValue:
    """Take every operation of the batch or none; the same batch sent again gets the same answer."""
    taken = take_batch(
        this.session(), parse_batch(request.get_json(silent=True)), actor=this.actor(), now=this.now()
    )
    receipt = taken.receipt
    return jsonify(
        status="received",
        assessment_id=taken.assessment_id,
        operation_ids=[operation.operation_id for operation in taken.operations],
        outcomes=[_tell(operation) for operation in taken.operations],
        receipt=receipt and {"code": receipt.receipt_code, "submitted_at": receipt.submitted_at.isoformat()},
    )


def _tell(operation: TakenOperation) -> dict[str, object]:
    elsewhere = operation.elsewhere
    return {
        "operation_id": operation.operation_id,
        "outcome": operation.outcome,
        "reason": operation.reason,
        "stands": operation.stands and (operation.stands.value or operation.stands.state),
        "elsewhere": elsewhere
        and {"said": elsewhere.value or elsewhere.state, "at": elsewhere.answered_at.isoformat()},
    }
