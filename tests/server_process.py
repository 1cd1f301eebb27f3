"""The real server as its own group of processes, started by its command, to be stopped or killed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pro_app.settings import Settings

HOST = "127.0.0.1"
LONGEST_START_SECONDS = 30.0


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class ServerProcess:
    """`pro-app serve` under given settings, on one port over all its lives; `log` is what it said."""

    settings: Settings
    log: Path
    workers: int = 2
    port: int = field(default_factory=_find_free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; raises RuntimeError with its log if it does not."""
        command = Path(sys.executable).with_name("pro-app")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [command, "serve", "--port", str(self.port), "--workers", str(self.workers)],
                env=environment(self.settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + LONGEST_START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(self.log.read_text(encoding="utf-8"))
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill all its processes at once, without a warning; nothing of it runs afterwards."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it finish the requests under way and end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)
        self._process.wait(timeout=30)
        self._process = None

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def environment(settings: Settings) -> dict[str, str]:
    """Give the variables from which a process reads these settings, and nothing else."""
    return {
        "PRO_APP_DATABASE_URL": settings.database_url,
        "PRO_APP_CONTACTS_DATABASE_URL": settings.contacts_database_url,
        "PRO_APP_SECRET_KEY": settings.secret_key,
        "PRO_APP_CONTACTS_KEY": settings.contacts_key,
        "PRO_APP_MAIL_URL": settings.mail_url,
        "PRO_APP_MAIL_SENDER": settings.mail_sender,
        "PRO_APP_PUBLIC_URL": settings.public_url,
        "PRO_APP_SECURE_COOKIES": "yes" if settings.secure_cookies else "no",
        "PRO_APP_DATA_FOLDER": str(settings.data_folder),
    }
