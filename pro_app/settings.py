"""Settings, read once at the start from `PRO_APP_…` variables; the only reader of the environment."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pro_app.errors import SettingMissing
from pro_app.language import LANGUAGES, mark

DATA_FOLDER = Path(__file__).parents[1] / "var"


@dataclass(frozen=True)
class Settings:
    """What an installation decides; each field is described in docs/operations.md.

    `mail_url` is `smtp://host:port`, `smtps://user:password@host:port`, or `maildir:/folder`, which
    delivers into a local folder (the demo's). `trusted_proxies` is how many reverse proxies of ours stand
    in front and say where a request came from.
    """

    database_url: str = field(repr=False)
    contacts_database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    contacts_key: str = field(repr=False)
    mail_url: str = field(repr=False)
    mail_sender: str
    public_url: str
    language: str = "fr"
    secure_cookies: bool = True
    demo: bool = False
    data_folder: Path = DATA_FOLDER
    trusted_proxies: int = 0

    @property
    def public_host(self) -> str:
        """The host of the public address, which also ends the Message-ID of e-mails."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def releases_folder(self) -> Path:
        """The folder of the archives of data releases."""
        return self.data_folder / "releases"

    @staticmethod
    def from_env(environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings of a production installation, naming the first variable that is missing."""
        env = os.environ if environ is None else environ
        return Settings(
            database_url=_database(env, "PRO_APP_DATABASE_URL"),
            contacts_database_url=_other_database(
                env, "PRO_APP_CONTACTS_DATABASE_URL", "PRO_APP_DATABASE_URL"
            ),
            secret_key=_secret(env, "PRO_APP_SECRET_KEY"),
            contacts_key=_secret(env, "PRO_APP_CONTACTS_KEY"),
            mail_url=_url(env, "PRO_APP_MAIL_URL", schemes=MAIL_SCHEMES),
            mail_sender=_address(env, "PRO_APP_MAIL_SENDER"),
            public_url=_url(env, "PRO_APP_PUBLIC_URL", schemes=("http", "https")).rstrip("/"),
            language=_language(env, "PRO_APP_LANGUAGE"),
            secure_cookies=_flag(env, "PRO_APP_SECURE_COOKIES", default=True),
            data_folder=Path(env.get("PRO_APP_DATA_FOLDER", str(DATA_FOLDER))),
            trusted_proxies=_count(env, "PRO_APP_TRUSTED_PROXIES"),
        )

    @staticmethod
    def for_demo(folder: Path, port: int) -> "Settings":
        """Make the settings of the demo: SQLite files, mail folder and keys of its own in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        return Settings(
            database_url=f"sqlite:///{folder / 'pro_app.sqlite'}",
            contacts_database_url=f"sqlite:///{folder / 'contacts.sqlite'}",
            secret_key=_kept_secret(folder / "secret_key"),
            contacts_key=_kept_secret(folder / "contacts_key"),
            mail_url=f"maildir:{folder / 'mail'}",
            mail_sender="ne-pas-repondre@demo.invalid",
            public_url=f"http://localhost:{port}",
            secure_cookies=False,
            demo=True,
            data_folder=folder,
        )


MINIMUM_SECRET_LENGTH = 32
DATABASE_SCHEMES = ("sqlite:///", "postgresql+psycopg://")
MAIL_SCHEMES = ("smtp", "smtps", "maildir")


def command_language(environ: Mapping[str, str] | None = None) -> str:
    """Read the language of the commands: PRO_APP_LANGUAGE, else the system's, else English."""
    env = os.environ if environ is None else environ
    wanted = (
        env.get("PRO_APP_LANGUAGE") or env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    )
    return "fr" if wanted.lower().startswith("fr") else "en"


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise SettingMissing(name, mark("it is not set"))
    return value


def _secret(env: Mapping[str, str], name: str) -> str:
    value = _required(env, name)
    if len(value) < MINIMUM_SECRET_LENGTH:
        raise SettingMissing(name, mark("it must have at least 32 characters"))
    return value


def _database(env: Mapping[str, str], name: str) -> str:
    value = _required(env, name)
    if not value.startswith(DATABASE_SCHEMES):
        raise SettingMissing(name, mark("it must be sqlite:///… or postgresql+psycopg://…"))
    return value


def _other_database(env: Mapping[str, str], name: str, other: str) -> str:
    value = _database(env, name)
    if value == env.get(other, "").strip() and value.startswith("sqlite"):
        raise SettingMissing(name, mark("it must not be the file of the answers"))
    return value


def _url(env: Mapping[str, str], name: str, *, schemes: tuple[str, ...]) -> str:
    value = _required(env, name)
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "maildir"):
        raise SettingMissing(name, mark("it is not an address that can be used here"))
    return value


def _address(env: Mapping[str, str], name: str) -> str:
    value = _required(env, name)
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise SettingMissing(name, mark("it must be an e-mail address"))
    return value


def _language(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip() or LANGUAGES[0]
    if value not in LANGUAGES:
        raise SettingMissing(name, mark("it must be fr or en"))
    return value


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = env.get(name, "").strip().lower()
    if value not in {"", "1", "0", "true", "false", "yes", "no"}:
        raise SettingMissing(name, mark("it must be yes or no"))
    return default if not value else value in {"1", "true", "yes"}


def _count(env: Mapping[str, str], name: str) -> int:
    value = env.get(name, "").strip() or "0"
    if not (value.isascii() and value.isdigit() and len(value) == 1):
        raise SettingMissing(name, mark("it must be a number from 0 to 9"))
    return int(value)


def _kept_secret(path: Path) -> str:
    """Read the secret in `path`, making it at the first start, readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
