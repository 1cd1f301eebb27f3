from dataclasses import replace

from click.testing import CliRunner

from pro_app.cli import main
from pro_app.reminders.channels.push import find_public_key
from pro_app.settings import Settings


def test_the_printed_line_is_a_setting_that_works_and_each_call_makes_another(settings: Settings) -> None:
    outputs = [CliRunner().invoke(main, ["push-keys"]).output for _ in range(2)]

    name, _, private_key = outputs[0].splitlines()[0].partition("=")
    installed = replace(settings, push_private_key=private_key, push_contact="mailto:a@example.org")
    assert name == "PRO_APP_PUSH_PRIVATE_KEY"
    assert outputs[0].splitlines()[1] == f"# {find_public_key(installed)}"
    assert outputs[0] != outputs[1]
