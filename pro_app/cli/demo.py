"""`pro-app demo`: a living trial on this machine, with everyone's sign-in printed."""

import json
import socket
from pathlib import Path
from typing import Any

import click

from pro_app.cli.translation import translate
from pro_app.demo.run import DemoPlace, start_demo
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.settings import DATA_FOLDER
from pro_app.web.demo.state import load_access

ROLE_WIDTH = 14


@click.command(help=mark("Run a demonstration with made-up data; prints the sign-ins."))
@click.option("--port", default=8000, show_default=True, help=mark("Port to listen on."))
@click.option("--reset", is_flag=True, help=mark("Forget the data of earlier starts first."))
@click.option(
    "--access", type=click.Choice(["json"]), help=mark("Only print addresses and sign-ins, for programs.")
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=DATA_FOLDER / "demo",
    help=mark("Where its files lie."),
)
def demo(port: int, *, reset: bool, access: str | None, folder: Path) -> None:
    """Start the demo, or tell a program how to sign in to it."""
    if access:
        click.echo(json.dumps(_require_access(folder), ensure_ascii=False, indent=2))
        return
    _require_free_port(port)
    start_demo(DemoPlace(folder, port), reset=reset, announce=_announce)


def _require_access(folder: Path) -> dict[str, Any]:
    access = load_access(folder)
    if access is None:
        raise InputRejected((Problem(mark("The demo was never started here; start it with: make run")),))
    return access


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            message = mark("Port %(port)s is in use or not allowed; choose another one: make run PORT=9000")
            raise InputRejected((Problem(message, {"port": port}),)) from error


def _announce(access: dict[str, Any]) -> None:
    """Say where everything is and who can sign in how."""
    base, participant = access["base_url"], access["participant"]
    lines = [
        "",
        translate("The demonstration is served on %(url)s (Ctrl-C stops it)", url=base),
        translate("Tour, sign-ins and progress: %(url)s", url=base + "/demo"),
        "",
        translate("As a patient: %(url)s", url=base + "/"),
        f"  {translate('Sign-in code')}  {participant['sign_in_code_printed']}    PIN  {participant['pin']}",
        "",
        translate("As a member of staff: %(url)s", url=base + "/staff/sign-in"),
        *(
            f"  {s['role']:<{ROLE_WIDTH}} {s['username']:<{ROLE_WIDTH}} {s['password']}"
            for s in access["staff"]
        ),
        "  " + translate("The code that is asked for after the password stands on that page."),
        "",
        translate(
            "The past years of the trial are filled in behind the pages; the tour shows how far it is."
        ),
        "",
    ]
    click.echo("\n".join(lines))
