from dataclasses import replace

from release_world import small_release

from pro_app.exports.cdisc.sdtm.catalogue import list_sdtm_datasets
from pro_app.exports.cdisc.sdtm.codelists import list_sdtm_codelists
from pro_app.exports.release import Release

RELEASE, _ = small_release()


def the_terms(release: Release, code: str) -> dict[str, str]:
    """Give the values of a list with their meanings."""
    (found,) = [codelist for codelist in list_sdtm_codelists(release) if codelist.code == code]
    return {term.value: term.decode for term in found.terms}


def test_every_list_that_a_variable_or_a_value_level_names_is_there_once() -> None:
    codes = [codelist.code for codelist in list_sdtm_codelists(RELEASE)]
    assert len(codes) == len(set(codes))
    for dataset in list_sdtm_datasets():
        levels = dataset.value_levels(RELEASE) if dataset.value_levels else ()
        named = {variable.codelist for variable in dataset.variables} | {level.codelist for level in levels}
        assert named - {""} <= set(codes), dataset.name


def test_no_list_holds_a_value_twice() -> None:
    for codelist in list_sdtm_codelists(RELEASE):
        values = [term.value for term in codelist.terms]
        assert len(values) == len(set(values)), codelist.code


def test_answers_come_from_the_wording_and_only_some_items_know_not_applicable() -> None:
    words = RELEASE.instruments[1].wordings["en"].options["four_point"]
    plain = {text.upper(): str(value) for value, text in words.items()}
    assert the_terms(RELEASE, "QLQ-GINET21.1.0.FOUR-POINT") == plain
    with_na = the_terms(RELEASE, "QLQ-GINET21.1.0.FOUR-POINT.NA")
    assert with_na == plain | {"NOT APPLICABLE": "Not applicable"}


def test_two_answers_under_the_same_words_are_one_term_with_both_codes() -> None:
    worded = RELEASE.instruments[0]
    options = dict(worded.wordings["en"].options) | {"four_point": {1: "No", 2: "Yes", 3: "Yes", 4: "Very"}}
    pack = replace(worded.wordings["en"], options=options)
    release = replace(RELEASE, instruments=(replace(worded, wordings={"en": pack}), *RELEASE.instruments[1:]))
    assert the_terms(release, "QLQ-C30.3.0.FOUR-POINT") == {"NO": "1", "YES": "2, 3", "VERY": "4"}


def test_the_arms_are_those_of_the_protocol() -> None:
    assert the_terms(RELEASE, "ARMCD") == {
        "LUTATHERA": "Lutathera: two more infusions",
        "SURVEILLANCE": "Active surveillance",
    }
