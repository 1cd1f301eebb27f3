"""`pro-app serve`: the web server of a production installation."""

import click

from pro_app.app import create_app
from pro_app.cli.gate_at_start import check_gate_at_start
from pro_app.language import mark
from pro_app.server import serve as serve_app
from pro_app.settings import Settings


@click.command(help=mark("Serve the web pages (production; a reverse proxy stands in front)."))
@click.option("--host", default="127.0.0.1", show_default=True, help=mark("Address to listen on."))
@click.option("--port", default=8000, show_default=True, help=mark("Port to listen on."))
@click.option("--workers", default=2, show_default=True, help=mark("Number of processes."))
@click.option("--threads", default=8, show_default=True, help=mark("Number of threads in each process."))
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Read the settings, then serve until told to stop."""
    settings = Settings.from_env()
    # Here too, so that the refusal is said once and in words, and not by each process of the server.
    check_gate_at_start(settings)
    serve_app(lambda: create_app(settings), bind=[f"{host}:{port}"], workers=workers, threads=threads)
