"""Passwords of staff: what is accepted, and how they are kept (argon2id).

Length and a refusal of what is guessed first, no rule of composition: NIST SP 800-63B, section 5.1.1;
ANSSI, Recommandations relatives à l'authentification multifacteur et aux mots de passe, 2021.
"""

import secrets
import unicodedata
from dataclasses import dataclass, field
from itertools import count, pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pro_app.errors import Problem
from pro_app.language import mark
from pro_app.services.sign_in_codes import grouped_code, make_code

SHORTEST = 15
LONGEST = 200
"""Longer ones would let anybody keep a processor busy; no phrase that a person types comes near."""

FEWEST_DIFFERENT = 6
GENERATED_LENGTH = 20
"""20 characters of 5 bits: 100 bits."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The first choice of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane."""

_NOBODY = HASHER.hash(secrets.token_urlsafe(32))

_GUESSED_FIRST = (
    "motdepasse",
    "password",
    "passwort",
    "azerty",
    "qwerty",
    "qwertz",
    "123456",
    "abcdef",
    "bonjour",
    "soleil",
    "doudou",
    "loulou",
    "jetaime",
    "letmein",
    "welcome",
    "bienvenue",
    "admin",
    "administrateur",
    "administrator",
    "changeme",
    "changezmoi",
    "secret",
    "iloveyou",
    "questionnaire",
    "hopital",
    "infirmiere",
    "lutathera",
)
"""What people take when told to choose a long password; the breached ones come from an offline list later."""


def hash_password(password: str) -> str:
    """Give the argon2id hash of a password."""
    return HASHER.hash(_normalise(password))


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that is to be kept, hashed before anything is written: a slow hash must hold up nobody."""

    text: str = field(repr=False)
    hash: str = field(repr=False)


def prepare_password(text: str) -> NewPassword:
    """Hash a password that may be kept later; call it before the transaction that keeps it."""
    return NewPassword(text, hash_password(text))


def is_password(stored_hash: str | None, password: str) -> bool:
    """Tell whether `password` fits the hash; takes the same time where there is no hash to fit."""
    try:
        HASHER.verify(stored_hash or _NOBODY, _normalise(password)[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored_hash is not None


def needs_new_hash(stored_hash: str) -> bool:
    """Tell whether a hash was made with other settings than today's."""
    return HASHER.check_needs_rehash(stored_hash)


def make_password() -> str:
    """Make a first password that nobody chose: five groups of four characters, 100 bits.

    Two in a thousand have too few letters for `check_password`; another one is drawn then.
    """
    drawn = (grouped_code(make_code(GENERATED_LENGTH)) for _ in count())
    return next(password for password in drawn if not check_password(password, username=""))


def check_password(password: str, *, username: str) -> list[Problem]:
    """List what is wrong with a new password; an empty list means that it may be used."""
    wanted = _normalise(password)
    if len(wanted) < SHORTEST:
        message = mark("Please use at least %(shortest)s characters; several words are easy to remember.")
        return [Problem(message, {"shortest": SHORTEST}, place="password")]
    if len(wanted) > LONGEST:
        message = mark("Please use %(longest)s characters at most.")
        return [Problem(message, {"longest": LONGEST}, place="password")]
    if _is_guessable(wanted, username):
        message = mark("This password is among the first that are guessed. Please choose another one.")
        return [Problem(message, place="password")]
    return []


def _normalise(password: str) -> str:
    """Give the same text for the same keys on every keyboard (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_guessable(password: str, username: str) -> bool:
    """Tell whether little is left of a password without its repeats, runs, the username and common words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", password.casefold()) if c.isalnum())
    if len(set(plain)) < FEWEST_DIFFERENT or _is_run(plain):
        return True
    rest = plain
    for part in (*_name_parts(username), *_GUESSED_FIRST):
        rest = rest.replace(part, "")
    rest = "".join(c for c in rest if not c.isdigit())
    return len(set(rest)) < FEWEST_DIFFERENT


def _is_run(text: str) -> bool:
    """Tell whether every character follows the one before it: abcdef or 987654."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1


def _name_parts(username: str) -> list[str]:
    """Give the parts of a username that are worth leaving out, the longest first."""
    plain = "".join(c if c.isalnum() else " " for c in username.casefold())
    shortest_word = 3
    words = [plain.replace(" ", ""), *plain.split()]
    return sorted((word for word in words if len(word) >= shortest_word), key=len, reverse=True)
