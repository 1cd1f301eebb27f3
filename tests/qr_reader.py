"""Reads the link out of a printed QR code, as the camera of a phone would (ISO/IEC 18004, byte mode)."""

import re
from collections.abc import Iterator
from itertools import chain, zip_longest

from segno import consts, encoder

FORMAT_MASK = 0b101010000010010
LEVELS = {
    0b01: consts.ERROR_LEVEL_L,
    0b00: consts.ERROR_LEVEL_M,
    0b11: consts.ERROR_LEVEL_Q,
    0b10: consts.ERROR_LEVEL_H,
}
BYTE_MODE = 0b0100
LAST_VERSION_WITH_SHORT_LENGTH = 9
LAST_COLUMN_BEFORE_TIMING = 6
Modules = list[list[int]]


def read_qr(view_box: str, path: str, *, border: int = 2) -> str:
    """Read the text of a QR code drawn as an SVG path of horizontal strokes within a `border`."""
    side = int(view_box.rsplit(maxsplit=1)[-1]) - 2 * border
    modules = [[0] * side for _ in range(side)]
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            for column in range(int(x), int(x) + int(first)):
                modules[int(y) - border][column - border] = 1
            x += int(first)
        elif command == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return read_modules(modules)


def read_modules(modules: Modules) -> str:
    """Read the text of an undamaged QR code; `modules` is the square without its border, 1 = dark."""
    version = (len(modules) - 17) // 4
    level, mask = _read_format(modules)
    words = _deinterleave(_read_codewords(modules, mask), consts.ECC[version][level])
    bits = "".join(f"{word:08b}" for word in words)
    assert int(bits[:4], 2) == BYTE_MODE
    start = 4 + (8 if version <= LAST_VERSION_WITH_SHORT_LENGTH else 16)
    length = int(bits[4:start], 2)
    content = bits[start : start + 8 * length]
    return bytes(int(content[i : i + 8], 2) for i in range(0, len(content), 8)).decode("latin-1")


def _read_format(modules: Modules) -> tuple[int, int]:
    """Give the error correction level and the number of the mask."""
    row = modules[8]
    column = [line[8] for line in modules]
    bits = [*row[:6], row[7], row[8], column[7], *reversed(column[:6])]
    value = int("".join(map(str, bits)), 2) ^ FORMAT_MASK
    return LEVELS[value >> 13], value >> 10 & 0b111


def _read_codewords(modules: Modules, mask: int) -> list[int]:
    is_inverted = encoder.get_data_mask_functions(is_micro=False)[mask]
    bits = [modules[i][j] ^ int(is_inverted(i, j)) for i, j in _data_places(len(modules))]
    return [int("".join(map(str, bits[i : i + 8])), 2) for i in range(0, len(bits) - 7, 8)]


def _data_places(side: int) -> Iterator[tuple[int, int]]:
    """List the places of the data in their order: two columns at a time, from the right, up and down."""
    reserved = encoder.make_matrix(side, side)
    encoder.add_finder_patterns(reserved, side, side)
    encoder.add_alignment_patterns(reserved, side, side)
    reserved[-8][8] = 1
    upwards = True
    for right in range(side - 1, 0, -2):
        pair = right if right > LAST_COLUMN_BEFORE_TIMING else right - 1
        for i in range(side - 1, -1, -1) if upwards else range(side):
            yield from ((i, j) for j in (pair, pair - 1) if reserved[i][j] > 1)
        upwards = not upwards


def _deinterleave(words: list[int], blocks: tuple[consts.EC, ...]) -> list[int]:
    """Give the data words block after block; the words of error correction at the end are not needed."""
    sizes = [info.num_data for info in blocks for _ in range(info.num_blocks)]
    places = [[(number, place) for place in range(size)] for number, size in enumerate(sizes)]
    order = [at for at in chain.from_iterable(zip_longest(*places)) if at is not None]
    return [word for _, word in sorted(zip(order, words[: sum(sizes)], strict=True))]
