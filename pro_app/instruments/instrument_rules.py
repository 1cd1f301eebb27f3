"""The rules that the items, response sets and blocks of an instrument keep beyond their schema."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pro_app.definitions.files import DefinitionFile
from pro_app.definitions.plain_yaml import NodePath
from pro_app.errors import Problem
from pro_app.language import mark


def check_item_numbers(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the printed numbers rise by one, without a gap and without a repetition."""
    numbers: list[int] = [item["number"] for item in definition.data["items"]]
    for index, number in enumerate(numbers):
        place = ("items", index, "number")
        if number in numbers[:index]:
            yield definition.problem(mark("Item %(item)s appears twice."), place, item=number)
        elif index and number < numbers[index - 1]:
            yield definition.problem(
                mark("Item %(item)s stands out of its printed order."), place, item=number
            )
    for number in sorted(set(range(min(numbers), max(numbers))) - set(numbers)):
        message = mark("Item %(item)s is missing: the numbers run from %(first)s to %(last)s.")
        yield definition.problem(message, ("items",), item=number, first=min(numbers), last=max(numbers))


def check_response_sets(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each response set rises by one from code to code, which the linear scores rely on."""
    for code, response_set in definition.data["response_sets"].items():
        values = response_set["values"]
        if values != list(range(values[0], values[0] + len(values))):
            message = mark("The codes of the response set “%(code)s” must rise by one.")
            yield definition.problem(message, ("response_sets", code, "values"), code=code)


def check_item_responses(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every item names a known response set, and that every response set is used."""
    known = definition.data["response_sets"]
    used = Counter(item["response_set"] for item in definition.data["items"])
    for index, item in enumerate(definition.data["items"]):
        if item["response_set"] not in known:
            message = mark("There is no response set “%(code)s”.")
            yield definition.problem(message, ("items", index, "response_set"), code=item["response_set"])
    for code in known:
        if code not in used:
            message = mark("No item uses the response set “%(code)s”.")
            yield definition.problem(message, ("response_sets", code), code=code)


def check_blocks(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that every item stands in exactly one block, and the blocks follow the printed order."""
    numbers: list[int] = sorted(item["number"] for item in definition.data["items"])
    placed: list[int] = []
    codes: list[str] = []
    for index, block in enumerate(definition.data["blocks"]):
        if block["code"] in codes:
            message = mark("The block “%(code)s” appears twice.")
            yield definition.problem(message, ("blocks", index, "code"), code=block["code"])
        codes.append(block["code"])
        for position, number in enumerate(block["items"]):
            yield from _check_placed(
                definition, ("blocks", index, "items", position), number, numbers=numbers, placed=placed
            )
            placed.append(number)
    for number in sorted(set(numbers) - set(placed)):
        yield definition.problem(mark("Item %(item)s stands in no block."), ("blocks",), item=number)


def _check_placed(
    definition: DefinitionFile, place: NodePath, number: int, *, numbers: list[int], placed: list[int]
) -> Iterator[Problem]:
    """Say what is wrong with one item's place among the blocks; `placed` are those before it."""
    if number not in numbers:
        yield definition.problem(mark("There is no item %(item)s."), place, item=number)
    elif number in placed:
        yield definition.problem(mark("Item %(item)s stands in more than one block."), place, item=number)
    elif placed and number < placed[-1]:
        yield definition.problem(mark("Item %(item)s stands out of its printed order."), place, item=number)


def check_categories(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that the category is CDISC's or the sponsor's, not both."""
    yield from check_one_origin(definition, definition.data, (), name="category")


def check_item_codes(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that a test code is CDISC's or the sponsor's, not both, and that no two items share it."""
    codes: list[str] = []
    for index, item in enumerate(definition.data["items"]):
        yield from check_one_origin(definition, item, ("items", index), name="testcd")
        code = item.get("cdisc_testcd", item.get("sponsor_testcd"))
        if code is not None and code in codes:
            message = mark("The test code %(code)s stands for two different things.")
            yield definition.problem(message, ("items", index), code=code)
        codes.append(code)


def check_one_origin(
    definition: DefinitionFile, part: Mapping[str, Any], place: NodePath, *, name: str
) -> Iterator[Problem]:
    """Check that a code has one origin: `cdisc_<name>` excludes `sponsor_<name>`."""
    if f"cdisc_{name}" in part and f"sponsor_{name}" in part:
        message = mark("“%(cdisc)s” and “%(sponsor)s” exclude each other: a code has one origin.")
        path = (*place, f"sponsor_{name}")
        yield definition.problem(message, path, cdisc=f"cdisc_{name}", sponsor=f"sponsor_{name}")


def check_concerns(definition: DefinitionFile) -> Iterator[Problem]:
    """Check that each fact to confirm names places that the file has."""
    for index, entry in enumerate(definition.data["to_confirm"]):
        for position, concern in enumerate(entry["concerns"]):
            if tuple(concern.split(".")) not in definition.lines:
                message = mark("The file has no part “%(part)s”.")
                yield definition.problem(message, ("to_confirm", index, "concerns", position), part=concern)
