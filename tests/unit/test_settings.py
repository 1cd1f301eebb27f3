import pytest

from pro_app.errors import SettingMissing
from pro_app.settings import Settings

GOOD = {
    "PRO_APP_DATABASE_URL": "postgresql+psycopg://app@localhost/pro_app",
    "PRO_APP_CONTACTS_DATABASE_URL": "sqlite:////srv/contacts.sqlite",
    "PRO_APP_SECRET_KEY": "s" * 32,
    "PRO_APP_CONTACTS_KEY": "c" * 32,
    "PRO_APP_MAIL_URL": "smtps://user:password@mail.example.fr",
    "PRO_APP_MAIL_SENDER": "ne-pas-repondre@example.fr",
    "PRO_APP_PUBLIC_URL": "https://pro.example.fr/",
}


def test_good_settings_are_read() -> None:
    settings = Settings.from_env(GOOD)

    assert settings.public_url == "https://pro.example.fr"
    assert (settings.language, settings.secure_cookies, settings.demo) == ("fr", True, False)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingMissing) as missing:
        Settings.from_env({key: value for key, value in GOOD.items() if key != name})

    assert missing.value.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRO_APP_DATABASE_URL", "mysql://localhost/x"),
        ("PRO_APP_SECRET_KEY", "short"),
        ("PRO_APP_MAIL_URL", "what"),
        ("PRO_APP_MAIL_SENDER", "not an address"),
        ("PRO_APP_PUBLIC_URL", "pro.example.org"),
        ("PRO_APP_LANGUAGE", "de"),
        ("PRO_APP_SECURE_COOKIES", "maybe"),
        ("PRO_APP_TRUSTED_PROXIES", "many"),
    ],
)
def test_an_unusable_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingMissing) as unusable:
        Settings.from_env(GOOD | {name: value})

    assert unusable.value.name == name


def test_answers_and_contacts_never_share_a_file() -> None:
    same = {"PRO_APP_DATABASE_URL": "sqlite:////srv/x", "PRO_APP_CONTACTS_DATABASE_URL": "sqlite:////srv/x"}

    with pytest.raises(SettingMissing) as refused:
        Settings.from_env(GOOD | same)

    assert refused.value.name == "PRO_APP_CONTACTS_DATABASE_URL"


def test_secrets_do_not_stand_in_the_repr() -> None:
    assert "s" * 32 not in repr(Settings.from_env(GOOD))
    assert "password" not in repr(Settings.from_env(GOOD))
