"""Reading a batch of answer operations as a device sends them: untrusted JSON, typed or refused."""

import re
from collections.abc import Mapping
from dataclasses import replace
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
FAR_YEAR = re.compile(r"[+-]\d{6}-")
"""How a browser writes years before 0 and after 9999."""
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
    if not isinstance(operations, list) or len(operations) < fewest:
        _refuse("operations")
    if len(operations) > LARGEST_BATCH:
        message = mark("At most %(most)s answers are taken at once. Send them in parts; none is lost.")
        raise InputRejected((Problem(message, {"most": LARGEST_BATCH}, place="operations"),))
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
    device_at = _parse_moment(data, "device_at", place="submission.")
    return Submission(respondent, device_at, _parse_listened(data.get("listened", [])))


def _parse_listened(codes: object) -> frozenset[str]:
    """Read the codes of the instruments of which something was read aloud; no form is refused for them."""
    if not isinstance(codes, list):
        return frozenset()
    return frozenset(code for code in codes if isinstance(code, str))


def _parse_operation(data: object, place: str) -> Operation:
    """Read one operation; what is wrong with it is said with its identifier, once that can be read."""
    if not isinstance(data, dict):
        _refuse(place)
    operation_id = _parse_uuid(data, place)
    try:
        return _read_operation(data, place, operation_id)
    except InputRejected as refused:
        named = [replace(each, values={"operation_id": operation_id}) for each in refused.problems]
        raise InputRejected(tuple(named)) from refused


def _read_operation(data: Mapping[str, Any], place: str, operation_id: str) -> Operation:
    code, number = data.get("instrument_code"), data.get("item_number")
    if not isinstance(code, str) or not 0 < len(code) <= LONGEST_NAME:
        _refuse(f"{place}.instrument_code")
    if not _is_number(number):
        _refuse(f"{place}.item_number")
    state, value = data.get("state"), data.get("value")
    if not isinstance(state, str) or state not in STATES:
        raise AnswerRejected(code, number, "unknown_state", operation_id)
    if value is not None and not _is_number(value):
        raise AnswerRejected(code, number, "value_out_of_range", operation_id)
    return Operation(
        operation_id=operation_id,
        instrument_code=code,
        item_number=number,
        state=cast("AnswerState", state),
        value=value,
        counter=_parse_counter(data, place),
        counted_by=_parse_counted_by(data, place),
        device_at=_parse_moment(data, "device_at", place=f"{place}."),
        device_zone=_parse_zone(data, place),
        listened=data.get("listened") is True,
        wording_sha256=_parse_wording(data),
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


def _parse_wording(data: Mapping[str, Any]) -> str | None:
    """Read which pack was shown; no answer is refused for it."""
    sha256 = data.get("wording_sha256")
    return sha256 if isinstance(sha256, str) and len(sha256) <= LONGEST_NAME else None


def _parse_counted_by(data: Mapping[str, Any], place: str) -> str | None:
    """Read the name of the browser that counted; an app that names none is fine."""
    name = data.get("counted_by")
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= LONGEST_NAME):
        _refuse(f"{place}.counted_by")
    return name


def _parse_moment(data: Mapping[str, Any], name: str, *, place: str) -> datetime | None:
    """Read an ISO 8601 moment with its offset; a device that says none is fine."""
    text = data.get(name)
    if text is None or (isinstance(text, str) and FAR_YEAR.match(text)):
        return None  # a device whose clock is thousands of years off tells no time
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else _refuse(f"{place}{name}")
    except OverflowError:
        return None
    except (ValueError, TypeError):
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
