import struct
from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pro_app.exports.cdisc.files.xpt_values import cut_to_bytes, to_fixed_text, to_ibm, to_numbers


def ibm_value(data: bytes) -> Fraction:
    """Read IBM hexadecimal floating point exactly, by its definition."""
    (word,) = struct.unpack(">Q", data)
    exponent = (word >> 56) & 0x7F
    size = Fraction(word & ((1 << 56) - 1), 1 << 56) * Fraction(16) ** (exponent - 64)
    return -size if word >> 63 else size


@given(st.floats(min_value=-1e70, max_value=1e70).filter(lambda x: x == 0 or abs(x) > 1e-70))
def test_every_number_of_a_usual_size_keeps_its_exact_value(number: float) -> None:
    written = to_ibm(np.array([number])).tobytes()
    assert ibm_value(written) == Fraction(number)


def test_one_and_minus_118_625_are_written_as_the_definition_says() -> None:
    assert to_ibm(np.array([1.0])).tobytes().hex() == "4110000000000000"
    assert to_ibm(np.array([-118.625])).tobytes().hex() == "c276a00000000000"


def test_what_is_no_number_is_the_ordinary_missing_value() -> None:
    assert to_ibm(np.array([float("nan")])).tobytes() == b".\0\0\0\0\0\0\0"


def test_what_is_too_small_for_the_format_becomes_zero() -> None:
    assert to_ibm(np.array([1e-300, 0.0, -0.0])).tobytes() == bytes(24)


def test_dates_count_in_days_and_moments_in_seconds_from_1960() -> None:
    days = pl.Series([date(1960, 1, 1), date(2026, 3, 2), date(1959, 12, 31), None])
    assert to_numbers(days).tolist()[:3] == [0.0, 24167.0, -1.0]
    assert np.isnan(to_numbers(days)[3])
    moments = pl.Series([datetime(1960, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)])
    typed = moments.cast(pl.Datetime("ms", "UTC"))
    assert to_numbers(typed).tolist() == [0.0, 24167 * 86400.0 + 1]


def test_text_is_padded_with_blanks_to_its_width_in_bytes() -> None:
    written = to_fixed_text(pl.Series(["é", None, "abcd", "é"]), 4)
    assert [bytes(row) for row in written] == ["é  ".encode(), b"    ", b"abcd", "é  ".encode()]


@given(st.text(max_size=30), st.integers(1, 30))
def test_a_text_is_cut_before_a_character_and_never_inside_one(text: str, width: int) -> None:
    cut = cut_to_bytes(text, width)
    assert len(cut) <= width
    assert text.startswith(cut.decode())
    rest = text[len(cut.decode()) :]
    assert not rest or len((cut.decode() + rest[0]).encode()) > width
