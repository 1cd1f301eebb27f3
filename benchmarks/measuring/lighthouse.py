"""Lighthouse on one page as on a phone, from the npm packages pinned beside this file, in our Chromium."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parents[1] / "lighthouse"
PROGRAM = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
LONGEST_RUN_SECONDS = 240
TIMINGS = {
    "LCP": "largest-contentful-paint",
    "TBT": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
}
"""Lighthouse's own audits, in milliseconds; the shift has no unit."""
FIGURES = ("performance", "accessibility", *TIMINGS)


def install_lighthouse() -> None:
    """Install the pinned packages once; raises RuntimeError without Node.js."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise RuntimeError("Lighthouse needs Node.js 18.20 or newer with npm (Debian: nodejs, npm).")
    if not PROGRAM.exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=FOLDER, check=True)


def measure_page(url: str, cookie: str, *, chromium: str, folder: Path, runs: int) -> dict[str, float]:
    """Give the median of some runs: scores from 0 to 100, times in milliseconds, by FIGURES.

    Lighthouse's usual phone: 1.6 Mbit/s, 150 ms, a processor four times slower, all of it simulated.
    """
    found = [_measure_once(url, cookie, chromium=chromium, out=folder / f"{n}.json") for n in range(runs)]
    return {name: median(one[name] for one in found) for name in FIGURES}


def list_failed_audits(report: Path) -> list[str]:
    """List the accessibility audits that a report found at fault."""
    said = json.loads(report.read_text(encoding="utf-8"))
    wanted = [audit["id"] for audit in said["categories"]["accessibility"]["auditRefs"] if audit["weight"]]
    return [name for name in wanted if said["audits"][name]["score"] == 0]


def _measure_once(url: str, cookie: str, *, chromium: str, out: Path) -> dict[str, float]:
    headers = {"Cookie": f"participant={cookie}"} if cookie else {}
    command = [
        "node",
        str(PROGRAM),
        url,
        "--quiet",
        "--only-categories=performance,accessibility",
        "--output=json",
        f"--output-path={out}",
        f"--chrome-flags={FLAGS}",
        f"--extra-headers={json.dumps(headers)}",
        "--max-wait-for-load=60000",
    ]
    environment = {**os.environ, "CHROME_PATH": chromium}  # noqa: TID251 -- what Lighthouse is told by
    subprocess.run(command, check=True, env=environment, timeout=LONGEST_RUN_SECONDS)
    said = json.loads(out.read_text(encoding="utf-8"))
    if said.get("runtimeError") or said["finalDisplayedUrl"].split("?")[0] != url:
        raise RuntimeError(f"{url}: {said.get('runtimeError') or said['finalDisplayedUrl']}")
    scores = {name: said["categories"][name]["score"] * 100 for name in ("performance", "accessibility")}
    return scores | {name: said["audits"][audit]["numericValue"] for name, audit in TIMINGS.items()}
