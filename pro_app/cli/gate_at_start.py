"""What is asked before a server or a worker starts: the stores, then the production gate."""

import logging

from pro_app.cli.stores import opened_database
from pro_app.cli.translation import gate_line
from pro_app.clock import system_clock
from pro_app.services.production.gate import require_gate_of
from pro_app.settings import Settings
from pro_app.storage.migrate import Store, require_newest_schema

logger = logging.getLogger(__name__)


def check_gate_at_start(settings: Settings) -> None:
    """Raise DatabaseUnavailable, or ProductionRefused if something is missing.

    What has only run out is logged as a warning.
    """
    stores: tuple[tuple[Store, str], ...] = (
        ("main", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    for store, url in stores:
        with opened_database(url) as database:
            require_newest_schema(database, store)
    for remark in require_gate_of(settings, today=system_clock().date()):
        logger.warning("%s", gate_line(remark).strip())
