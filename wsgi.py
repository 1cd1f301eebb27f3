"""The WSGI entry point for a production server: `gunicorn wsgi:app`."""

import sys

from pro_app.app import create_app
from pro_app.cli import error_lines
from pro_app.cli.gate_at_start import check_gate_at_start
from pro_app.errors import ProAppError
from pro_app.settings import Settings

NOT_BOOTED = 3
"""What gunicorn stops at, instead of starting the process again and again."""

try:
    settings = Settings.from_env()
    check_gate_at_start(settings)
    app = create_app(settings)
except ProAppError as refused:
    print(*error_lines(refused), sep="\n", file=sys.stderr, flush=True)  # noqa: T201 -- the server's log
    sys.exit(NOT_BOOTED)
