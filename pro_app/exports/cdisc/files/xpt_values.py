"""Values as SAS transport files hold them: IBM floating point, and text of a fixed number of bytes."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Bytes: TypeAlias = npt.NDArray[np.uint8]
"""Rows × bytes."""

NUMBER_BYTES = 8
_SAS_EPOCH_DAYS = 3653
"""Days from 1960-01-01, where SAS begins to count, to 1970-01-01."""
_MILLISECONDS_A_DAY = 86_400_000
_EXPONENT_BIAS = 64
_FRACTION_BITS = 56
_MISSING = 0x2E << _FRACTION_BITS
"""A full stop in the first byte: the ordinary missing value."""


def to_ibm(numbers: npt.NDArray[np.float64]) -> Bytes:
    """Write doubles as 64-bit IBM hexadecimal floating point, big endian; what is no number is missing.

    Every double between 16^-65 and 16^63 keeps its exact value: IBM's fraction has 56 bits of which at
    most three are lost to its exponent of base 16, and a double has 53. What is smaller becomes 0; what
    is larger has to be refused before. Source: SAS Technical Support paper TS-140.
    """
    known = np.isfinite(numbers)
    fraction, exponent = np.frexp(np.where(known, np.abs(numbers), 0.0))
    hex_exponent = -(-exponent // 4)
    shift = (exponent - 4 * hex_exponent + _FRACTION_BITS).astype(np.int32)
    words = np.ldexp(fraction, shift).astype(np.uint64)
    biased = np.clip(hex_exponent + _EXPONENT_BIAS, 0, 127).astype(np.uint64)
    signs = np.signbit(numbers).astype(np.uint64) << np.uint64(63)
    words |= signs | (biased << np.uint64(_FRACTION_BITS))
    words[(fraction == 0) | (hex_exponent < -_EXPONENT_BIAS)] = 0
    words[~known] = _MISSING
    laid_out: Bytes = words.astype(">u8").view(np.uint8)
    return laid_out.reshape(-1, NUMBER_BYTES)


def to_numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    """Give a column as doubles: dates in days and moments in seconds since 1960, nulls as NaN."""
    if column.dtype == pl.Date:
        column = column.to_physical() + _SAS_EPOCH_DAYS
    elif isinstance(column.dtype, pl.Datetime):
        milliseconds = column.dt.epoch("ms") + _SAS_EPOCH_DAYS * _MILLISECONDS_A_DAY
        column = milliseconds.cast(pl.Float64) / 1000
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def to_fixed_text(column: pl.Series, width: int) -> Bytes:
    """Write text in UTF-8, padded with blanks to `width` bytes; longer values are cut before a character.

    Each distinct value is encoded once.
    """
    known = column.fill_null("")
    distinct = known.unique(maintain_order=True)
    table = np.array([cut_to_bytes(value, width).ljust(width) for value in distinct], dtype=f"S{width}")
    codes = known.cast(pl.Enum(distinct)).to_physical().to_numpy()
    texts: Bytes = table.view(np.uint8).reshape(-1, width)[codes]
    return texts


def cut_to_bytes(text: str, width: int) -> bytes:
    """Give at most `width` bytes of a text in UTF-8, never half a character."""
    encoded = text.encode()
    return encoded if len(encoded) <= width else encoded[:width].decode(errors="ignore").encode()
