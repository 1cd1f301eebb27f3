"""An answer on its way through the PIN: signed by us, so that it comes back as it was given."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from pro_app.services.answers import Operation
from pro_app.web import request as this
from pro_app.web.questionnaire.forms import AnswerForm
from pro_app.web.questionnaire.items import read_operation

LONGEST_WAIT = timedelta(hours=24)
"""What waited longer is given anew: who signs in by then may not know of it any more."""

OPERATION_FIELDS = {field.name for field in fields(Operation)}
FORWARD = {"next": 1, "decline": 1, "previous": -1}


@dataclass(frozen=True, slots=True)
class CarriedAnswer:
    """What was sent, at `sent_at`, when nobody was signed in any more; `path` is where the person goes on.

    Without an operation there is nothing to save: the person only went on, or wanted to send the form.
    """

    assessment_id: int
    path: str
    operation: Operation | None
    sent_at: datetime

    @property
    def is_sending(self) -> bool:
        """Whether the form was to be sent, which the person has to do again."""
        return self.path.endswith("/send")


def sign_carried(carried: CarriedAnswer) -> str:
    """Write it as text that only this installation can make."""
    return _serializer().dumps(asdict(carried) | {"sent_at": carried.sent_at.isoformat()})


def find_carried(text: str | None) -> CarriedAnswer | None:
    """Read what `sign_carried` wrote, None for anything else; after a day only where its person goes on."""
    try:
        data: dict[str, Any] = _serializer().loads(text or "")
    except BadSignature:
        return None
    assessment_id, said, sent_at = data["assessment_id"], data["operation"], data["sent_at"]
    sent_at = datetime.fromisoformat(sent_at)
    if this.now() - sent_at > LONGEST_WAIT:
        return CarriedAnswer(assessment_id, f"/p/q/{assessment_id}", None, sent_at)
    # Signed by the app before an upgrade, it may have a field more or less.
    known = {name: value for name, value in (said or {}).items() if name in OPERATION_FIELDS}
    operation = Operation(**known | {"given_at": sent_at}) if known else None
    return CarriedAnswer(assessment_id, data["path"], operation, sent_at)


def carry_answer(assessment_id: int, number: int) -> CarriedAnswer | None:
    """Take the answer out of the item form that was just sent; None if it is no form of ours."""
    form = AnswerForm(meta={"csrf": False})
    if not form.validate():
        return None
    operation = read_operation(form)
    step = FORWARD[form.go.data or "next"] if operation or form.before.data else 0
    place = "review" if form.back.data and step else str(max(1, number + step))
    return CarriedAnswer(assessment_id, f"/p/q/{assessment_id}/{place}", operation, this.now())


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(this.parts().settings.secret_key, salt="carried answer")
