"""Comparing stored scores exactly with a threshold.

Scores are fractions that were stored as the nearest floating-point number: 110/3 − 80/3 gives
9.999999999999996 there, and a plain `>= 10` loses the change. The denominators of scores divide 180, and
those of their mean over 13 scales 2340, so that a score, or the difference of two, that is not exactly
on a threshold with up to three decimals lies at least 1/2,340,000 away from it. The rounding of
floating point stays below 1e-12. Whatever is nearer than `TOLERANCE` is therefore equal.
"""

TOLERANCE = 1e-9
"""Points on the scale from 0 to 100; far above the error of floating point, far below any real gap."""
