from datetime import date, timedelta
from pathlib import Path

import pytest
from amendment_world import (
    add_visit,
    apply,
    drop_visit,
    find_coded,
    load_version,
    move_visit,
    preview,
    say_all_about_data,
    scope_of,
    set_reminder_day,
    set_window,
    sha256_of,
    write_version,
)
from clinic_world import Clinic, build_clinic, noon
from database_copies import read_rows
from reminders_world import list_rows
from sqlalchemy import select

from pro_app.audit.actor import system_actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.contacts.vault import ContactVault
from pro_app.definitions.files import QUESTIONNAIRES
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.protocol.versions import BEFORE_AMENDMENT
from pro_app.services.amendments.apply import AmendmentRefused, Confirmation, apply_amendment
from pro_app.services.amendments.left_behind import find_left_behind, list_left_behind
from pro_app.services.amendments.model import AmendmentScope
from pro_app.services.amendments.overview import describe_versions
from pro_app.services.amendments.preview import preview_amendment
from pro_app.services.events import Correction, correct_event
from pro_app.services.planning import plan_participant
from pro_app.services.studies import load_study
from pro_app.storage.catalogue import load_protocol
from pro_app.storage.database import Database
from pro_app.storage.queries.audit_trail import list_entries
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.sites import Site
from pro_app.storage.tables.studies import Study

ENROLLED_ON, RANDOMISED_ON = date(2026, 1, 5), date(2026, 1, 12)
TODAY = date(2026, 4, 1)
"""W08 (9 March) is over by then, W16 (4 May) and what follows still to come."""


def randomised(clinic: Clinic, code: str = "15-001", **changes: object) -> int:
    """Enrol a participant and record the randomisation; gives the key."""
    key = clinic.enrol(ENROLLED_ON, participant_code=code, **changes)
    clinic.record(key, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    return key


def version_of(clinic: Clinic, participant_id: int) -> str:
    with clinic.database.reading() as session:
        return load_protocol(session, session.get_one(Participant, participant_id).protocol_sha256).version


def windows(clinic: Clinic, participant_id: int) -> dict[str, tuple[object, ...]]:
    """Give what counts of every visit: days, whether it is expected, why not, and its version."""
    return {
        code: (r.opens_on, r.target_on, r.closes_on, r.expected, r.reason_code, r.protocol.version)
        for code, r in clinic.assessments(participant_id).items()
    }


def days(clinic: Clinic, participant_id: int) -> dict[str, tuple[object, ...]]:
    """Give the days of the visits that stand in the plan."""
    return {
        code: (r.opens_on, r.target_on, r.closes_on)
        for code, r in clinic.assessments(participant_id).items()
        if r.reason_code != "PLAN_REPLACED"
    }


def test_a_further_version_changes_nothing_until_it_is_applied(clinic: Clinic, tmp_path: Path) -> None:
    first = randomised(clinic)
    before = windows(clinic, first)
    load_version(clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4)), at=noon(TODAY))

    second = clinic.enrol(TODAY, participant_code="15-002", consented_on=TODAY)

    assert windows(clinic, first) == before
    assert [version_of(clinic, key) for key in (first, second)] == ["1.0", "1.0"]


def test_a_study_that_nobody_was_enrolled_in_follows_the_latest_version(
    clinic: Clinic, tmp_path: Path
) -> None:
    load_version(clinic, write_version(tmp_path, "1.1"), at=noon(ENROLLED_ON))

    assert version_of(clinic, randomised(clinic)) == "1.1"
    with clinic.database.reading() as session:
        entry = list_entries(session, action="study.load", subject_ref=f"study:{clinic.study_id}", limit=1)[0]
    assert entry.after(f"site:{clinic.site_id}:protocol_version") == "1.1"


def test_an_amendment_moves_adds_and_cancels_what_is_still_to_come(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    path = write_version(
        tmp_path, "1.1", move_visit("M03", months=4), add_visit("M18", months=18), drop_visit("Y5")
    )
    load_version(clinic, path, at=noon(TODAY))

    seen = preview(clinic, "1.1", at=TODAY)
    done = apply(clinic, "1.1", at=TODAY)

    assert {kind: seen.kinds[kind] for kind in ("moved", "added", "cancelled", "unscheduled")} == {
        "moved": 1,
        "added": 1,
        "cancelled": 1,
        "unscheduled": 0,
    }
    assert (done.participants, done.sites) == (1, 2)
    assert version_of(clinic, key) == "1.1"
    now_planned = days(clinic, key)
    assert now_planned["M03"][1] == date(2026, 9, 4)
    assert now_planned["M18"][1] == date(2027, 11, 4)
    assert "Y5" not in now_planned


def test_a_preview_writes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))
    before = read_rows(clinic.database)

    preview(clinic, "1.1", at=TODAY)

    assert read_rows(clinic.database) == before


