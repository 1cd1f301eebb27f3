"""Finds WebKitGTK for the chaos, or brings it where the machine allows it, or fails loudly."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PYTHON = "/usr/bin/python3"
"""The system's own, since GTK's bindings are the system's."""

PACKAGES = ("python3-gi", "gir1.2-webkit2-4.1", "xvfb", "fonts-dejavu-core")
_VERSIONS = "import gi; gi.require_version('WebKit2', '4.1'); from gi.repository import Gtk, Soup, WebKit2"
MISSING = (
    "The chaos in WebKitGTK needs WebKitGTK 4.1 with the bindings of the system's Python, and Xvfb. "
    f"Debian and Ubuntu call them: {' '.join(PACKAGES)}."
)


def find_webkit() -> str | None:
    """Give the Python that can open WebKitGTK, None where there is none or no screen for it."""
    if not (shutil.which("Xvfb") and os.path.exists(PYTHON)):  # noqa: PTH110 -- one path, asked once
        return None
    tried = subprocess.run([PYTHON, "-c", _VERSIONS], check=False, capture_output=True)
    return None if tried.returncode else PYTHON


def install_webkit() -> None:
    """Install Debian's packages where we may."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 -- for apt-get
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def open_display() -> Iterator[str]:
    """Open a screen that nobody sees, and give its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x900x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    try:
        os.close(writing)
        with os.fdopen(reading) as said:
            yield f":{int(said.readline())}"
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Make sure that a WebKitGTK is there; exit status 1 where it cannot be."""
    if find_webkit():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing WebKitGTK for the chaos (once)…", flush=True)  # noqa: T201 -- a command
        try:
            install_webkit()
        except subprocess.CalledProcessError as error:
            print(f"It could not be installed: {error}", file=sys.stderr)  # noqa: T201 -- a command
    if find_webkit():
        return 0
    print(MISSING, file=sys.stderr)  # noqa: T201 -- a command
    return 1


if __name__ == "__main__":
    sys.exit(main())
