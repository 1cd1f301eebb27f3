"""Keys in addresses and forms: whole numbers that a database can hold; any other number is no page."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

LARGEST_KEY = 2**63 - 1


class KeyConverter(IntegerConverter):
    """The `int` of every route, bounded by what a key can be."""

    regex = "[0-9]{1,19}"

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- as the routing passes them
        super().__init__(url_map, *args, **{"max": LARGEST_KEY} | options)


def parse_key(text: str) -> int:
    """Read a key out of a form or a query; raises ValueError for what no key can be, as `int` does."""
    number = int(text)
    if not 0 <= number <= LARGEST_KEY:
        raise ValueError(text)
    return number


def init_addresses(app: Flask) -> None:
    """Use the bounded converter for every route that is added from now on."""
    app.url_map.converters["int"] = KeyConverter
