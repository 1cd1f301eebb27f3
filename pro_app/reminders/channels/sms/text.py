"""How a text travels as SMS: in the 7-bit alphabet of GSM 03.38 where it can, and in the fewest parts.

One character outside that alphabet turns the whole message into UCS-2, where a part holds 70 characters
instead of 160. Typography is therefore made plain, and accents that the alphabet lacks (ê, ç, î) are left
out only where that saves a part. Source: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1.
"""

import re
import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""Characters that take two places each."""

TYPOGRAPHY = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2019": "'",
        "\u2018": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2011": "-",
        "\u2026": "...",
        "œ": "oe",
        "Œ": "OE",
        "\t": " ",
    }
)
GSM_ALONE, GSM_PART = 160, 153
UCS2_ALONE, UCS2_PART = 70, 67
QUOTES = re.compile(r"«\s*|\s*»")


def is_gsm(text: str) -> bool:
    """Tell whether every character is in the 7-bit alphabet."""
    return all(character in BASIC or character in EXTENDED for character in text)


def count_parts(text: str) -> int:
    """Count the parts that a text is sent in (0 for none), the header of joined parts taken off each."""
    if is_gsm(text):
        size, alone, part = sum(2 if c in EXTENDED else 1 for c in text), GSM_ALONE, GSM_PART
    else:
        size, alone, part = len(text.encode("utf-16-be")) // 2, UCS2_ALONE, UCS2_PART
    return -(-size // (alone if size <= alone else part))


def fit_text(text: str) -> str:
    """Give the text with plain typography, and without rare accents where that makes it shorter to send."""
    plain = QUOTES.sub('"', unicodedata.normalize("NFC", text)).translate(TYPOGRAPHY).strip()
    bare = "".join(c if is_gsm(c) else _without_accent(c) for c in plain)
    return bare if count_parts(bare) < count_parts(plain) else plain


def _without_accent(character: str) -> str:
    base = "".join(c for c in unicodedata.normalize("NFD", character) if not unicodedata.combining(c))
    return base if is_gsm(base) else character
