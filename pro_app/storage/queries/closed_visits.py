"""Reading which visits have closed for somebody, and when each first did."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pro_app.storage.queries.form_standings import StandingScope
from pro_app.storage.tables.form_standings import FormStanding


def list_closed_visits(session: Session, scope: StandingScope, *, now: datetime) -> dict[str, datetime]:
    """List the visits of which a window closed until `now`, each with the first moment at which one did."""
    if scope.site_ids is None:
        return _list_of_study(session, scope.study_id, now=now)
    form = FormStanding
    # Site by site as the index has it, which needs no sorting.
    first = select(form.visit_code, func.min(form.closes_at)).group_by(form.site_id, form.visit_code)
    of_sites = (form.study_id == scope.study_id, form.site_id.in_(sorted(scope.site_ids)))
    closed: dict[str, datetime] = {}
    for code, at in session.execute(first.where(*of_sites, form.closes_at <= now)):
        if at is not None:
            closed[code] = min(at, closed.get(code, at))
    return closed


def _list_of_study(session: Session, study_id: int, *, now: datetime) -> dict[str, datetime]:
    """Go from one visit to the next in the index: a look for each visit, and none for each form."""
    form, inner = FormStanding, FormStanding.__table__.alias("beyond")
    first = select(func.min(form.visit_code).label("code")).where(form.study_id == study_id)
    visits = first.cte("visits", recursive=True)
    beyond = select(func.min(inner.c.visit_code)).where(
        inner.c.study_id == study_id, inner.c.visit_code > visits.c.code
    )
    visits = visits.union_all(select(beyond.scalar_subquery()).where(visits.c.code.is_not(None)))
    closed = (
        select(func.min(form.closes_at))
        .where(form.study_id == study_id, form.visit_code == visits.c.code)
        .scalar_subquery()
    )
    rows = session.execute(select(visits.c.code, closed).where(visits.c.code.is_not(None)))
    return {code: at for code, at in rows if at is not None and at <= now}
