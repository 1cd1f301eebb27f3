"""The order in which the visits of a protocol come, for lists of the codes that data name."""

from collections.abc import Iterable

from pro_app.protocol.protocol import UNSCHEDULED, Protocol


def order_visit_codes(protocol: Protocol, codes: Iterable[str]) -> list[str]:
    """Put visit codes in the order of the protocol, then unknown ones; unscheduled answers come last."""

    def place(code: str) -> tuple[int, int, str]:
        for index, visit in enumerate(protocol.visits):
            number = visit.number_of(code)
            if number is not None:
                return index, number, code
        return len(protocol.visits) + (code == UNSCHEDULED), 0, code

    return sorted(codes, key=place)
