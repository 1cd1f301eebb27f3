"""The option `--format` of commands that print for people or for programs."""

import click

from pro_app.language import mark

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help=mark("A table to read, or JSON for programs."),
)
