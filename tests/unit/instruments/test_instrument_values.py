import pytest

from pro_app.instruments.find import load_instrument
from pro_app.instruments.instrument import ResponseSet, Scale

C30 = load_instrument("qlq-c30", "3.0")


@pytest.mark.parametrize(("items", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_at_least_half_of_the_items_are_needed(items: int, needed: int) -> None:
    scale = Scale("XX", tuple(range(1, items + 1)), "symptom", 3, None)
    assert scale.needed == needed


def test_the_range_of_a_response_set_is_highest_minus_lowest_code() -> None:
    assert ResponseSet("x", (1, 2, 3, 4, 5, 6, 7), "row").item_range == 6
    assert ResponseSet("x", (0, 1), "list").item_range == 1


def test_an_item_is_found_with_its_codes_and_its_block() -> None:
    assert C30.items_by_number[30].response_set == "seven_point"
    assert C30.response_values(30) == (1, 2, 3, 4, 5, 6, 7)
    assert C30.block_of(28).code == "past_week"
    assert C30.block_of(5).recall_period is None


def test_without_a_name_the_default_scoring_is_meant() -> None:
    ginet21 = load_instrument("qlq-ginet21", "1.0")
    assert ginet21.scoring().name == "manual"
    assert ginet21.scoring("yadegarfar-2013").scale_codes[-1] == "WG"
    with pytest.raises(KeyError):
        ginet21.scoring("unheard-of")