def test_only_the_chosen_sites_come_under_the_version(clinic: Clinic, tmp_path: Path) -> None:
    here, there = randomised(clinic), clinic.enrol(ENROLLED_ON, participant_code="16-001")
    with clinic.writing() as session:
        session.get_one(Participant, there).site_id = clinic.other_site_id
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))

    apply(clinic, "1.1", clinic.site_id, at=TODAY)
    newcomer = clinic.enrol(TODAY, participant_code="15-003", consented_on=TODAY)

    assert [version_of(clinic, key) for key in (here, there, newcomer)] == ["1.1", "1.0", "1.1"]
    with clinic.database.reading() as session:
        overview = describe_versions(session, study_id=clinic.study_id)
    assert [(line.adopted.version, line.sites, line.participants) for line in overview.versions] == [
        ("1.0", 1, 1),
        ("1.1", 1, 2),
    ]
    assert [(line.version, line.participants) for line in overview.sites] == [
        ("1.1", (("1.1", 2),)),
        ("1.0", (("1.0", 1),)),
    ]
    assert [(past.version, past.sites, past.participants) for past in overview.applied] == [
        ("1.1", "15", "1")
    ]


def test_what_was_sent_begun_or_missed_stays_under_its_own_version(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    clinic.answer(key, "BASELINE", RANDOMISED_ON)  # W08, from 2 to 16 March, is missed.
    clinic.answer(key, "W16", date(2026, 4, 28), submit=False)
    before = windows(clinic, key)
    shorter = set_window("W##", -5, 5)
    load_version(clinic, write_version(tmp_path, "1.1", shorter), at=noon(TODAY))

    apply(clinic, "1.1", at=date(2026, 4, 29))

    after = windows(clinic, key)
    unchanged = {"BASELINE", "W08", "W16"}
    assert {code: after[code] for code in unchanged} == {code: before[code] for code in unchanged}
    assert after["W24"] == (
        *(date(2026, 6, 24), date(2026, 6, 29), date(2026, 7, 4)),
        *(True, None, "1.1"),
    )


def test_it_stays_so_when_an_event_plans_anew_after_the_amendment(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    clinic.answer(key, "BASELINE", RANDOMISED_ON)
    changes = (set_window("W##", -5, 5), add_visit("M01", months=-3))
    load_version(clinic, write_version(tmp_path, "1.1", *changes), at=noon(TODAY))
    apply(clinic, "1.1", at=TODAY)
    before = windows(clinic, key)

    clinic.record(key, "progressed", TODAY)
    with clinic.writing() as session:
        participant = session.get_one(Participant, key)
        assert plan_participant(session, participant, now=noon(TODAY)).changed == ()

    assert windows(clinic, key) == before


def test_a_visit_that_was_past_before_anybody_asked_for_it_is_not_missed(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    # One month before the expected end of treatment, 4 May: from 21 March to 18 April.
    path = write_version(tmp_path, "1.1", add_visit("M01", months=-1))
    load_version(clinic, path, at=noon(date(2026, 4, 20)))

    seen = preview(clinic, "1.1", at=date(2026, 4, 20))
    apply(clinic, "1.1", at=date(2026, 4, 20))

    assert seen.kinds["past"] == 1
    assert windows(clinic, key)["M01"][3:] == (False, BEFORE_AMENDMENT, "1.1")
    # The date that it counts from moves it to 6 May to 3 June, which is over as well.
    clinic.record(key, "treatment_ended", date(2026, 6, 20))
    assert windows(clinic, key)["M01"][2:] == (date(2026, 6, 3), False, BEFORE_AMENDMENT, "1.1")


def test_a_visit_that_lies_ahead_once_a_date_is_known_is_asked_after_all(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = clinic.enrol(ENROLLED_ON)
    event_id = clinic.record(key, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    load_version(clinic, write_version(tmp_path, "1.1", add_visit("M01", months=-1)), at=noon(TODAY))
    apply(clinic, "1.1", at=date(2026, 4, 20))

    with clinic.writing() as session:  # Four weeks later: the visit is from 17 April to 15 May.
        correction = Correction("a slip", date(2026, 2, 9))
        correct_event(session, event_id, correction, actor=clinic.nurse, now=noon(date(2026, 4, 20)))

    assert windows(clinic, key)["M01"][3:] == (True, None, "1.1")


def test_those_who_died_left_or_have_finished_are_left_alone(clinic: Clinic, tmp_path: Path) -> None:
    died, left, done = (randomised(clinic, f"15-00{number}") for number in (1, 2, 3))
    clinic.record(died, "died", date(2026, 2, 1))
    clinic.record(left, "left", date(2026, 2, 1))
    clinic.record(done, "treatment_ended", date(2026, 3, 20))
    load_version(clinic, write_version(tmp_path, "1.1", set_window("M03", -10, 10)), at=noon(TODAY))
    in_2032 = date(2032, 1, 5)

    seen = preview(clinic, "1.1", at=in_2032)
    applied = apply(clinic, "1.1", at=in_2032)

    assert [(person.participant_id, person.reason) for person in seen.untouched] == [
        (died, "died"),
        (left, "left"),
        (done, "finished"),
    ]
    assert seen.people == ()
    assert (applied.participants, applied.sites) == (0, 2)
    assert {version_of(clinic, key) for key in (died, left, done)} == {"1.0"}


@pytest.mark.parametrize("when", [date(2026, 1, 8), date(2032, 1, 5)])
def test_nobody_has_finished_while_an_event_may_still_bring_visits(
    clinic: Clinic, tmp_path: Path, when: date
) -> None:
    key = clinic.enrol(ENROLLED_ON)
    clinic.answer(key, "BASELINE", date(2026, 1, 6))
    if (
        when.year > ENROLLED_ON.year
    ):  # Every day that the arm expects is over; the real one was never recorded.
        clinic.record(key, "randomised", RANDOMISED_ON, arm="LUTATHERA")
    load_version(clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4)), at=noon(when))

    apply(clinic, "1.1", at=when)

    assert version_of(clinic, key) == "1.1"
    if when.year == ENROLLED_ON.year:
        clinic.record(key, "randomised", RANDOMISED_ON, arm="LUTATHERA")
        assert {known[-1] for code, known in windows(clinic, key).items() if code != "BASELINE"} == {"1.1"}
    else:
        clinic.record(key, "treatment_ended", date(2031, 12, 20), at=date(2032, 1, 6))
        assert windows(clinic, key)["M03"][1] == date(2032, 4, 20)


def test_a_recurrence_that_may_still_come_keeps_a_participant_concerned(
    database: Database, vault: ContactVault, tmp_path: Path
) -> None:
    clinic = build_clinic(database, vault, protocol="example-surgery")
    key = clinic.enrol(ENROLLED_ON)
    clinic.record(key, "surgery", date(2026, 1, 29))
    source = QUESTIONNAIRES / "protocols" / "example-surgery" / "1.0" / "protocol.yaml"
    path = write_version(tmp_path, "1.1", move_visit("R6W", weeks=8), source=source)
    in_2029 = date(2029, 6, 3)
    load_version(clinic, path, at=noon(in_2029))

    apply(clinic, "1.1", at=in_2029)
    clinic.record(key, "recurrence", date(2029, 6, 10))

    assert clinic.assessments(key)["R6W"].target_on == date(2029, 6, 10) + timedelta(weeks=8)


def test_somebody_who_comes_back_after_the_amendment_is_named_and_picked_up_by_applying_it_again(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    other = randomised(clinic, "15-002")
    died = clinic.record(key, "died", date(2026, 2, 1))
    clinic.record(other, "died", date(2026, 2, 1))
    load_version(clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4)), at=noon(TODAY))
    apply(clinic, "1.1", clinic.site_id, at=TODAY)
    assert list_behind(clinic) == []

    with clinic.writing() as session:
        correct_event(session, died, Correction("a mix-up"), actor=clinic.nurse, now=noon(TODAY))
    behind = list_behind(clinic)
    applied = apply(clinic, "1.1", clinic.site_id, at=TODAY)

    assert behind == [("15-001", "1.0", "1.1")]
    assert (applied.participants, applied.sites) == (1, 0)
    assert (version_of(clinic, key), version_of(clinic, other)) == ("1.1", "1.0")
    assert windows(clinic, key)["M03"][-1] == "1.1"
    assert list_behind(clinic) == []


def list_behind(clinic: Clinic) -> list[tuple[str, str, str]]:
    with clinic.database.reading() as session:
        found = list_left_behind(session, study_id=clinic.study_id, now=noon(TODAY))
        one_by_one = [
            find_left_behind(session, person, now=noon(TODAY))
            for person in session.scalars(select(Participant).order_by(Participant.participant_code))
        ]
    assert [left for left in one_by_one if left is not None] == list(found)
    return [(left.participant_code, left.version, left.site_version) for left in found]


def test_every_change_is_in_the_audit_trail_with_its_reason(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4)), at=noon(TODAY))

    apply(clinic, "1.1", at=TODAY)

    with clinic.database.reading() as session:
        subjects = {
            "participant.amend": f"participant:{key}",
            "site.amend": f"site:{clinic.site_id}",
            "study.amend": f"study:{clinic.study_id}",
        }
        entries = {
            action: list_entries(session, action=action, subject_ref=subject, limit=9)
            for action, subject in subjects.items()
        }
        assert {action: len(found) for action, found in entries.items()} == dict.fromkeys(subjects, 1)
        assert {found[0].reason for found in entries.values()} == {"the committee agreed"}
        assert {found[0].after("protocol_version") for found in entries.values()} == {"1.1"}
        moved = next(item for item in entries["participant.amend"][0].items if item["field"] == "visit:M03")
        assert (moved["before"]["target_on"], moved["after"]["target_on"]) == ("2026-08-04", "2026-09-04")
        assert entries["study.amend"][0].after("participants") == "1"
        _count, faults = verify_audit_trail(session)
        assert faults == []


