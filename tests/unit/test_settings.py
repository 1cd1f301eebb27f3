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
    assert settings.second_factor == "required"
    optional = Settings.from_env(GOOD | {"PRO_APP_SECOND_FACTOR": "optional"})
    assert optional.second_factor == "optional"


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
        ("PRO_APP_MAIL_REQUIRE_TLS", "perhaps"),
        ("PRO_APP_MAIL_REPLY_ADDRESS", "not an address"),
        ("PRO_APP_MAIL_REPLY_ADDRESS", "retours-de-tous-les-questionnaires@example.fr"),
        ("PRO_APP_MAIL_REPLY_ADDRESS", "réponses@example.fr"),
        ("PRO_APP_INBOX_URL", "imaps://mail.example.fr"),
        ("PRO_APP_INBOX_URL", "pop3://me:secret@mail.example.fr"),
        ("PRO_APP_HOOK_SECRET", "short"),
        ("PRO_APP_MESSAGES_PER_MINUTE", "fast"),
        ("PRO_APP_MESSAGES_PER_MINUTE", "-1"),
        ("PRO_APP_TABLET_IDLE_MINUTES", "2"),
        ("PRO_APP_TABLET_IDLE_MINUTES", "61"),
        ("PRO_APP_TABLET_IDLE_MINUTES", "0010000"),
        ("PRO_APP_TABLET_IDLE_MINUTES", "ten"),
        ("PRO_APP_SECOND_FACTOR", "no"),
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


SMS = {"PRO_APP_SMS_PROVIDER": "brevo", "PRO_APP_SMS_SENDER": "Suivi34", "PRO_APP_SMS_KEY": "sms-key"}
PUSH = {"PRO_APP_PUSH_PRIVATE_KEY": "k" * 43, "PRO_APP_PUSH_CONTACT": "mailto:suivi@example.org"}


def test_text_messages_and_notifications_are_there_only_where_they_are_set_up() -> None:
    without, with_both = Settings.from_env(GOOD), Settings.from_env(GOOD | SMS | PUSH)

    assert (without.sms_provider, without.push_private_key) == (None, None)
    assert (with_both.sms_provider, with_both.sms_sender, with_both.sms_key) == (
        "brevo",
        "Suivi34",
        "sms-key",
    )
    assert (with_both.push_private_key, with_both.push_contact) == ("k" * 43, "mailto:suivi@example.org")
    assert "sms-key" not in repr(with_both)
    assert "k" * 43 not in repr(with_both)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRO_APP_SMS_PROVIDER", "pigeon"),
        ("PRO_APP_SMS_SENDER", ""),
        ("PRO_APP_SMS_SENDER", "Suivi de l’étude"),
        ("PRO_APP_SMS_SENDER", "ab"),
        ("PRO_APP_SMS_KEY", ""),
        ("PRO_APP_PUSH_PRIVATE_KEY", "short"),
        ("PRO_APP_PUSH_CONTACT", ""),
        ("PRO_APP_PUSH_CONTACT", "suivi@example.org"),
        ("PRO_APP_PUSH_CONTACT", "http://example.org"),
    ],
)
def test_half_of_a_way_of_sending_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingMissing) as unusable:
        Settings.from_env(GOOD | SMS | PUSH | {name: value})

    assert unusable.value.name == name


def test_a_gateway_needs_its_file_and_may_do_without_a_key() -> None:
    env = GOOD | SMS | {"PRO_APP_SMS_PROVIDER": "gateway", "PRO_APP_SMS_KEY": ""}

    with pytest.raises(SettingMissing) as missing:
        Settings.from_env(env)

    assert missing.value.name == "PRO_APP_SMS_GATEWAY"
    assert (
        str(Settings.from_env(env | {"PRO_APP_SMS_GATEWAY": "/etc/sms.yaml"}).sms_gateway) == "/etc/sms.yaml"
    )


def test_mail_goes_out_encrypted_and_slowly_and_comes_back_nowhere_unless_said() -> None:
    settings = Settings.from_env(GOOD)
    assert (settings.mail_require_tls, settings.messages_per_minute) == (True, 60)
    assert (settings.mail_reply_address, settings.inbox_url, settings.hook_secret) == (None, None, None)


@pytest.mark.parametrize(
    ("url", "required"),
    [
        ("smtp://mail.example.fr", True),
        ("smtp://10.0.0.7:2525", True),
        ("smtp://localhost", False),
        ("smtp://127.0.0.1:2525", False),
    ],
)
def test_encryption_is_required_of_every_mail_server_but_the_one_on_this_machine(
    *, url: str, required: bool
) -> None:
    assert Settings.from_env(GOOD | {"PRO_APP_MAIL_URL": url}).mail_require_tls is required
    refused = Settings.from_env(GOOD | {"PRO_APP_MAIL_URL": url, "PRO_APP_MAIL_REQUIRE_TLS": "no"})
    assert refused.mail_require_tls is False


def test_what_leads_back_is_read_and_kept_out_of_every_printout() -> None:
    settings = Settings.from_env(
        GOOD
        | {
            "PRO_APP_MAIL_REPLY_ADDRESS": "retours@example.fr",
            "PRO_APP_INBOX_URL": "imaps://me:very-secret@mail.example.fr/INBOX",
            "PRO_APP_HOOK_SECRET": "h" * 32,
            "PRO_APP_MESSAGES_PER_MINUTE": "0",
        }
    )
    assert settings.mail_reply_address == "retours@example.fr"
    assert settings.messages_per_minute is None
    assert "very-secret" not in repr(settings)
    assert "h" * 32 not in repr(settings)


def test_a_lent_tablet_locks_after_ten_minutes_unless_told_otherwise() -> None:
    assert Settings.from_env(GOOD).tablet_idle_minutes == 10
    assert Settings.from_env(GOOD | {"PRO_APP_TABLET_IDLE_MINUTES": "3"}).tablet_idle_minutes == 3
