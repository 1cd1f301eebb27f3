"""`python -m chaos`: runs random sessions of patients while everything fails, and prints what came of them.

Exit status 1 where an answer was lost or doubled, or anything else differs from what was tapped.
"""

import argparse
import asyncio
import sys

from chaos.faults import FAULTS, HARDSHIPS
from chaos.running import open_chaos, run_chaos
from chaos.webkit_running import open_webkit_chaos

BROWSERS = {"chromium": open_chaos, "webkitgtk": open_webkit_chaos}


def main() -> int:
    """Read the arguments, run the sessions and print the count."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this session alone")
    planted = "plant a fault, which is to be found, or a hardship, which is to be borne"
    parser.add_argument("--fault", choices=[*FAULTS, *HARDSHIPS], default="", help=planted)
    parser.add_argument("--browser", choices=[*BROWSERS], default="chromium")
    chosen = parser.parse_args()
    numbers = range(1, chosen.sessions + 1) if chosen.only is None else [chosen.only]
    faults = dict.fromkeys(numbers, chosen.fault)
    tally = asyncio.run(
        run_chaos(numbers, seed=chosen.seed, faults=faults, tell=_tell, opening=BROWSERS[chosen.browser])
    )
    _tell(tally.summarise())
    return 1 if tally.differences else 0


def _tell(words: str) -> None:
    print(words, flush=True)  # noqa: T201 -- a command


if __name__ == "__main__":
    sys.exit(main())