def test_applying_twice_changes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))
    seen = preview(clinic, "1.1", at=TODAY)
    apply(clinic, "1.1", at=TODAY)
    before = read_rows(clinic.database)

    with clinic.writing() as session:  # The same form once more, with the fingerprint of the first time.
        again = apply_amendment(
            session,
            seen.scope,
            Confirmation(seen.fingerprint, "twice"),
            actor=clinic.coordinator,
            now=noon(TODAY),
        )

    assert (again.participants, again.sites) == (0, 0)
    assert read_rows(clinic.database) == before


def test_what_changed_since_the_preview_is_shown_anew_and_nothing_is_done(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", move_visit("M03", months=4)), at=noon(TODAY))
    seen = preview(clinic, "1.1", at=TODAY)
    clinic.record(key, "treatment_ended", TODAY)
    before = read_rows(clinic.database)

    with pytest.raises(AmendmentRefused) as refused, clinic.writing() as session:
        apply_amendment(
            session,
            seen.scope,
            Confirmation(seen.fingerprint, "as seen"),
            actor=clinic.coordinator,
            now=noon(TODAY),
        )

    assert refused.value.why == "changed"
    assert refused.value.preview.fingerprint == preview(clinic, "1.1", at=TODAY).fingerprint
    assert read_rows(clinic.database) == before


def test_answers_to_a_visit_that_goes_must_be_accepted_and_stay_where_they_are(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    clinic.record(key, "treatment_ended", date(2026, 4, 20))
    clinic.answer(key, "M03", date(2026, 7, 20))
    before = windows(clinic, key)["M03"]
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("M03")), at=noon(date(2026, 7, 21)))

    seen = preview(clinic, "1.1", at=date(2026, 7, 21))
    with pytest.raises(AmendmentRefused) as refused:
        apply(clinic, "1.1", at=date(2026, 7, 21))
    apply(clinic, "1.1", at=date(2026, 7, 21), accepts_answered=True)

    assert [(person.participant_code, person.answered_outside) for person in seen.answered_outside] == [
        ("15-001", ("M03",))
    ]
    assert refused.value.why == "answered"
    assert windows(clinic, key)["M03"] == before


