"""Dates as they are typed after an option."""

import re
from datetime import date

import click

from pro_app.cli.translation import translate
from pro_app.language import mark

_ISO_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CivilDate(click.ParamType[date]):
    """A date written YYYY-MM-DD, and nothing else that Python would take for one."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the date; anything else is a usage error."""
        if isinstance(value, date):
            return value
        text = str(value)
        try:
            return date.fromisoformat(text if _ISO_DATE.fullmatch(text) else "")
        except ValueError:
            self.fail(translate(mark("“%(value)s” is not a date: write YYYY-MM-DD."), value=text), param, ctx)


DATE = CivilDate()


class EventOnDate(click.ParamType[tuple[str, date]]):
    """A kind of event and its date, written KIND=YYYY-MM-DD."""

    name = "event"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, date]:
        """Read both; anything else is a usage error."""
        kind, equals, day = str(value).partition("=")
        if not kind or not equals:
            message = mark("“%(value)s” is not an event: write KIND=YYYY-MM-DD.")
            self.fail(translate(message, value=str(value)), param, ctx)
        return kind, DATE.convert(day, param, ctx)
