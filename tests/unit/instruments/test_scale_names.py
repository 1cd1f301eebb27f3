from pro_app.instruments.find import list_instrument_codes, load_instrument
from pro_app.instruments.scale_names import load_scale_names, scale_name


def test_every_scale_of_every_instrument_has_a_name_in_both_languages() -> None:
    for code in list_instrument_codes():
        scorings = load_instrument(code).scoring_definitions.values()
        for scale in {scale for scoring in scorings for scale in scoring.scale_codes}:
            assert set(load_scale_names()[code][scale]) == {"fr", "en"}


def test_two_scales_of_an_instrument_never_share_a_name() -> None:
    for names in load_scale_names().values():
        for language in ("fr", "en"):
            words = [texts[language] for texts in names.values()]
            assert len(set(words)) == len(words)


def test_a_scale_without_a_name_goes_by_its_code() -> None:
    assert scale_name("qlq-c30", "PF2", "en") == "Physical functioning"
    assert scale_name("qlq-c30", "NEW", "en") == "NEW"
    assert scale_name("other", "PF2", "fr") == "PF2"
