"""The rules on a protocol's dates, zones, public holidays, effects of events and marked assumptions."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holidays import country_holidays

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import Problem
from pro_app.language import mark


def check_dates(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the trial's dates exist and stand in their order."""
    trial = definition.data["trial"]
    problems = []
    for key in ("began_on", "planned_end_on"):
        try:
            date.fromisoformat(trial[key])
        except ValueError:
            message = mark("“%(value)s” is not a date of the calendar.")
            problems.append(definition.problem(message, ("trial", key), value=trial[key]))
    # Dates in the form YYYY-MM-DD sort like their text.
    if not problems and trial["planned_end_on"] <= trial["began_on"]:
        message = mark("The trial must end after it began.")
        problems.append(definition.problem(message, ("trial", "planned_end_on")))
    yield from problems


def check_zones(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every time zone exists, and that the default one is among them."""
    data = definition.data
    for index, zone in enumerate(data["zones"]):
        if not is_zone(zone):
            yield definition.problem(mark("There is no time zone “%(zone)s”."), ("zones", index), zone=zone)
    if data["default_zone"] not in data["zones"]:
        message = mark("The default time zone must be one of the list.")
        yield definition.problem(message, ("default_zone",))


def is_zone(name: str) -> bool:
    """Say whether `name` is a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def check_public_holidays(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the public holidays of the country are known, whose messages keep them."""
    country = definition.data["messages"]["public_holidays_of"]
    if country is not None and not has_public_holidays(country):
        message = mark("The public holidays of the country “%(country)s” are not known.")
        yield definition.problem(message, ("messages", "public_holidays_of"), country=country)


def check_sending(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that messages have a way that stands alone, and an hour at which they may go out."""
    messages = definition.data["messages"]
    if set(messages["channels"]) == {"push"}:
        message = mark("Notifications go beside another way of sending: add email or sms.")
        yield definition.problem(message, ("messages", "channels"))
    if not messages["quiet_until_hour"] <= messages["hour"] < messages["quiet_from_hour"]:
        message = mark("The hour of messages lies in the quiet hours.")
        yield definition.problem(message, ("messages", "hour"))


def has_public_holidays(country: str) -> bool:
    """Say whether the library `holidays` knows those of a country, by its code of two letters (ISO 3166)."""
    try:
        country_holidays(country)
    except NotImplementedError:
        return False
    return True


def check_effects(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that what an event does to visits, to the rates and to the reasons fits together."""
    for index, kind in enumerate(definition.data["event_kinds"]):
        effect = kind.get("effect")
        if effect is None:
            continue
        path = ("event_kinds", index, "effect")
        if effect["expected"] == (effect["visits"] == "not_required"):
            message = mark("Visits that are not required are not expected, and all others are.")
            yield definition.problem(message, (*path, "expected"))
        if ("reason" in effect) == (effect["visits"] == "stay"):
            message = mark("A reason is needed where visits close or are not required, and only there.")
            yield definition.problem(message, path)


def check_assumed_paths(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every marked assumption points at a part of the file."""
    for index, assumption in enumerate(definition.data["assumed"]):
        for number, path in enumerate(assumption["paths"]):
            if not has_part(definition.data, path):
                message = mark("Nothing stands at “%(target)s”.")
                yield definition.problem(message, ("assumed", index, "paths", number), target=path)


def has_part(data: object, path: str) -> bool:
    """Say whether `/visits/M03/window` is there: keys of mappings, codes of the entries of lists."""
    part: Any = data
    for key in path.strip("/").split("/"):
        if isinstance(part, list):
            part = {entry["code"]: entry for entry in part if isinstance(entry, dict) and "code" in entry}
        if not isinstance(part, dict) or key not in part:
            return False
        part = part[key]
    return True
