from pro_app.protocol.find import load_protocol
from pro_app.protocol.protocol import UNSCHEDULED
from pro_app.protocol.visit_order import order_visit_codes


def test_visits_come_in_the_order_of_the_protocol_a_series_by_its_numbers_and_strangers_last() -> None:
    codes = ["Y2", "OLD", UNSCHEDULED, "W100", "M12", "W16", "BASELINE", "M03", "W08"]

    assert order_visit_codes(load_protocol("reluth"), codes) == [
        "BASELINE",
        "W08",
        "W16",
        "W100",
        "M03",
        "M12",
        "Y2",
        "OLD",
        UNSCHEDULED,
    ]
