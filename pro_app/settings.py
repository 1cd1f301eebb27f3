"""Settings, read once at the start from `PRO_APP_…` variables; the only reader of the environment."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pro_app.errors import SettingMissing
from pro_app.language import LANGUAGES, mark

DATA_FOLDER = Path(__file__).parents[1] / "var"
TABLET_IDLE_MINUTES = 10
"""How long a tablet of the site that was lent may lie untouched, unless the installation says otherwise."""


@dataclass(frozen=True)
class Settings:
    """What an installation decides; each field is described in docs/operations.md.

    `mail_url` is `smtp://host:port`, `smtps://user:password@host:port`, or `maildir:/folder`, which
    delivers into a local folder (the demo's). `mail_reply_address` leads to the mailbox at `inbox_url`
    (`imaps://user:password@host/folder` or `maildir:/folder`), in which what comes back is read; programs
    report under `hook_secret`. `messages_per_minute` is for each domain of recipients, None without end.
    `trusted_proxies` is how many reverse proxies of ours stand
    in front and say where a request came from. With `second_factor` optional, staff without one sign in
    by the password alone. A tablet on loan locks `tablet_idle_minutes` after the
    last touch.
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
    mail_require_tls: bool = False
    mail_reply_address: str | None = None
    inbox_url: str | None = field(default=None, repr=False)
    hook_secret: str | None = field(default=None, repr=False)
    messages_per_minute: int | None = None
    sms_provider: str | None = None
    sms_sender: str = ""
    sms_key: str = field(default="", repr=False)
    sms_gateway: Path | None = None
    push_private_key: str | None = field(default=None, repr=False)
    push_contact: str = ""
    accessibility_contact: str = ""
    tablet_idle_minutes: int = TABLET_IDLE_MINUTES
    second_factor: Literal["required", "optional"] = "required"

    @property
    def public_host(self) -> str:
        """The host of the public address, which also ends the Message-ID of e-mails."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def clock_file(self) -> Path | None:
        """The file that says how far the demo's clock is ahead; None where the machine's clock counts."""
        return self.data_folder / "clock.json" if self.demo else None

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
            mail_require_tls=_flag(env, "PRO_APP_MAIL_REQUIRE_TLS", default=not _is_mail_here(env)),
            mail_reply_address=_reply_address(env, "PRO_APP_MAIL_REPLY_ADDRESS"),
            inbox_url=_inbox(env, "PRO_APP_INBOX_URL"),
            hook_secret=_secret(env, "PRO_APP_HOOK_SECRET") if env.get("PRO_APP_HOOK_SECRET") else None,
            messages_per_minute=_pace(env, "PRO_APP_MESSAGES_PER_MINUTE"),
            tablet_idle_minutes=_idle_minutes(env, "PRO_APP_TABLET_IDLE_MINUTES"),
            second_factor=_second_factor(env, "PRO_APP_SECOND_FACTOR"),
            accessibility_contact=env.get("PRO_APP_ACCESSIBILITY_CONTACT", "").strip(),
            **_sms(env),
            **_push(env),
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
INBOX_SCHEMES = ("imaps", "imap", "maildir")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_REPLY_NAME = 25
LONGEST_PACE = 5
IDLE_RANGE, LONGEST_IDLE = range(3, 61), 2
SMS_PROVIDERS = ("brevo", "gateway")


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


def _is_mail_here(env: Mapping[str, str]) -> bool:
    """Tell whether the mail server is on this machine, where nobody listens in between."""
    return urlsplit(env.get("PRO_APP_MAIL_URL", "").strip()).hostname in LOOPBACK_HOSTS


def _reply_address(env: Mapping[str, str], name: str) -> str | None:
    """Read the address to which `+b-` and a token are added, before the @ of which there is room for 64."""
    if not env.get(name, "").strip():
        return None
    value = _address(env, name)
    if len(value.rpartition("@")[0]) > LONGEST_REPLY_NAME or not value.isascii():
        raise SettingMissing(name, mark("the part before the @ must have at most 25 plain characters"))
    return value


def _inbox(env: Mapping[str, str], name: str) -> str | None:
    if not env.get(name, "").strip():
        return None
    value = _url(env, name, schemes=INBOX_SCHEMES)
    parts = urlsplit(value)
    if parts.scheme != "maildir" and not (parts.username and parts.password):
        raise SettingMissing(name, mark("it must name a user and a password"))
    return value


def _pace(env: Mapping[str, str], name: str) -> int | None:
    """Read a pace: 60 a minute where nothing is said, none at all for 0."""
    value = env.get(name, "").strip() or "60"
    if not (value.isascii() and value.isdigit() and len(value) <= LONGEST_PACE):
        raise SettingMissing(name, mark("it must be a number from 0 to 99999"))
    return int(value) or None


def _idle_minutes(env: Mapping[str, str], name: str) -> int:
    """Read after how many minutes a lent tablet locks: long enough to be warned, short of a session's end."""
    value = env.get(name, "").strip() or str(TABLET_IDLE_MINUTES)
    if not (value.isascii() and value.isdigit() and len(value) <= LONGEST_IDLE and int(value) in IDLE_RANGE):
        raise SettingMissing(name, mark("it must be a number of minutes from 3 to 60"))
    return int(value)


def _second_factor(env: Mapping[str, str], name: str) -> Literal["required", "optional"]:
    value = env.get(name, "").strip() or "required"
    if value == "required":
        return "required"
    if value == "optional":
        return "optional"
    raise SettingMissing(name, mark("it must be required or optional"))


def _sms(env: Mapping[str, str]) -> dict[str, Any]:
    """Read who carries SMS; nothing where no provider is named."""
    provider = env.get("PRO_APP_SMS_PROVIDER", "").strip()
    if not provider:
        return {}
    if provider not in SMS_PROVIDERS:
        raise SettingMissing("PRO_APP_SMS_PROVIDER", mark("it must be brevo or gateway"))
    sender = _required(env, "PRO_APP_SMS_SENDER")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ]{2,10}|\+?[0-9]{3,15}", sender):
        raise SettingMissing(
            "PRO_APP_SMS_SENDER", mark("it must have 3 to 11 plain letters and digits, or 3 to 15 digits")
        )
    is_gateway = provider == "gateway"
    return {
        "sms_provider": provider,
        "sms_sender": sender,
        "sms_key": env.get("PRO_APP_SMS_KEY", "").strip()
        if is_gateway
        else _required(env, "PRO_APP_SMS_KEY"),
        "sms_gateway": Path(_required(env, "PRO_APP_SMS_GATEWAY")) if is_gateway else None,
    }


def _push(env: Mapping[str, str]) -> dict[str, Any]:
    """Read the key of web push; nothing where there is none."""
    if not env.get("PRO_APP_PUSH_PRIVATE_KEY", "").strip():
        return {}
    key, contact = _required(env, "PRO_APP_PUSH_PRIVATE_KEY"), _required(env, "PRO_APP_PUSH_CONTACT")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", key):
        raise SettingMissing("PRO_APP_PUSH_PRIVATE_KEY", mark("it must be a key made by pro-app push-keys"))
    if not re.fullmatch(r"mailto:[^@\s<>]+@[\w.-]+\.[\w-]+|https://[\w-]+\.[\w.-]+", contact):
        raise SettingMissing("PRO_APP_PUSH_CONTACT", mark("it must be mailto:… or https://…"))
    return {"push_private_key": key, "push_contact": contact}


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
