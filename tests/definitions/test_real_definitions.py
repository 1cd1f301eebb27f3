import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest

from pro_app.definitions.files import QUESTIONNAIRES, read_definition
from pro_app.definitions.released import RELEASED_LIST, check_released
from pro_app.definitions.text import list_texts
from pro_app.instruments.find import list_wording_paths, load_instrument
from pro_app.instruments.instrument import Item, Scale
from pro_app.instruments.parse import parse_instrument, parse_wording

C30 = load_instrument("qlq-c30", "3.0")
GINET21 = load_instrument("qlq-ginet21", "1.0")
INSTRUMENT_PATHS = sorted(QUESTIONNAIRES.glob("instruments/*/*/instrument.yaml"))
PACK_PATHS = sorted(QUESTIONNAIRES.glob("instruments/*/*/wording/*.yaml"))

LICENSED_LABEL_HASHES = frozenset(
    # SHA-256 of the publisher's option labels and row ends, casefolded: no pack here may hold one.
    {
        "04a8d75279db47d66951bc76492f04621a882f65f2ae07f05be722cc85726593",
        "5b0be3f22e9a3678047d8fa759bfbdf2d2eada25eb0d2f668a6c5f8d1a82658a",
        "6aac867578cec879e606c76f18348550522256fd311bc7bd97b568600a1375ba",
        "6d785acc7d4ce49fe4e4bbf276dc73f1cf7c20094d3e96fe84ef79fbebcaf88a",
        "703c2102754a9d567ac3bd4845ed70dcd51ce319e85b43845e5b421a0c322920",
        "85a78e629ea637b695ddc477b3d68d609fee16a942529b1a14ae2c0bde891419",
        "956d14bbda44947154a2a3fddfb4d74adcb27dbb3c1cc590aa19dff16690dd4b",
        "97301c1bfcaaf11cb47b43642efa8e3a85892b650c176fef98e0e85086002e93",
        "9abe0fce365bc56adace082402a9ccdfe0cf43155d382b64aa79e271b385cd0a",
        "b0951422ad25f71ee7417eedaa9e6ee57c80a97f024200c84852ffd8ccfac25a",
        "b1d72b4f53e8a868a0043aaef9bb050206c9c63040837105b08618e9dba8fddd",
        "d440a63a2025f47b42d3a44ec2697f78f012dde5f559003754cfa2e3dedb948e",
    }
)
_LONGEST_LABEL = 4


def name_of(path: Path) -> str:
    """Name a file in the test report."""
    return "-".join(str(path).rsplit("/", 4)[1:])


def list_items(block_or_scale_items: dict[str, tuple[int, ...]]) -> list[int]:
    """Give all item numbers of a mapping in rising order."""
    return sorted(number for items in block_or_scale_items.values() for number in items)


@pytest.mark.parametrize("path", INSTRUMENT_PATHS, ids=name_of)
def test_every_instrument_parses_and_comes_with_a_french_and_an_english_pack(path: Path) -> None:
    instrument = parse_instrument(read_definition(path))
    packs = [parse_wording(read_definition(p), instrument) for p in list_wording_paths(instrument.code)]
    assert {pack.language for pack in packs} >= {"fr", "en"}


def test_qlq_c30_has_the_published_structure() -> None:
    assert [item.number for item in C30.items] == list(range(1, 31))
    assert {n for n in range(1, 31) if C30.response_values(n) == (1, 2, 3, 4)} == set(range(1, 29))
    assert C30.response_values(29) == C30.response_values(30) == (1, 2, 3, 4, 5, 6, 7)
    assert [block.recall_period for block in C30.blocks] == [None, "-P1W", "-P1W"]
    assert [(block.items[0], block.items[-1]) for block in C30.blocks] == [(1, 5), (6, 28), (29, 30)]
    assert not any(item.na_allowed for item in C30.items)


def test_qlq_c30_scales_are_those_of_the_scoring_manual_in_the_order_of_the_score_file() -> None:
    scoring = C30.scoring()
    assert {scale.code: scale.items for scale in scoring.scales} == {
        "PF2": (1, 2, 3, 4, 5), "RF2": (6, 7), "EF": (21, 22, 23, 24), "CF": (20, 25), "SF": (26, 27),
        "QL2": (29, 30), "FA": (10, 12, 18), "NV": (14, 15), "PA": (9, 19), "DY": (8,), "SL": (11,),
        "AP": (13,), "CO": (16,), "DI": (17,), "FI": (28,),
    }  # fmt: skip
    assert " ".join(scoring.scale_codes) == "PF2 RF2 EF CF SF QL2 FA NV PA DY SL AP CO DI FI SUMMARY"
    kinds = {kind: [s.code for s in scoring.scales if s.kind == kind] for kind in ("functional", "global")}
    assert kinds == {"functional": ["PF2", "RF2", "EF", "CF", "SF"], "global": ["QL2"]}
    assert {s.code: s.item_range for s in scoring.scales if s.item_range != 3} == {"QL2": 6}
    assert {scale.code: scale.needed for scale in scoring.scales if scale.needed > 1} == {
        "PF2": 3, "EF": 2, "FA": 2,
    }  # fmt: skip


def test_the_summary_score_leaves_out_global_health_and_finances() -> None:
    summary = C30.scoring().summary
    assert summary is not None
    assert {s.code for s in C30.scoring().scales} - set(summary.scales) == {"QL2", "FI"}
    assert summary.reversed_scales == ("FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI")


