"""`POST /p/operations`: a batch of answer operations as JSON, kept wholly or not at all."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from pro_app.services.answers import save_operations
from pro_app.services.operation_batches import parse_batch
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.questionnaire.face import blueprint


@blueprint.post("/p/operations")
@access.participants
def save_batch() -> ResponseReturnValue:
    """Keep every operation of the batch; the same batch sent again gets the same answer."""
    assessment_id, operations = parse_batch(request.get_json(silent=True))
    saved = save_operations(
        this.session(), assessment_id=assessment_id, operations=operations, actor=this.actor(), now=this.now()
    )
    return jsonify(
        status="received", assessment_id=saved.assessment_id, operation_ids=list(saved.operation_ids)
    )