def test_answers_that_the_version_before_had_no_visit_for_need_not_be_accepted_again(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    clinic.record(key, "treatment_ended", date(2026, 4, 20))
    clinic.answer(key, "M03", date(2026, 7, 20))
    for version, *changes in (("1.1", drop_visit("M03")), ("1.2", drop_visit("M03"), drop_visit("M06"))):
        load_version(clinic, write_version(tmp_path, version, *changes), at=noon(date(2026, 7, 21)))
    apply(clinic, "1.1", at=date(2026, 7, 21), accepts_answered=True)
    before = windows(clinic, key)["M03"]

    seen = preview(clinic, "1.2", at=date(2026, 7, 22))
    apply(clinic, "1.2", at=date(2026, 7, 22))

    assert seen.answered_outside == ()
    assert (version_of(clinic, key), windows(clinic, key)["M03"]) == ("1.2", before)


def test_a_version_without_what_is_recorded_is_refused_with_the_names_of_those_concerned(
    clinic: Clinic, tmp_path: Path
) -> None:
    randomised(clinic, "15-001")
    key = clinic.enrol(ENROLLED_ON, participant_code="15-002")
    clinic.record(key, "randomised", RANDOMISED_ON, arm="SURVEILLANCE")
    clinic.record(key, "new_treatment", date(2026, 2, 20))

    def without_surveillance(data: dict[str, object]) -> None:
        data["arms"] = [arm for arm in data["arms"] if arm["code"] != "SURVEILLANCE"]  # type: ignore[index,attr-defined]
        data["event_kinds"] = [k for k in data["event_kinds"] if k["code"] != "new_treatment"]  # type: ignore[index,attr-defined]
        for assumed in data["assumed"]:  # type: ignore[attr-defined]
            assumed["paths"] = [
                p for p in assumed["paths"] if "SURVEILLANCE" not in p and "new_treatment" not in p
            ]
        data["assumed"] = [assumed for assumed in data["assumed"] if assumed["paths"]]  # type: ignore[attr-defined]

    load_version(clinic, write_version(tmp_path, "1.1", without_surveillance), at=noon(TODAY))
    before = read_rows(clinic.database)

    seen = preview(clinic, "1.1", at=TODAY)
    with pytest.raises(AmendmentRefused) as refused:
        apply(clinic, "1.1", at=TODAY)

    assert [person.participant_code for person in seen.refused] == ["15-002"]
    messages = [found.problem.message for found in seen.refused[0].objections]
    assert messages == [
        "The new version has no arm “%(arm)s”, in which this participant is.",
        "The new version does not know the event “%(event)s”, which is recorded.",
    ]
    assert refused.value.why == "forbidden"
    assert read_rows(clinic.database) == before


def test_an_event_that_the_new_rules_would_refuse_forbids_the_version(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    clinic.record(key, "progressed", date(2026, 2, 20))
    clinic.record(key, "progressed", date(2026, 3, 20))

    def once_only(data: dict[str, object]) -> None:
        find_coded(data["event_kinds"], "progressed")["once"] = True  # type: ignore[arg-type]

    load_version(clinic, write_version(tmp_path, "1.1", once_only), at=noon(TODAY))

    (person,) = preview(clinic, "1.1", at=TODAY).refused

    assert {(found.kind, found.on) for found in person.objections} == {
        ("progressed", date(2026, 2, 20)),
        ("progressed", date(2026, 3, 20)),
    }
    assert all("already recorded" in found.problem.message for found in person.objections)


def test_a_study_in_production_refuses_provisional_wording(clinic: Clinic, tmp_path: Path) -> None:
    randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5"), say_all_about_data), at=noon(TODAY))
    with clinic.writing() as session:
        session.get_one(Study, clinic.study_id).mode = "production"

    seen = preview(clinic, "1.1", at=TODAY)

    assert not seen.is_possible
    assert {problem.values["code"] for problem in seen.problems if problem.values} == {
        "qlq-c30",
        "qlq-ginet21",
    }


def test_going_back_to_the_earlier_version_restores_the_plan(clinic: Clinic, tmp_path: Path) -> None:
    key = randomised(clinic)
    clinic.answer(key, "BASELINE", RANDOMISED_ON)
    before = days(clinic, key)
    due = {row.message_key.split(":", 1)[0]: row for row in list_rows(clinic.database)}
    changes = (move_visit("M03", months=4), add_visit("M18", months=18), drop_visit("Y5"))
    load_version(clinic, write_version(tmp_path, "1.1", *changes), at=noon(TODAY))
    planned = planned_messages(clinic)

    apply(clinic, "1.1", at=TODAY)
    assert planned_messages(clinic) != planned
    apply(clinic, "1.0", at=TODAY)

    assert due
    assert days(clinic, key) == before
    assert planned_messages(clinic) == planned
    assert version_of(clinic, key) == "1.0"


def planned_messages(clinic: Clinic) -> set[tuple[object, ...]]:
    """Give what is still to go out: visit, rule and moment."""
    return {
        (row.message_key.split(":")[1], row.rule_code, row.due_at)
        for row in list_rows(clinic.database)
        if row.state == "planned"
    }


def test_other_days_of_reminders_reach_the_visits_that_keep_their_own_days(
    clinic: Clinic, tmp_path: Path
) -> None:
    key = randomised(clinic)
    path = write_version(tmp_path, "1.1", set_reminder_day("on_treatment", "second-reminder", 3))
    load_version(clinic, path, at=noon(TODAY))
    before, planned = days(clinic, key), planned_messages(clinic)

    seen = preview(clinic, "1.1", at=TODAY)
    apply(clinic, "1.1", at=TODAY)

    assert {kind: seen.kinds[kind] for kind in ("renewed", "moved", "added")} == {
        "renewed": 2,  # W16 and W24; W08 is over.
        "moved": 0,
        "added": 0,
    }
    assert days(clinic, key) == before
    gone, come = planned - planned_messages(clinic), planned_messages(clinic) - planned
    assert (
        {what[:2] for what in gone}
        == {what[:2] for what in come}
        == {
            ("W16", "second-reminder"),
            ("W24", "second-reminder"),
        }
    )
    assert (seen.messages.withdrawn, seen.messages.added) == (2, 2)


def test_a_version_or_a_site_of_another_study_is_not_there(clinic: Clinic) -> None:
    scope = scope_of(clinic, "1.0")
    with clinic.database.reading() as session:
        for wrong in (
            AmendmentScope(clinic.study_id, "0" * 64),
            AmendmentScope(clinic.study_id, scope.protocol_sha256, frozenset({99_999})),
        ):
            with pytest.raises(NotFound):
                preview_amendment(session, wrong, now=noon(TODAY))


def test_only_coordinators_and_administrators_of_the_study_apply_an_amendment(
    clinic: Clinic, tmp_path: Path
) -> None:
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))
    for actor in (clinic.nurse, clinic.monitor):
        with pytest.raises(NotPermitted):
            apply(clinic, "1.1", at=TODAY, actor=actor)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_reason_is_required(clinic: Clinic, reason: str) -> None:
    scope = scope_of(clinic, "1.0")
    with pytest.raises(InputRejected) as rejected, clinic.writing() as session:
        apply_amendment(session, scope, Confirmation("", reason), actor=clinic.coordinator, now=noon(TODAY))
    assert [problem.place for problem in rejected.value.problems] == ["reason"]


