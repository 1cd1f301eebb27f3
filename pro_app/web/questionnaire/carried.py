"""An answer on its way through the PIN: signed by us, so that it comes back as it was given."""

from dataclasses import asdict, dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from pro_app.services.answers import Operation
from pro_app.web import request as this
from pro_app.web.questionnaire.forms import AnswerForm
from pro_app.web.questionnaire.items import read_operation

FORWARD = {"next": 1, "decline": 1, "previous": -1}


@dataclass(frozen=True, slots=True)
class CarriedAnswer:
    """What was sent when nobody was signed in any more; `path` is where the person goes on."""

    assessment_id: int
    path: str
    operation: Operation | None


def sign_carried(carried: CarriedAnswer) -> str:
    """Write it as text that only this installation can make."""
    return _serializer().dumps(asdict(carried))


def find_carried(text: str | None) -> CarriedAnswer | None:
    """Read what `sign_carried` wrote; None for anything else."""
    try:
        data: dict[str, Any] = _serializer().loads(text or "")
    except BadSignature:
        return None
    operation = Operation(**data["operation"]) if data["operation"] else None
    return CarriedAnswer(data["assessment_id"], data["path"], operation)


def carry_answer(assessment_id: int, number: int) -> CarriedAnswer | None:
    """Take the answer out of the item form that was just sent; None if it is no form of ours."""
    form = AnswerForm(meta={"csrf": False})
    if not form.validate():
        return None
    operation = read_operation(form)
    step = FORWARD[form.go.data or "next"] if operation or form.before.data else 0
    place = "review" if form.back.data and step else str(max(1, number + step))
    return CarriedAnswer(assessment_id, f"/p/q/{assessment_id}/{place}", operation)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(this.parts().settings.secret_key, salt="carried answer")
