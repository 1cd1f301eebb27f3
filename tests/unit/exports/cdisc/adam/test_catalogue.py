import re
from dataclasses import replace

import polars as pl
import pytest

from pro_app.exports.cdisc.adam.catalogue import list_adam_datasets
from pro_app.exports.cdisc.adam.codelists import list_adam_codelists
from pro_app.exports.cdisc.adam.parameters import (
    find_free_code,
    list_completion_parameters,
    list_event_parameters,
    list_scale_parameters,
)
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

DATASETS = list_adam_datasets()
by_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)


@by_dataset
def test_names_and_labels_fit_into_sas(dataset: CdiscDataset) -> None:
    names = [variable.name for variable in dataset.variables]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z][A-Z0-9]{0,7}", name) for name in names)
    labels = [variable.label for variable in dataset.variables] + [dataset.label]
    assert all(0 < len(label.encode()) <= 40 for label in labels)
    assert set(dataset.keys) <= set(names)


@by_dataset
def test_every_variable_says_where_it_comes_from(dataset: CdiscDataset) -> None:
    for variable in dataset.variables:
        if variable.origin == "Predecessor":
            assert re.fullmatch(r"(DM|QS|ADSL)\.[A-Z0-9]+", variable.predecessor), variable.name
        elif variable.origin == "Derived":
            assert variable.method.endswith("."), variable.name
        else:
            assert variable.origin in {"Assigned", "Protocol"}


@by_dataset
def test_a_copied_variable_exists_where_it_is_copied_from(dataset: CdiscDataset) -> None:
    adsl = DATASETS[0].variables_by_name
    for variable in dataset.variables:
        source, _, name = variable.predecessor.partition(".")
        if source == "ADSL":
            assert adsl[name].label.replace(" for Period 01", "") == variable.label
            assert adsl[name].column_type == variable.column_type


@by_dataset
def test_every_value_is_in_its_codelist(dataset: CdiscDataset, analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    lists = {codelist.code: codelist for codelist in list_adam_codelists(release)}
    rows = dataset.derive(tables, release)
    named = [variable for variable in dataset.variables if variable.codelist]
    assert named
    for variable in named:
        codelist = lists[variable.codelist]
        values = set(rows[variable.name].drop_nulls().cast(pl.String))
        assert values <= {term.value for term in codelist.terms}, variable.name


def test_every_codelist_is_used_and_has_no_value_twice(analysed: tuple[Release, Tables]) -> None:
    lists = list_adam_codelists(analysed[0])
    used = {variable.codelist for dataset in DATASETS for variable in dataset.variables}
    assert {codelist.code for codelist in lists} == used - {""}
    for codelist in lists:
        values = [term.value for term in codelist.terms]
        assert len(set(values)) == len(values) > 0


@by_dataset
def test_mandatory_variables_are_never_empty(dataset: CdiscDataset, analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    rows = dataset.derive(tables, release)
    for variable in dataset.variables:
        if variable.mandatory:
            assert rows[variable.name].null_count() == 0, variable.name


@by_dataset
def test_known_data_give_no_remark(dataset: CdiscDataset, analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    if dataset.find_remarks:
        assert list(dataset.find_remarks(dataset.derive(tables, release), release)) == []


@by_dataset
def test_the_same_input_in_another_order_gives_the_same_rows(
    dataset: CdiscDataset, analysed: tuple[Release, Tables]
) -> None:
    release, tables = analysed
    turned = {name: frame.reverse() for name, frame in tables.items()}
    assert dataset.derive(turned, release).equals(dataset.derive(tables, release))


def test_value_levels_say_how_each_parameter_is_computed(analysed: tuple[Release, Tables]) -> None:
    release, tables = analysed
    for dataset in DATASETS[1:]:
        assert dataset.value_levels is not None
        levels = dataset.value_levels(release)
        described = [value for level in levels for value in level.values]
        assert len(set(described)) == len(described)
        assert set(dataset.derive(tables, release)["PARAMCD"]) <= set(described)
        assert all(level.method for level in levels)


def test_a_formula_names_items_range_and_direction(analysed: tuple[Release, Tables]) -> None:
    assert DATASETS[1].value_levels is not None
    methods = {level.values[0]: level.method for level in DATASETS[1].value_levels(analysed[0])}
    assert methods["PF2"] == (
        "100 * (1 - (RS - 1) / 3), RS the mean of the answered items of 1, 2, 3, 4, 5; at least 3 answered."
    )
    assert methods["QL2"].startswith("100 * (RS - 1) / 6, RS the mean of the answered items of 29, 30;")
    assert "100 - FA" in methods["C30SUMM"]
    assert methods["C30SUMM"].startswith("Mean of PF2, RF2")


def test_parameters_have_codes_of_8_letters_that_name_them(analysed: tuple[Release, Tables]) -> None:
    release, _ = analysed
    scales = list_scale_parameters(release)
    events = list_event_parameters(release)
    for parameters in ((*scales, *list_completion_parameters(release)), events):
        codes = [parameter.code for parameter in parameters]
        texts = [parameter.text for parameter in parameters]
        assert len(set(codes)) == len(codes) == len(set(texts))
        assert all(re.fullmatch("[A-Z][A-Z0-9_]{0,7}", code) for code in codes)
        assert max(len(text.encode()) for text in texts) <= 200
        assert [parameter.number for parameter in parameters] == list(range(1, len(parameters) + 1))
    assert {"PF2", "QL2", "FA", "C30SUMM", "SF21", "DRW"} <= {parameter.code for parameter in scales}
    assert {"T1PF2", "T2FA", "T3C30SUM"} <= {parameter.code for parameter in events}


def test_codes_that_would_be_alike_are_numbered() -> None:
    taken: set[str] = set()
    codes = [find_free_code("T1LONGSCALE", taken) for _ in range(11)]
    assert codes[:3] == ["T1LONGSC", "T1LONGS2", "T1LONGS3"]
    assert codes[-1] == "T1LONG11"


def test_two_versions_of_an_instrument_share_their_parameters(analysed: tuple[Release, Tables]) -> None:
    release, _ = analysed
    first = release.instruments[0]
    later = replace(first, instrument=replace(first.instrument, version="4.0"))
    twice = replace(release, instruments=(*release.instruments, later))
    assert list_scale_parameters(twice) == list_scale_parameters(release)


def test_a_definition_for_some_scales_has_parameters_for_those_only(
    analysed: tuple[Release, Tables],
) -> None:
    release, _ = analysed
    first, *others = release.protocol.analysis.deterioration
    definitions = (replace(first, scales=("FA", "QL2")), *others)
    analysis = replace(release.protocol.analysis, deterioration=definitions)
    some = replace(release, protocol=replace(release.protocol, analysis=analysis))
    codes = [parameter.code for parameter in list_event_parameters(some)]
    assert codes[:4] == ["T1QL2", "T1FA", "T2PF2", "T2RF2"]