def test_a_site_that_opens_later_begins_with_the_version_in_force(clinic: Clinic, tmp_path: Path) -> None:
    randomised(clinic)
    load_version(clinic, write_version(tmp_path, "1.1", drop_visit("Y5")), at=noon(TODAY))
    load_version(clinic, write_version(tmp_path, "1.2", drop_visit("Y4")), at=noon(date(2026, 4, 2)))
    apply(clinic, "1.1", clinic.site_id, at=TODAY)

    with clinic.writing() as session:
        from staff_world import site_details  # noqa: PLC0415 -- only here

        from pro_app.services.sites import save_site  # noqa: PLC0415 -- only here

        details = site_details(clinic.study_id, site_code="99")
        save_site(session, details, actor=system_actor("test", "setup"), now=noon(TODAY))

    with clinic.database.reading() as session:
        site = session.scalars(select(Site).where(Site.site_code == "99")).one()
    assert site.protocol_sha256 == sha256_of(clinic, "1.1")


def test_loading_the_first_version_again_is_no_amendment(clinic: Clinic, tmp_path: Path) -> None:
    randomised(clinic)
    path = write_version(tmp_path, "1.1", drop_visit("Y5"))
    load_version(clinic, path, at=noon(TODAY))
    before = read_rows(clinic.database)

    with clinic.writing() as session:
        load_study(session, protocol_path=path, actor=system_actor("test", "again"), now=noon(TODAY))

    assert read_rows(clinic.database) == before
