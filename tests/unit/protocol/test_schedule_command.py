import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner, Result

from pro_app.cli.schedule import schedule
from pro_app.cli.translation import translate

KEYS = ["visit", "anchor", "target_on", "opens_on", "closes_on", "provisional", "expected", "reason"]


def run(*options: str, **replaced: str | None) -> Result:
    """Run the command with usual options, some of them replaced or, with None, left out."""
    given: dict[str, str | None] = {
        "protocol": "reluth",
        "arm": "LUTATHERA",
        "randomised": "2024-01-31",
        **replaced,
    }
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None]
    return CliRunner().invoke(schedule, [*arguments, *options], env={"PRO_APP_LANGUAGE": "en"})


def rows(**replaced: str | None) -> dict[str, dict[str, object]]:
    result = run("--format", "json", **replaced)
    assert (result.exit_code, result.stderr) == (0, "")
    return {row["visit"]: row for row in json.loads(result.stdout)}


def test_the_json_has_exactly_the_promised_keys_and_types() -> None:
    found = rows(enrolled="2024-01-20")
    assert " ".join(found) == "BASELINE W08 W16 W24 M03 M06 M09 M12 Y2 Y3 Y4 Y5"
    assert all(list(row) == KEYS for row in found.values())
    assert found["BASELINE"] == {
        "visit": "BASELINE",
        "anchor": "randomisation",
        "target_on": "2024-01-31",
        "opens_on": "2024-01-20",
        "closes_on": "2024-01-31",
        "provisional": False,
        "expected": True,
        "reason": None,
    }
    assert found["W24"]["provisional"] is True


def test_the_end_of_treatment_anchors_the_follow_up() -> None:
    found = rows(arm="SURVEILLANCE", treatment_ended="2024-02-29")
    assert " ".join(found) == "BASELINE M03 M06 M09 M12 Y2 Y3 Y4 Y5"
    targets = [found[code]["target_on"] for code in ("M03", "M12", "Y4", "Y5")]
    assert targets == ["2024-05-29", "2025-02-28", "2028-02-29", "2029-02-28"]


@pytest.mark.parametrize(
    ("option", "expected", "reason"),
    [
        ("died", False, "DIED"),
        ("left", False, "LEFT_TRIAL"),
        ("lost", True, "LOST_TO_FOLLOW_UP"),
        ("stopped_questionnaires", True, "STOPPED_QUESTIONNAIRES"),
    ],
)
def test_each_way_of_leaving_shows_what_stays_expected(option: str, expected: bool, reason: str) -> None:  # noqa: FBT001  (a column of the table of cases)
    found = rows(**{option: "2024-06-01"})
    assert (found["W16"]["expected"], found["W16"]["reason"]) == (True, None)
    assert (found["W24"]["expected"], found["W24"]["reason"]) == (expected, reason)


def test_any_date_is_accepted_long_past_and_far_ahead() -> None:
    assert rows(randomised="1900-02-28")["Y5"]["target_on"] == "1905-06-20"
    assert rows(randomised="2099-12-31")["BASELINE"]["closes_on"] == "2099-12-31"


