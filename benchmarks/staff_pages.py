"""The first pages of nurses and coordinators, in a trial of 20,000 people at 200 sites, and their budgets.

Run it as `.venv/bin/python benchmarks/staff_pages.py [--participants 20000]`; benchmarks/README.md says how
to read it. Exit status 1 names what is over its budget.
"""

import argparse
import sys
from collections.abc import Iterator
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from measuring.installations import postgres_urls, temporary_folder
from measuring.many_sites import make_many_sites, sign_in
from measuring.rounds import Measured, Work, measure_in_turn
from sqlalchemy import text

PARTICIPANTS, SITES, ROUNDS = 20_000, 200, 9
PAGES = (
    ("worklist of a site", "nurse", "/clinic/tasks", 150),
    ("rates of a site", "nurse", "/clinic/completion", 150),
    ("patients of a site", "nurse", "/clinic/", 150),
    ("map of a site", "nurse", "/clinic/completion/map", 150),
    ("all sites", "coordinator", "/clinic/sites", 400),
    ("tasks by site, first page", "coordinator", "/clinic/tasks", 400),
    ("coming at all sites", "coordinator", "/clinic/coming", 400),
    ("rates of all sites", "coordinator", "/clinic/completion", 400),
)
"""Name, role, address, and the budget in milliseconds of server time, as a median."""
OF_A_SITE = "SELECT count(*) FROM form_standings WHERE site_id = (SELECT min(id) FROM sites)"
OF_ALL = "SELECT count(*) FROM form_standings"


def main() -> None:
    """Measure on both databases; exit status 1 where a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=PARTICIPANTS, help="people of the trial")
    parser.add_argument("--sites", type=int, default=SITES, help="sites that they are dealt out to")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds that count")
    said = parser.parse_args()
    missed: list[str] = []
    with temporary_folder() as folder, postgres_urls("sites") as (postgres,):
        for name, url in (("SQLite", f"sqlite:///{folder / 'sites.sqlite'}"), ("PostgreSQL", postgres)):
            app = make_many_sites(url, folder / name, participants=said.participants, sites=said.sites)
            missed += measure_pages(name, app, rounds=said.rounds)
    for line in missed:
        print(line, file=sys.stderr)
    sys.exit(1 if missed else 0)


def measure_pages(database: str, app: Flask, *, rounds: int) -> Iterator[str]:
    """Measure each page against a bare count of the rows it is about; gives what is over its budget."""
    clients = {role: sign_in(app, role) for role in ("nurse", "coordinator")}
    for name, role, address, budget_ms in PAGES:
        count = count_rows(app, OF_A_SITE if role == "nurse" else OF_ALL)
        measured = measure_in_turn(open_page(clients[role], address), count, rounds=rounds, units=1)
        quickest = f"; quickest page {min(measured.ours) * 1000:.0f} ms"
        print(measured.write_line(f"{name}, {database}", ours="page", floor="bare count") + quickest)
        yield from check_budget(f"{name}, {database}", measured, budget_ms=budget_ms)


def open_page(client: FlaskClient, address: str) -> Work:
    """Make the work of opening a page, session, access check and menu included."""

    def work() -> None:
        answer = client.get(address)
        if answer.status_code != 200:  # noqa: PLR2004 -- HTTP's own
            raise RuntimeError(f"{address}: {answer.status_code}")

    return work


def count_rows(app: Flask, statement: str) -> Work:
    """Make the work of counting rows in a session of its own."""
    database = app.extensions["pro_app"].database

    def work() -> None:
        with database.reading() as session:
            session.execute(text(statement)).scalar_one()

    return work


def check_budget(name: str, measured: Measured, *, budget_ms: int) -> Iterator[str]:
    """Say it where the median is over the budget."""
    taken_ms = median(measured.ours) * 1000
    if taken_ms > budget_ms:
        yield f"{name}: {taken_ms:.0f} ms are over the budget of {budget_ms} ms"


if __name__ == "__main__":
    main()
