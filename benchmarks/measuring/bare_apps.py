"""The floors: Flask with one template, and Flask with SQLAlchemy and one durable row; nothing else."""

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import DictLoader
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pro_app.storage.database import open_database

LABELS = ("First", "Second", "Third", "Fourth")
PAGE = """<!doctype html>
<html lang="{{ language }}">
<head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><main><h1>{{ title }}</h1>
<form method="post">
{% for label in labels %}<p><input type="radio" name="answer" id="a{{ loop.index }}" value="{{ loop.index }}">
<label for="a{{ loop.index }}">{{ label }}</label></p>
{% endfor %}<button>{{ button }}</button></form>
<p>FILLING</p></main></body></html>
"""


class Base(DeclarativeBase):
    """Base of the floor's one table."""


class BareRow(Base):
    """A row about as wide as what an answer says."""

    __tablename__ = "bare_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[str] = mapped_column(String(64))
    item_number: Mapped[int]
    value: Mapped[int]


def make_bare_page(size: int) -> Flask:
    """Make an app with one page from a template, of about `size` bytes."""
    app = Flask("bare_page")
    app.jinja_loader = DictLoader(
        {"page.html": PAGE.replace("FILLING", "x" * max(0, size - len(PAGE) - 200))}
    )

    @app.get("/page")
    def page() -> str:
        return render_template("page.html", language="fr", title="Page", labels=LABELS, button="Next")

    return app


def make_bare_rows(database_url: str) -> Flask:
    """Make an app that inserts and commits one row a request, as durably as ours does."""
    app = Flask("bare_rows")
    database = open_database(database_url)  # the same pragmas, pool and kind of transaction

    @app.get("/ready")
    def ready() -> str:
        return "ready"

    @app.post("/rows")
    def save_row() -> ResponseReturnValue:
        said = request.get_json()
        with database.writing() as session:
            session.add(BareRow(**said))
        return jsonify(status="received")

    return app


def make_bare_table(database_url: str) -> None:
    """Make the floor's table."""
    database = open_database(database_url)
    Base.metadata.create_all(database.engine)
    database.engine.dispose()
