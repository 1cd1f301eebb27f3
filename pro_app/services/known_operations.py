"""What became of operations that came before: the same answer again, also where the first reply was lost."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from pro_app.services.answers import KeptOperation, is_overtaken
from pro_app.storage.tables.answers import Answer

_sent = aliased(Answer)
_SAME_ITEMS = (
    select(Answer)
    .join(_sent, (_sent.response_id == Answer.response_id) & (_sent.item_number == Answer.item_number))
    .where(_sent.operation_id.in_(bindparam("operation_ids", expanding=True)))
    .distinct()
    .order_by(Answer.id)
)


def tell_again(session: Session, operation_ids: Sequence[str]) -> list[KeptOperation]:
    """Tell what became of operations that are kept, as it was told when they came.

    The answers to an item are gone through as they came. One that never came into force ended at the moment
    of its receipt; so did one that the next of its own batch superseded, which the rule tells apart.
    """
    wanted = set(operation_ids)
    standing: dict[tuple[int, int], Answer] = {}
    told = []
    for answer in session.scalars(_SAME_ITEMS, {"operation_ids": [*wanted]}):
        place = answer.response_id, answer.item_number
        before = standing.get(place)
        never = answer.superseded_at == answer.received_at
        overtaken = never and before is not None and is_overtaken(answer, before, waited=True)
        if answer.operation_id in wanted:
            elsewhere = before if before is not None and answer.contradicts(before) else None
            stands = before if overtaken else None
            told.append(KeptOperation(answer.operation_id, overtaken, elsewhere, stands))
        if not overtaken:
            standing[place] = answer
    return told
