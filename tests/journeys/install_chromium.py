"""Finds Chromium for the browser journeys, or brings it where the machine allows it, or fails loudly."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Give the path of a Chromium: the one named by PRO_APP_TEST_CHROMIUM, else the first on the PATH."""
    named = os.environ.get("PRO_APP_TEST_CHROMIUM")  # noqa: TID251 -- a setting of the tests, not of the app
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def install_chromium() -> None:
    """Install Debian's package where we may."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 -- for apt-get
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Make sure that a Chromium is there; exit status 1 where it cannot be."""
    if find_chromium():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser journeys (once)…", flush=True)  # noqa: T201 -- a command
        install_chromium()
    if find_chromium():
        return 0
    print(  # noqa: T201 -- a command
        "The browser journeys need Chromium: install it with your system's package manager, "
        "or name it in PRO_APP_TEST_CHROMIUM.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
