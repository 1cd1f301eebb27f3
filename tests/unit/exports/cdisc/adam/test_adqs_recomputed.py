"""Baseline, change and both windowings computed once more in plain Python, from the rows alone."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from release_world import small_release
from unit.exports.cdisc.adam.made_up_scores import SCALES, Form, Person, interpret, make_tables

from pro_app.exports.cdisc.adam.adqs import derive_adqs
from pro_app.exports.frames import Tables
from pro_app.exports.release import Release

Row = dict[str, object]
RELEASE, SMALL = small_release()
BETTER_WHEN_HIGHER = frozenset({"PF2", "RF2", "EF", "CF", "SF", "QL2", "C30SUMM"})


def check(release: Release, tables: Tables) -> int:
    """Compare every scale of every subject with what follows from its own values and dates."""
    courses: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in derive_adqs(tables, release).iter_rows(named=True):
        if row["PARCAT2"] != "Completion":
            courses[row["USUBJID"], row["PARAMCD"]].append(row)
    for (_, scale), rows in courses.items():
        check_baseline(rows)
        check_changes(rows, better_when_higher=scale in BETTER_WHEN_HIGHER)
        check_windows(release, rows)
    return len(courses)


def counts(row: Row) -> bool:
    return row["AVAL"] is not None and row["INCOMPFL"] is None


def is_analysed(row: Row) -> bool:
    return counts(row) and row["AFTRNDFL"] is None and row["AFTDTHFL"] is None


def day_of(row: Row) -> int | None:
    on, randomised_on = row["ADT"], row["RANDDT"]
    assert isinstance(on, date)
    return (on - randomised_on).days if isinstance(randomised_on, date) else None


def check_baseline(rows: list[Row]) -> None:
    """Apply the protocol's rule: the last score of BASELINE or unscheduled, not after randomisation."""
    candidates = [
        row
        for row in rows
        if counts(row)
        and (
            (row["AVISIT"] in {"Baseline", None} and (day_of(row) or 0) <= 0)
            if row["RANDDT"]
            else row["AVISIT"] == "Baseline"
        )
    ]
    flagged = [row for row in rows if row["ABLFL"] == "Y"]
    assert len(flagged) == bool(candidates)
    if candidates:
        assert flagged[0] in candidates
        assert flagged[0]["ADT"] == max(row["ADT"] for row in candidates)
    assert {row["BASE"] for row in rows} == {flagged[0]["AVAL"] if flagged else None}


def check_changes(rows: list[Row], *, better_when_higher: bool) -> None:
    baseline_on = next((row["ADT"] for row in rows if row["ABLFL"] == "Y"), None)
    for row in rows:
        value, base = row["AVAL"], row["BASE"]
        if baseline_on is None or value is None or row["ADT"] <= baseline_on:
            assert (row["CHG"], row["PCHG"], row["CHGCAT1"]) == (None, None, None)
            continue
        change = value - base
        assert row["CHG"] == pytest.approx(change, abs=1e-9)
        assert row["PCHG"] == (None if base == 0 else pytest.approx(100 * change / base))
        gain = round(change if better_when_higher else -change, 6)
        expected = "Improved" if gain >= 10 else "Worsened" if gain <= -10 else "No change"
        assert row["CHGCAT1"] == expected


def check_windows(release: Release, rows: list[Row]) -> None:
    windows = release.protocol.analysis.time_windows
    held: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        day = day_of(row)
        number = next((n for n, w in enumerate(windows, 1) if holds(w.from_day, day, w.to_day)), None)
        assert row["AWINDOWN"] == number
        assert row["ADY"] == (None if day is None else day + 1 if day >= 0 else day)
        if number is None or day is None:
            assert (row["AWTDIFF"], row["ANL01FL"]) == (None, None)
            continue
        assert row["AWTDIFF"] == abs(day - windows[number - 1].target_day)
        assert row["AWLO"] <= row["ADY"] <= row["AWHI"]
        held[number].append(row)
    for inside in held.values():
        usable = [row for row in inside if is_analysed(row)]
        chosen = [row for row in inside if row["ANL01FL"] == "Y"]
        assert len(chosen) == bool(usable)
        if usable:
            target = windows[number_of(chosen[0]) - 1].target_day
            baseline = [row for row in usable if row["ABLFL"] == "Y" and target == 0]
            assert place(chosen[0]) == min(place(row) for row in baseline or usable)
            assert counts(chosen[0])


def number_of(row: Row) -> int:
    assert isinstance(row["AWINDOWN"], int)
    return row["AWINDOWN"]


def holds(first: int, day: int | None, last: int) -> bool:
    return day is not None and first <= day <= last


def place(row: Row) -> tuple[object, object]:
    return row["AWTDIFF"], row["ADT"]


def test_the_small_release_is_what_plain_python_makes_of_it() -> None:
    assert check(RELEASE, interpret(RELEASE, SMALL)) == 25 * 6


VALUES = st.sampled_from([None, 0.0, 20 / 3, 100 / 9, 16 + 2 / 3, 26 + 2 / 3, 100 / 3, 50.0, 200 / 3, 100.0])
PLANNED = ("BASELINE", "W08", "W16", "W24", "M03", "M06", "Y2")


@st.composite
def people(draw: st.DrawFn) -> Iterable[Person]:
    """Draw a few people with forms on any days, some unscheduled, some never sent."""
    persons = []
    for number in range(draw(st.integers(1, 3))):
        codes = draw(st.lists(st.sampled_from(PLANNED), unique=True, max_size=5))
        places = [(code, 0) for code in codes]
        places += [("UNSCHEDULED", n) for n in range(1, draw(st.integers(0, 2)) + 1)]
        forms = [
            Form(
                code,
                ordinal,
                day=draw(st.one_of(st.integers(-20, 20), st.integers(-120, 1700))),
                values=tuple(draw(VALUES) for _ in SCALES),
                incomplete=draw(st.sampled_from([False, False, False, True])),
            )
            for code, ordinal in places
        ]
        arm = draw(st.sampled_from(["LUTATHERA", "SURVEILLANCE", None]))
        persons.append(Person(f"15-{number:03}", arm, forms))
    return persons


@settings(max_examples=40, deadline=None)
@given(people())
def test_any_course_is_what_plain_python_makes_of_it(persons: list[Person]) -> None:
    check(RELEASE, make_tables(RELEASE, persons))