def test_qlq_c30_carries_the_codes_of_cdisc_but_none_of_them_for_the_summary() -> None:
    assert [item.cdisc_testcd for item in C30.items] == [f"EOR01{n:02}" for n in range(1, 31)]
    codes = {scale.cdisc_testcd: scale.code for scale in C30.scoring().scales}
    in_cdisc_order = [
        "QL2",
        "PF2",
        "RF2",
        "EF",
        "CF",
        "SF",
        "FA",
        "NV",
        "PA",
        "DY",
        "SL",
        "AP",
        "CO",
        "DI",
        "FI",
    ]
    assert [codes[f"EOR0{n}"] for n in range(131, 146)] == in_cdisc_order
    summary = C30.scoring().summary
    assert summary is not None
    assert summary.sponsor_testcd == "C30SUMM"


def test_qlq_ginet21_has_the_structure_of_the_module() -> None:
    assert [item.number for item in GINET21.items] == list(range(31, 52))
    assert all(GINET21.response_values(n) == (1, 2, 3, 4) for n in range(31, 52))
    assert [item.number for item in GINET21.items if item.na_allowed] == [39, 40, 47, 51]
    assert {block.recall_period: (block.items[0], block.items[-1]) for block in GINET21.blocks} == {
        "-P1W": (31, 49), "-P4W": (50, 51),
    }  # fmt: skip


def test_qlq_ginet21_has_two_ways_of_scoring_that_differ_only_in_weight_gain() -> None:
    manual, paper = GINET21.scoring(), GINET21.scoring("yadegarfar-2013")
    assert GINET21.default_scoring == "manual"
    assert " ".join(manual.scale_codes) == "ED GI TR SF21 DRW MBP BI INF SX"
    assert paper.scale_codes == (*manual.scale_codes, "WG")
    by_code = {scale.code: scale.items for scale in manual.scales}
    assert by_code == {
        "ED": (31, 32, 33), "GI": (34, 35, 36, 37, 38), "TR": (39, 40, 46), "SF21": (42, 44, 49),
        "DRW": (41, 43, 47), "MBP": (48,), "BI": (45,), "INF": (50,), "SX": (51,),
    }  # fmt: skip
    assert {s.code: s.items for s in paper.scales} == by_code | {"TR": (39, 40), "WG": (46,)}
    assert list_items(by_code) == list(range(31, 52))
    assert {scale.kind for scale in (*manual.scales, *paper.scales)} == {"symptom"}


def test_the_codes_of_qlq_ginet21_are_marked_as_the_sponsors_own_and_fit_sas() -> None:
    everything: list[Item | Scale] = [*GINET21.items, *GINET21.scoring().scales]
    everything += GINET21.scoring("yadegarfar-2013").scales
    assert {part.cdisc_testcd for part in everything} == {None}
    assert all(part.sponsor_testcd and len(part.sponsor_testcd) <= 8 for part in everything)
    assert GINET21.cdisc_category is None


def test_what_is_uncertain_is_marked_in_the_files() -> None:
    concerns = {concern for fact in GINET21.to_confirm for concern in fact.concerns}
    assert {"items", "blocks", "scoring.default", "scoring.definitions.manual.scales"} <= concerns
    assert {concern for fact in C30.to_confirm for concern in fact.concerns} >= {"blocks", "items"}


@pytest.mark.parametrize("path", PACK_PATHS, ids=name_of)
def test_packs_of_this_repository_are_placeholders_without_a_word_of_the_published_labels(path: Path) -> None:
    definition = read_definition(path)
    assert parse_wording(definition).placeholder
    for _, text in list_texts(definition.data, ()):
        words = re.findall(r"\w+", text.casefold())
        for length in range(1, _LONGEST_LABEL + 1):
            for start in range(len(words) - length + 1):
                assert hash_label(" ".join(words[start : start + length])) not in LICENSED_LABEL_HASHES


@pytest.mark.parametrize("path", PACK_PATHS, ids=name_of)
def test_placeholder_items_are_short_labels_of_their_own(path: Path) -> None:
    labels = list(parse_wording(read_definition(path)).items.values())
    assert all(2 <= len(re.findall(r"\w+", label.replace("’", " "))) <= 5 for label in labels)
    assert not any(re.search(r"[?.!…]", label) for label in labels)
    assert all(one != other for one, other in pairwise(sorted(labels)))


def test_the_label_check_knows_a_label_when_it_meets_one() -> None:
    # Two harmless one-word ends of the row, spelt backwards so that they do not stand here either.
    assert hash_label("tnellecxe"[::-1]) in LICENSED_LABEL_HASHES
    assert len(LICENSED_LABEL_HASHES) == 12


def hash_label(words: str) -> str:
    """Hash a casefolded label."""
    return hashlib.sha256(words.encode()).hexdigest()


def test_released_files_are_unchanged_and_every_instrument_and_pack_is_released() -> None:
    released = QUESTIONNAIRES / RELEASED_LIST
    assert [problem.message % (problem.values or {}) for problem in check_released(released)] == []
    listed = {line.split("  ", 1)[1] for line in released.read_text(encoding="utf-8").splitlines()}
    here = {path.relative_to(QUESTIONNAIRES).as_posix() for path in (*INSTRUMENT_PATHS, *PACK_PATHS)}
    assert here <= listed
