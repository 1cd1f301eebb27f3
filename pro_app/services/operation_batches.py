"""Reading a batch of answer operations as a device sends them: untrusted JSON, typed or refused."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeGuard, cast, get_args
from uuid import UUID
from zoneinfo import available_timezones

from pro_app.errors import AnswerRejected, InputRejected, Problem
from pro_app.language import mark
from pro_app.services.answers import AnswerState, Operation

LARGEST_BATCH = 500
LARGEST_NUMBER = 2**31 - 1
LONGEST_NAME = 64
STATES = frozenset(get_args(AnswerState))
ZONES = available_timezones()


def parse_batch(body: object) -> tuple[int, list[Operation]]:
    """Read `{assessment_id, operations: [...]}`; gives the assessment and its operations.

    Raises InputRejected naming the place, or AnswerRejected naming the item.
    """
    if not isinstance(body, dict):
        _refuse("")
    assessment_id, operations = body.get("assessment_id"), body.get("operations")
    if not _is_number(assessment_id):
        _refuse("assessment_id")
    if not isinstance(operations, list) or not 1 <= len(operations) <= LARGEST_BATCH:
        _refuse("operations")
    return assessment_id, [_parse_operation(o, f"operations[{i}]") for i, o in enumerate(operations)]


def _parse_operation(data: object, place: str) -> Operation:
    if not isinstance(data, dict):
        _refuse(place)
    code, number = data.get("instrument_code"), data.get("item_number")
    if not isinstance(code, str) or not 0 < len(code) <= LONGEST_NAME:
        _refuse(f"{place}.instrument_code")
    if not _is_number(number):
        _refuse(f"{place}.item_number")
    state, value = data.get("state"), data.get("value")
    if not isinstance(state, str) or state not in STATES:
        raise AnswerRejected(code, number, "unknown_state")
    if value is not None and not _is_number(value):
        raise AnswerRejected(code, number, "value_out_of_range")
    return Operation(
        operation_id=_parse_uuid(data, place),
        instrument_code=code,
        item_number=number,
        state=cast("AnswerState", state),
        value=value,
        counter=_parse_counter(data, place),
        device_at=_parse_moment(data, place),
        device_zone=_parse_zone(data, place),
    )


def _parse_uuid(data: Mapping[str, Any], place: str) -> str:
    try:
        return str(UUID(data.get("operation_id")))
    except (ValueError, TypeError, AttributeError):
        _refuse(f"{place}.operation_id")


def _parse_counter(data: Mapping[str, Any], place: str) -> int:
    counter = data.get("counter", 0)
    if not _is_number(counter):
        _refuse(f"{place}.counter")
    return counter


def _parse_moment(data: Mapping[str, Any], place: str) -> datetime | None:
    """Read an ISO 8601 moment with its offset; a device that says none is fine."""
    text = data.get("device_at")
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else _refuse(f"{place}.device_at")
    except (ValueError, TypeError, OverflowError):
        _refuse(f"{place}.device_at")


def _parse_zone(data: Mapping[str, Any], place: str) -> str | None:
    """Read the device's zone; no answer is refused because its device names none, or one we do not know."""
    zone = data.get("device_zone")
    if zone is not None and not (isinstance(zone, str) and len(zone) <= LONGEST_NAME):
        _refuse(f"{place}.device_zone")
    return zone if zone in ZONES else None


def _is_number(value: object) -> TypeGuard[int]:
    """Tell whether `value` is a whole number that the database can hold; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_NUMBER


def _refuse(place: str) -> NoReturn:
    raise InputRejected((Problem(mark("This part of the request cannot be read."), place=place),))
