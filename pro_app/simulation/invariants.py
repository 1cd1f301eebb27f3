"""What must hold of every trial, whatever happened in it; for the simulation and for any test with a store.

Each rule is written apart from the code that keeps it, from the stored rows, the protocol, and what the
receiving end saw. `docs/simulation.md` says what each one means.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from pro_app.audit.verification import verify_audit_trail
from pro_app.simulation.checks.arrivals import check_arrivals, check_said_sent
from pro_app.simulation.checks.due import check_due
from pro_app.simulation.checks.evidence import SentRecord, Violation, load_lives
from pro_app.simulation.checks.plans import check_plans
from pro_app.simulation.checks.rates import check_rates
from pro_app.simulation.checks.standings import check_standings

__all__ = ["RULES", "SentRecord", "Violation", "check_invariants"]

RULES = (
    "twice",
    "after_stop",
    "channel_rests",
    "in_pause",
    "quiet_time",
    "outside_window",
    "already_submitted",
    "several_after_outage",
    "unknown_message",
    "never_arrived",
    "missing",
    "withdrawn_without_reason",
    "stuck",
    "no_reason",
    "plan_differs",
    "answered_visit_moved",
    "rates_differ",
    "standings_differ",
    "audit_chain",
)
"""The rules by the codes under which their violations are told."""


def check_invariants(session: Session, *, sent: Sequence[SentRecord], now: datetime) -> list[Violation]:
    """List everything that must not be, at `now`, in a store from which `sent` is all that ever arrived."""
    lives = load_lives(session, sent)
    return [
        *check_arrivals(lives, sent),
        *check_said_sent(lives),
        *check_due(lives, now=now),
        *check_plans(lives),
        *check_rates(session, lives, now=now),
        *check_standings(session, lives),
        *_check_audit_trail(session),
    ]


def _check_audit_trail(session: Session) -> Iterator[Violation]:
    _, faults = verify_audit_trail(session)
    for fault in faults:
        yield Violation("audit_chain", f"{fault.chain}:{fault.sequence}", fault.what)
