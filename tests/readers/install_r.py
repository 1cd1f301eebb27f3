"""Finds R with its packages for the reader tests, or brings it where it may, or fails loudly."""

import os
import shutil
import subprocess
import sys

PACKAGES = ("haven", "foreign", "survival")
DEBIAN_PACKAGES = ("r-base-core", *(f"r-cran-{name}" for name in PACKAGES))


def find_rscript() -> str | None:
    """Give the path of an Rscript that has the packages: PRO_APP_TEST_RSCRIPT, else the first on the PATH."""
    named = os.environ.get("PRO_APP_TEST_RSCRIPT")  # noqa: TID251 -- a setting of the tests, not of the app
    path = named or shutil.which("Rscript")
    return path if path and has_packages(path) else None


def has_packages(rscript: str) -> bool:
    """Say whether this R has every package."""
    expression = "".join(f"stopifnot(requireNamespace('{name}', quietly = TRUE));" for name in PACKAGES)
    return subprocess.run([rscript, "-e", expression], check=False, capture_output=True).returncode == 0


def install_r() -> None:
    """Install Debian's packages where we may."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 -- for apt-get
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN_PACKAGES]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Make sure that R and its packages are there; exit status 1 where they cannot be."""
    if find_rscript():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing R for the reader tests (once)…", flush=True)  # noqa: T201 -- a command
        install_r()
    if find_rscript():
        return 0
    print(  # noqa: T201 -- a command
        f"The reader tests need R with {', '.join(PACKAGES)}: install {' '.join(DEBIAN_PACKAGES)} "
        "or what your system calls them, or name an Rscript in PRO_APP_TEST_RSCRIPT.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
