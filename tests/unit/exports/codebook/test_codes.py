from dataclasses import replace

import pytest
from release_world import small_release

from pro_app.exports.codebook.codes import group_codes, list_codes
from pro_app.exports.codebook.missing_codes import MISSING_CODES
from pro_app.exports.codebook.rows import CODEBOOK, list_codebook_rows
from pro_app.exports.codebook.scales import list_scales
from pro_app.exports.frames import make_frame
from pro_app.exports.tables.catalogue import TABLES

LISTS_WITHOUT_A_CODE_IN_THE_SMALL_RELEASE = {"deterioration_outcome", "deterioration"}
"""Its deterioration is hand-made, with words of its own."""


def visits_of_the_data() -> list[str]:
    _, tables = small_release()
    return tables["assessments"]["visit_code"].unique(maintain_order=True).to_list()


def test_every_coded_column_has_a_list_that_holds_every_code_of_the_data() -> None:
    release, tables = small_release()
    lists = group_codes(list_codes(release.protocol, release.instruments, visits_of_the_data()))

    for table in TABLES:
        for column in (column for column in table.columns if column.codes):
            known = {code.code for code in lists[column.codes]}
            seen = {str(value) for value in tables[table.name][column.name].drop_nulls()}
            if column.codes not in LISTS_WITHOUT_A_CODE_IN_THE_SMALL_RELEASE:
                assert seen <= known, (table.name, column.name)


def test_every_code_has_words_in_both_languages_and_no_code_comes_twice() -> None:
    release, _ = small_release()
    codes = list_codes(release.protocol, release.instruments, visits_of_the_data())

    assert [code for code in codes if not (code.fr and code.en)] == []
    keys = [(code.codes, code.code, code.instrument) for code in codes]
    assert len(keys) == len(set(keys))


def test_the_rows_name_every_table_column_and_code() -> None:
    release, _ = small_release()
    codes = list_codes(release.protocol, release.instruments, ["W08"])

    frame = make_frame(CODEBOOK, list_codebook_rows(codes))

    columns = {row["name"] for row in frame.iter_rows(named=True) if row["table"] == "scores"}
    assert columns == {column.name for table in TABLES if table.name == "scores" for column in table.columns}
    assert frame["kind"].value_counts().sort("kind").rows() == [
        ("code", len(codes)),
        ("column", sum(len(table.columns) for table in TABLES)),
        ("table", len(TABLES)),
    ]


def test_a_scale_is_named_and_says_its_items_and_direction() -> None:
    release, _ = small_release()
    codes = group_codes(list_codes(release.protocol, release.instruments, ()))["scale"]
    words = {code.code: (code.fr, code.en) for code in codes}

    assert words["FA"] == (
        "Fatigue (symptôme, plus haut = plus marqué ; items 10, 12, 18)",
        "Fatigue (symptom, higher is worse; items 10, 12, 18)",
    )
    assert words["SUMMARY"][1].startswith("Summary score (higher is better; mean of PF2, RF2")


def test_scales_carry_what_a_reader_needs_to_use_their_scores() -> None:
    release, _ = small_release()

    scales = {scale.code: scale for scale in list_scales(release.protocol, release.instruments)}

    assert len(scales) == 16 + 9
    physical, summary, endocrine = scales["PF2"], scales["SUMMARY"], scales["ED"]
    assert (physical.parts, physical.needed, physical.testcd) == ("1, 2, 3, 4, 5", 3, "EOR0132")
    assert (physical.minimal_difference, physical.important) == (10, "< 83")
    assert (scales["FA"].important, endocrine.important) == ("> 39", "")
    assert (summary.needed, "100 − FA" in summary.parts) == (13, True)
    assert endocrine.testcd.endswith(" (sponsor)")


def test_without_wording_an_item_has_no_words_and_nothing_breaks() -> None:
    release, _ = small_release()
    bare = [replace(worded, wordings={}) for worded in release.instruments]

    items = group_codes(list_codes(release.protocol, bare, ()))["item"]

    assert {(item.fr, item.en) for item in items} == {("", "")}


@pytest.mark.parametrize(
    ("state", "spss", "stata"),
    [
        ("declined", -1, "a"),
        ("left_blank", -2, "b"),
        ("not_applicable", -3, "c"),
        ("not_reached", -4, "d"),
        ("form_missing", -5, "e"),
        ("not_expected", -6, "f"),
    ],
)
def test_missing_codes_never_change(state: str, spss: int, stata: str) -> None:
    assert [(c.spss, c.stata) for c in MISSING_CODES if c.state == state] == [(spss, stata)]
