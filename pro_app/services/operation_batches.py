"""Reading a batch of answer operations as a device sends them: untrusted JSON, typed or refused."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeGuard, cast, get_args
from uuid import UUID
from zoneinfo import available_timezones

from pro_app.errors import AnswerRejected, InputRejected, Problem
from pro_app.language import mark
from pro_app.services.answers import AnswerState, Operation
from pro_app.services.synchronisation import Batch, Submission

LARGEST_BATCH = 500
LARGEST_NUMBER = 2**31 - 1
LONGEST_NAME = 64
STATES = frozenset(get_args(AnswerState))
ZONES = available_timezones()


def parse_batch(body: object) -> Batch:
    """Read `{assessment_id, operations: [...]}`, with `device_now` and `submission` where they are given.

    A batch without operations is one only if it sends the form. Raises InputRejected naming the place, or
    AnswerRejected naming the item.
    """
    if not isinstance(body, dict):
        _refuse("")
    assessment_id, operations = body.get("assessment_id"), body.get("operations")
    if not _is_number(assessment_id):
        _refuse("assessment_id")
    submission = _parse_submission(body.get("submission"))
    fewest = 1 if submission is None else 0
    if not isinstance(operations, list) or not fewest <= len(operations) <= LARGEST_BATCH:
        _refuse("operations")
    return Batch(
        assessment_id,
        [_parse_operation(o, f"operations[{i}]") for i, o in enumerate(operations)],
        device_now=_parse_moment(body, "device_now", place=""),
        submission=submission,
    )


def _parse_submission(data: object) -> Submission | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        _refuse("submission")
    respondent = data.get("respondent")
    if not isinstance(respondent, str) or not 0 < len(respondent) <= LONGEST_NAME:
        _refuse("submission.respondent")
    return Submission(respondent, _parse_moment(data, "device_at", place="submission."))


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
        device_at=_parse_moment(data, "device_at", place=f"{place}."),
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


def _parse_moment(data: Mapping[str, Any], name: str, *, place: str) -> datetime | None:
    """Read an ISO 8601 moment with its offset; a device that says none is fine."""
    text = data.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else _refuse(f"{place}{name}")
    except (ValueError, TypeError, OverflowError):
        _refuse(f"{place}{name}")


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
