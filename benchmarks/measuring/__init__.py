"""What the benchmarks share: alternating rounds, installations to measure, and the bare apps beside them."""

import sys
from pathlib import Path

# The tests' builders and server process serve here too; they stand in no package.
sys.path.append(str(Path(__file__).parents[2] / "tests"))
