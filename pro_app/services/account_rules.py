"""What an account and a role must look like; nothing here reads the database."""

import re
import unicodedata
from datetime import datetime

from pro_app.errors import Problem
from pro_app.language import LANGUAGES, mark

ROLES = ("administrator", "coordinator", "nurse", "investigator", "monitor", "statistician", "inspector")
SITE_ROLES = frozenset({"nurse", "investigator"})
ENDING_ROLES = frozenset({"monitor", "inspector"})
"""Those that may end by themselves; that of an inspector always does."""
_NOT_FOR_COORDINATORS = frozenset({"administrator", "coordinator"})
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{1,62})[a-z0-9]")
_LONGEST_NAME = 200


def normalise_username(typed: str) -> str:
    """Give the username that is meant: composed, in lower case, no blanks at the edges."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def check_names(username: str, display_name: str, language: str) -> list[Problem]:
    """List what is wrong with the names and the language of a new account."""
    problems = []
    if not _USERNAME.fullmatch(username):
        message = mark(
            "Use 3 to 64 letters without accents, digits, dots, dashes or @, for example marie.martin."
        )
        problems.append(Problem(message, place="username"))
    if not 0 < len(display_name.strip()) <= _LONGEST_NAME or not display_name.isprintable():
        problems.append(Problem(mark("Please write the person's name in one line."), place="display_name"))
    if language not in LANGUAGES:
        problems.append(Problem(mark("Please choose one of the languages."), place="language"))
    return problems


def username_taken() -> Problem:
    """Say that a username belongs to somebody else."""
    return Problem(mark("Another account has this username."), place="username")


def list_grantable_roles(giver: str) -> list[str]:
    """List the roles that somebody with the role `giver` may give and take."""
    if giver == "administrator":
        return list(ROLES)
    return [role for role in ROLES if role not in _NOT_FOR_COORDINATORS] if giver == "coordinator" else []


def check_end(role: str, ends_at: datetime | None, *, now: datetime) -> list[Problem]:
    """List what is wrong with the end of a role: missing, not meant for it, or over."""
    if role == "inspector" and ends_at is None:
        message = mark("Please say on which day the visit of the inspector ends.")
        return [Problem(message, place="last_on")]
    if ends_at is not None and role in ROLES and role not in ENDING_ROLES:
        message = mark(
            "Only the roles of monitors and inspectors end by themselves. Please leave this empty."
        )
        return [Problem(message, place="last_on")]
    if ends_at is not None and ends_at <= now:
        return [Problem(mark("Please choose today or a later day."), place="last_on")]
    return []


def check_role(role: str, site_id: int | None) -> list[Problem]:
    """List what is wrong with a role: unknown, without its site, or with one that it does not need."""
    if role not in ROLES:
        return [Problem(mark("There is no such role."), place="role")]
    if role in SITE_ROLES and site_id is None:
        return [Problem(mark("This role is bound to one site. Please choose it."), place="site")]
    if role not in SITE_ROLES and site_id is not None:
        return [Problem(mark("This role sees every site. Please leave the site empty."), place="site")]
    return []
