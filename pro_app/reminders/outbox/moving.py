"""Messages whose participant, or whose questionnaire, is in another place from now on."""

from sqlalchemy import bindparam, case, update
from sqlalchemy.orm import Session

from pro_app.storage.tables.outbox import OutboxMessage

SETTLED = ("sent", "unknown", "failed")
"""What went out, may have or failed to, did so in the name of the site of that time."""

_MOVE = (
    update(OutboxMessage)
    .where(
        OutboxMessage.participant_id == bindparam("whose"),
        OutboxMessage.state.not_in(SETTLED),
    )
    .values(site_id=bindparam("other_site_id"))
    .execution_options(synchronize_session="fetch")
)


def move_messages(session: Session, participant_id: int, *, site_id: int) -> None:
    """Let what is still to go out to a participant go out in the name of another site.

    So does what was withdrawn, since that may be planned again. What failed counts for the site at which it
    failed, and takes the name of the new one only where it is planned again. Lock the participant first.
    """
    session.flush()
    session.execute(_MOVE, {"whose": participant_id, "other_site_id": site_id})


def swap_forms_of_messages(session: Session, first_id: int, second_id: int) -> None:
    """Let messages stay with their visits where the assessments of two visits change places.

    Lock the participants of both first.
    """
    session.flush()
    other = case((OutboxMessage.assessment_id == first_id, second_id), else_=first_id)
    statement = update(OutboxMessage).where(OutboxMessage.assessment_id.in_([first_id, second_id]))
    session.execute(statement.values(assessment_id=other).execution_options(synchronize_session="fetch"))