def test_the_table_shows_every_visit_and_says_what_is_special() -> None:
    result = run(lost="2026-01-01", zone="Pacific/Noumea")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert all(translate(head) in lines[0] for head in ("Visit", "Opens", "Target", "Closes", "Remark"))
    assert len(lines) == 1 + 12 + 2
    assert lines[-1].endswith("Pacific/Noumea.")
    assert lines[-3].startswith("Y5")
    assert translate("provisional") in lines[-3]
    assert translate("provisional") not in lines[2]


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"arm": "PLACEBO"}, "PLACEBO"),
        ({"arm": ""}, "LUTATHERA, SURVEILLANCE"),
        ({"protocol": "relut"}, "relut"),
        ({"protocol": "../reluth"}, "../reluth"),
        ({"protocol": "no-such-file.yaml"}, "no-such-file.yaml"),
        ({"zone": "Europe/Atlantis"}, "Europe/Atlantis"),
        ({"zone": ""}, "“”"),
        ({"zone": "../../etc/passwd"}, "../../etc/passwd"),
        ({"randomised": "31/01/2024"}, "31/01/2024"),
        ({"randomised": "2024-02-30"}, "2024-02-30"),
        ({"randomised": "20240131"}, "20240131"),
        ({"randomised": "2024-W05-3"}, "2024-W05-3"),
        ({"randomised": "２０２４-01-31"}, "YYYY"),
        ({"randomised": ""}, "YYYY"),
        ({"randomised": None}, "--randomised"),
        ({"died": "tomorrow"}, "tomorrow"),
        ({"randomised": "9999-06-01"}, "9999"),
        ({"randomised": "0001-01-01"}, "9999"),
        ({"format": "xml"}, "xml"),
    ],
)
def test_what_cannot_be_used_ends_with_a_clear_message_and_status_2(
    replaced: dict[str, str | None], words: str
) -> None:
    result = run(**replaced)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_dates_that_cannot_be_true_together_are_all_told_at_once() -> None:
    day = date(2024, 1, 31)
    before, after = (day - timedelta(days=1)).isoformat(), (day + timedelta(days=1)).isoformat()
    result = run(treatment_ended=before, enrolled=after)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    same_day = run(treatment_ended=day.isoformat(), enrolled=day.isoformat())
    assert same_day.exit_code == 0


def test_a_protocol_file_of_ones_own_can_be_named(request: pytest.FixtureRequest) -> None:
    path = request.path.with_name("other-trial.yaml")
    result = run("--format", "json", protocol=str(path), arm="ONE", enrolled="2024-01-01")
    assert result.exit_code == 0
    assert [row["visit"] for row in json.loads(result.stdout)][-1] == "YEARS1"


def test_events_of_any_protocol_can_be_given_by_kind_and_date() -> None:
    usual = {"protocol": "example-cycles", "arm": None, "randomised": None, "enrolled": "2026-01-05"}
    result = run("--format=json", "--event=infusion=2026-01-31", "--event=infusion=2026-02-21", **usual)
    found = {row["visit"]: row for row in json.loads(result.stdout)}
    assert list(found)[:3] == ["START", "C03", "C06"]
    assert found["C51"]["target_on"] == "2027-01-23"
    assert found["C21"]["provisional"] is True
    ended = run("--format=json", "--event=infusion=2026-01-31", treatment_ended="2026-03-01", **usual)
    assert [row["visit"] for row in json.loads(ended.stdout)] == ["START", "C03", "END4W"]


def test_a_protocol_without_randomisation_and_with_one_arm_asks_for_neither() -> None:
    result = run(
        "--format=json", protocol="example-surgery", arm=None, randomised=None, enrolled="2026-01-05"
    )
    plan = json.loads(result.stdout)
    assert (result.exit_code, plan[0]["visit"], plan[0]["provisional"]) == (0, "PRE", True)
    assert len(plan) == 14


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (["infusion"], "infusion"),
        (["=2024-01-01"], "=2024-01-01"),
        (["infusion=soon"], "soon"),
        (["wedding=2024-01-01"], "wedding"),
        (["randomised=2024-02-01"], "only once"),
        (["infusion=2024-01-30"], "is before “Randomisation” (2024-01-31)"),
        (["died=2023-12-01"], "“Randomisation” (2024-01-31) is after “Death” (2023-12-01)."),
        (["left=2024-03-01", "infusion=2024-03-02"], "“Infusion” (2024-03-02) is after “Leaves the trial”"),
        (["died=2024-02-30"], "2024-02-30"),
    ],
)
def test_events_that_cannot_be_used_are_told_with_status_2(events: list[str], words: str) -> None:
    result = run(*(f"--event={event}" for event in events))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_an_event_given_by_kind_is_the_same_as_by_its_own_option() -> None:
    by_option = run("--format=json", treatment_ended="2024-06-20", lost="2024-12-01")
    by_kind = run(
        "--format=json",
        "--event=randomised=2024-01-31",
        "--event=treatment_ended=2024-06-20",
        "--event=lost=2024-12-01",
        randomised=None,
    )
    assert (by_option.exit_code, by_option.stdout) == (by_kind.exit_code, by_kind.stdout)


def test_a_protocol_with_several_arms_asks_for_one() -> None:
    result = run(arm=None)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "LUTATHERA, SURVEILLANCE" in result.stderr
