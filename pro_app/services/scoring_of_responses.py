"""Scoring what was submitted: the scores of a response, stored with all that is needed to defend them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version

from sqlalchemy.orm import Session

from pro_app.scoring.scores import NOT_APPLICABLE, ItemValue, ScaleScore, score_response
from pro_app.services.responses import AskedInstrument
from pro_app.storage.database import write_rows
from pro_app.storage.tables.answers import Answer
from pro_app.storage.tables.scores import Score

APP_VERSION = version("pro-app")


def save_scores(
    session: Session, asked: AskedInstrument, *, response_id: int, answers: Iterable[Answer], now: datetime
) -> Sequence[ScaleScore]:
    """Score the answers of one response as the protocol says and store every scale, scorable or not."""
    scoring = asked.instrument.scoring(asked.reference.scoring)
    scores = score_response(scoring, {answer.item_number: item_value(answer) for answer in answers})
    rows = [
        Score(
            response_id=response_id,
            scoring_name=scoring.name,
            scale_code=score.scale_code,
            value=score.as_float,
            raw=None if score.raw is None else float(score.raw),
            answered=score.answered,
            not_applicable=score.not_applicable,
            missing=score.missing,
            needed=score.needed,
            reason=score.reason,
            instrument_sha256=asked.instrument.sha256,
            app_version=APP_VERSION,
            scored_at=now,
        )
        for score in scores
    ]
    write_rows(session, rows)
    return scores


def item_value(answer: Answer) -> ItemValue:
    """Give what an answer counts as in a score: its code, "N", or None where there is no answer."""
    return NOT_APPLICABLE if answer.state == "not_applicable" else answer.value
