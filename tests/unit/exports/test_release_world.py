from release_world import empty_release, list_small_batches, small_release

from pro_app.exports.frames import check_frame
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tidy.agreement import check_agreement


def test_the_small_release_has_exactly_the_columns_of_every_table() -> None:
    for _release, tables in (small_release(), empty_release()):
        assert list(tables) == [table.name for table in TABLES]
        for table in TABLES:
            check_frame(table, tables[table.name])


def test_the_batches_of_the_small_release_add_up_to_it() -> None:
    _, tables = small_release()
    _, batches = list_small_batches()

    for name, frame in tables.items():
        assert sum(batch[name].height for batch in batches) == frame.height
        assert frame.height > 0


def test_the_scores_of_the_small_release_are_right_in_both_ways() -> None:
    release, tables = small_release()

    assert check_agreement(tables, release) == []
