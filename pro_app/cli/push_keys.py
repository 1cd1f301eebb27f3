"""`pro-app push-keys`: a new key pair for web push (VAPID), written as settings."""

import click

from pro_app.cli.translation import translate
from pro_app.language import mark
from pro_app.reminders.channels.push import derive_public_key, make_private_key

_REMARK = mark(
    "# The public key is worked out from the private one. With another key, each patient has to switch "
    "notifications on again."
)


@click.command(
    "push-keys",
    help=mark("Make a key pair for notifications, as lines for the settings. Nothing is stored."),
)
def push_keys() -> None:
    """Print a new key pair; every call makes another one."""
    private_key = make_private_key()
    click.echo(f"PRO_APP_PUSH_PRIVATE_KEY={private_key}")
    click.echo(f"# {derive_public_key(private_key)}")
    click.echo(translate(_REMARK))
