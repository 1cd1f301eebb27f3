"""The web server: gunicorn, told everything by arguments, for production and for the demo alike."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

MakeApp = Callable[[], Flask]


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn serving the app that `make_app` makes in each worker process."""

    def __init__(self, make_app: MakeApp, options: dict[str, Any]) -> None:
        self.make_app = make_app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options given, and nothing from files or the environment."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the app; runs in the worker process, so that no connection is shared across a fork."""
        return self.make_app()


def serve(make_app: MakeApp, *, bind: list[str], workers: int, threads: int, **options: Any) -> None:  # noqa: ANN401 -- gunicorn's own options
    """Serve until SIGTERM or Ctrl-C; requests under way are finished first."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    WebServer(
        make_app,
        {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "loglevel": "warning",
            "graceful_timeout": 10,
            "control_socket_disable": True,
        }
        | options,
    ).run()
