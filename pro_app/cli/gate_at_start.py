"""Asking the production gate before a server or a worker starts."""

import logging

from pro_app.cli.translation import gate_line
from pro_app.clock import system_clock
from pro_app.services.production.gate import require_gate_of
from pro_app.settings import Settings

logger = logging.getLogger(__name__)


def check_gate_at_start(settings: Settings) -> None:
    """Raise ProductionRefused if something is missing; what has only run out is logged as a warning."""
    for remark in require_gate_of(settings, today=system_clock().date()):
        logger.warning("%s", gate_line(remark).strip())
