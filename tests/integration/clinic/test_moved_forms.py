"""A form that was filed for the wrong visit or the wrong person is put where it belongs."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from clarification_world import INSTRUMENT, LATER, SENT, Correction, build_correction, send_form, wants
from clinic_world import Clinic, noon
from export_world import tidy_tables
from sqlalchemy import select

from pro_app.audit.actor import Actor
from pro_app.audit.verification import verify_audit_trail
from pro_app.errors import InputRejected, NotFound
from pro_app.protocol.state import AssessmentState
from pro_app.services.answers import Operation
from pro_app.services.clarifications.rules import Wanted, list_kinds
from pro_app.services.paper.entries import SheetHead, open_form
from pro_app.services.participant_trail import load_trail
from pro_app.services.standings import list_differences, write_standings_of
from pro_app.services.synchronisation import Batch, Submission, TakenBatch, take_batch
from pro_app.storage.queries.assessments import AssessmentRecord
from pro_app.storage.tables.assessments import Assessment
from pro_app.storage.tables.audit_trail import AuditEntry
from pro_app.storage.tables.outbox import OutboxMessage
from pro_app.storage.tables.participants import Participant
from pro_app.storage.tables.set_aside_answers import SetAsideAnswer

OTHER_CODE = "15-002"


def wants_person(code: str = OTHER_CODE) -> Wanted:
    return replace(
        wants(kind="participant", evidence="paper_form", asked_on=date(2026, 1, 7), to=code), items=()
    )


def wants_visit(code: str) -> Wanted:
    return replace(wants(kind="visit", evidence="paper_form", asked_on=date(2026, 1, 7), to=code), items=())


@dataclass
class Misfiled:
    """A form of the first participant that is the second one's, whose own form is empty."""

    correction: Correction
    other_id: int
    empty_id: int

    @property
    def clinic(self) -> Clinic:
        """The clinic."""
        return self.correction.clinic

    def baseline(self, participant_id: int) -> AssessmentRecord:
        """Give the form that stands in the first visit of a participant."""
        return self.clinic.assessments(participant_id)["BASELINE"]

    def move(self, at: datetime = LATER) -> int:
        """Ask for the move and accept it."""
        key = self.correction.request(replace(wants_person(), asked_on=SENT.date()), at=at)
        self.correction.decide(key, at=at)
        return key

    def take(
        self, actor: Actor, assessment_id: int, *operations: Operation, submit: bool = False
    ) -> TakenBatch:
        """Send what a phone kept."""
        wish = Submission("self", None) if submit else None
        with self.clinic.writing() as session:
            batch = Batch(assessment_id, operations, submission=wish)
            return take_batch(session, batch, actor=actor, now=LATER + timedelta(hours=1))


@pytest.fixture
def misfiled(clinic: Clinic) -> Misfiled:
    """Give a form that was filed under the wrong one of two participants."""
    correction = build_correction(clinic)
    other_id = clinic.enrol(date(2026, 1, 5), participant_code=OTHER_CODE, email="", telephone="")
    return Misfiled(correction, other_id, clinic.assessments(other_id)["BASELINE"].assessment_id)


def operation(name: str, item: int, value: int = 2) -> Operation:
    return Operation(name, INSTRUMENT, item, "answered", value)


def test_the_form_goes_to_the_right_person_with_all_that_is_its_own(misfiled: Misfiled) -> None:
    correction = misfiled.correction
    before, answers = correction.assessment(), correction.answers(correction.responses()[0])
    misfiled.move()
    after = correction.assessment()
    assert (after.participant_id, after.participant_code) == (misfiled.other_id, OTHER_CODE)
    assert (after.submitted_at, after.completed_at, after.receipt_code, after.mode) == (
        before.submitted_at,
        before.completed_at,
        before.receipt_code,
        before.mode,
    )
    same = correction.answers(correction.responses()[0])
    assert {n: (a.value, a.operation_id) for n, a in same.items()} == {
        n: (a.value, a.operation_id) for n, a in answers.items()
    }


def test_the_place_that_it_leaves_is_asked_for_again_and_its_messages_come_back(misfiled: Misfiled) -> None:
    first_id = misfiled.correction.participant_id
    misfiled.move(at=SENT + timedelta(hours=2))
    left, taken = misfiled.baseline(first_id), misfiled.baseline(misfiled.other_id)
    assert (left.assessment_id, taken.assessment_id) == (misfiled.empty_id, misfiled.correction.assessment_id)
    assert left.state(LATER) is AssessmentState.OPEN
    assert taken.state(LATER) is AssessmentState.SUBMITTED
    with misfiled.clinic.database.reading() as session:
        rows = session.execute(
            select(OutboxMessage.participant_id, OutboxMessage.assessment_id, OutboxMessage.state).where(
                OutboxMessage.assessment_id.in_([left.assessment_id, taken.assessment_id])
            )
        ).all()
    assert {tuple(row) for row in rows} == {
        (first_id, left.assessment_id, "planned"),
        (misfiled.other_id, taken.assessment_id, "cancelled"),
    }


def test_the_rows_that_numbers_are_counted_from_are_right(misfiled: Misfiled) -> None:
    misfiled.move()
    with misfiled.clinic.database.reading() as session:
        assert list(list_differences(session)) == []


def test_the_trail_says_it_in_the_history_of_both(misfiled: Misfiled) -> None:
    misfiled.move()
    with misfiled.clinic.database.reading() as session:
        found = session.execute(
            select(AuditEntry.action, AuditEntry.subject_ref).where(
                AuditEntry.action.in_(["clarification.accept", "assessment.move"])
            )
        ).all()
        assert verify_audit_trail(session)[1] == []
    assert sorted(map(tuple, found)) == [
        ("assessment.move", f"assessment:{misfiled.empty_id}"),
        ("clarification.accept", f"assessment:{misfiled.correction.assessment_id}"),
    ]


def test_each_one_s_trail_keeps_what_was_done_while_the_form_was_theirs(misfiled: Misfiled) -> None:
    clinic, first_id = misfiled.clinic, misfiled.correction.participant_id
    misfiled.move()
    misfiled.take(clinic.person(first_id), misfiled.empty_id, operation("own-1", 1, 3))
    told = {}
    for key in (first_id, misfiled.other_id):
        with clinic.database.reading() as session:
            entries = load_trail(session, key, actor=clinic.nurse, language="fr").entries
            newest = load_trail(session, key, actor=clinic.nurse, language="fr", newest=2).entries
        assert newest == entries[:2]
        told[key] = [(entry.action, entry.actor_kind) for entry in reversed(entries)]
    moved = [
        ("clarification.request", "staff"),
        ("assessment.move", "staff"),
        ("clarification.accept", "staff"),
    ]
    enrolled = ("participant.enrol", "staff")
    sent = [("answers.save", "participant"), ("assessment.submit", "participant")]
    assert told[first_id] == [enrolled, *sent, *moved, ("answers.save", "participant")]
    assert told[misfiled.other_id] == [enrolled, *moved]


def test_the_exports_have_the_new_place_and_say_both(misfiled: Misfiled) -> None:
    misfiled.move()
    tables = tidy_tables(misfiled.clinic)
    received = [row for row in tables.rows("assessments") if row["submitted_at"] is not None]
    assert [row["participant_code"] for row in received] == [OTHER_CODE]
    assert {row["participant_code"] for row in tables.rows("items")} == {OTHER_CODE}
    said = {
        (row["field"], row["before"], row["after"])
        for row in tables.rows("audit_trail", action="clarification.accept")
    }
    assert ("participant", "15-001", OTHER_CODE) in said


def test_a_phone_that_sends_the_same_again_finds_it_and_its_receipt(misfiled: Misfiled) -> None:
    correction, key = misfiled.correction, misfiled.correction.assessment_id
    receipt = correction.assessment().receipt_code
    misfiled.move()
    again = operation(f"form-{key}-5", 5)
    taken = misfiled.take(misfiled.clinic.person(correction.participant_id), key, again, submit=True)
    assert [(each.operation_id, each.outcome) for each in taken.operations] == [(again.operation_id, "kept")]
    assert taken.receipt is not None
    assert taken.receipt.receipt_code == receipt
    assert misfiled.baseline(correction.participant_id).started_at is None


def test_what_the_wrong_person_answers_meanwhile_goes_into_their_own_form(misfiled: Misfiled) -> None:
    correction = misfiled.correction
    misfiled.move()
    person = misfiled.clinic.person(correction.participant_id)
    taken = misfiled.take(person, correction.assessment_id, operation("at-home-1", 1, 3), submit=True)
    assert [each.outcome for each in taken.operations] == ["kept"]
    own = misfiled.baseline(correction.participant_id)
    assert (own.assessment_id, own.state(LATER)) == (misfiled.empty_id, AssessmentState.SUBMITTED)
    assert taken.receipt is not None
    assert taken.receipt.receipt_code == own.receipt_code
    assert len(correction.responses()) == 1
    assert (
        misfiled.take(person, correction.assessment_id, operation("at-home-1", 1, 3)).operations
        == taken.operations
    )


def test_what_the_right_person_kept_for_the_empty_form_is_put_beside_theirs(misfiled: Misfiled) -> None:
    misfiled.move()
    person = misfiled.clinic.person(misfiled.other_id)
    taken = misfiled.take(person, misfiled.empty_id, operation("at-home-2", 1, 3))
    assert [(each.outcome, each.reason) for each in taken.operations] == [("set_aside", "already_submitted")]
    with misfiled.clinic.database.reading() as session:
        rows = list(session.scalars(select(SetAsideAnswer.assessment_id)))
    assert rows == [misfiled.correction.assessment_id]


def test_nobody_else_reaches_either_form(misfiled: Misfiled) -> None:
    misfiled.move()
    third = misfiled.clinic.person(
        misfiled.clinic.enrol(date(2026, 1, 5), participant_code="15-003", email="")
    )
    for form in (misfiled.correction.assessment_id, misfiled.empty_id):
        with pytest.raises(NotFound):
            misfiled.take(third, form, operation("strange", 1))


def test_before_the_move_one_person_does_not_reach_the_others_form(misfiled: Misfiled) -> None:
    misfiled.correction.request(wants_person())
    person = misfiled.clinic.person(misfiled.other_id)
    with pytest.raises(NotFound):
        misfiled.take(person, misfiled.correction.assessment_id, operation("early", 1))


@pytest.mark.parametrize("code", ["15-001", "16-001", "99-999", " "])
def test_nobody_of_another_site_nor_nobody_at_all_is_the_right_person(misfiled: Misfiled, code: str) -> None:
    clinic = misfiled.clinic
    at_other_site = replace(clinic, nurse=clinic.other_nurse)
    at_other_site.enrol(
        date(2026, 1, 5), participant_code="16-001", site_id=clinic.other_site_id, email="", telephone=""
    )
    with pytest.raises(InputRejected) as rejected:
        misfiled.correction.request(wants_person(code))
    assert [(problem.place, problem.message) for problem in rejected.value.problems] == [
        ("to_participant", "No other patient of this site has this inclusion number.")
    ]


def test_a_form_that_was_begun_there_keeps_its_place_also_if_only_meanwhile(misfiled: Misfiled) -> None:
    key = misfiled.correction.request(wants_person())
    misfiled.clinic.answer(misfiled.other_id, "BASELINE", date(2026, 1, 8), submit=False)
    with pytest.raises(InputRejected, match="begun there"):
        misfiled.correction.decide(key)
    assert misfiled.correction.assessment().participant_id == misfiled.correction.participant_id
    assert misfiled.correction.row(key).decision is None
    misfiled.correction.decide(key, accept=False)


def test_nobody_gets_a_form_from_before_their_consent(misfiled: Misfiled) -> None:
    clinic = misfiled.clinic
    clinic.enrol(date(2026, 1, 8), participant_code="15-004", email="", telephone="")
    with pytest.raises(InputRejected, match="before the consent"):
        misfiled.correction.request(wants_person("15-004"))


def test_a_sheet_that_is_being_typed_in_there_comes_first(misfiled: Misfiled) -> None:
    clinic = misfiled.clinic
    with clinic.writing() as session:
        head = SheetHead(source_on=date(2026, 1, 6), respondent="self")
        open_form(session, misfiled.empty_id, head, actor=clinic.nurse, now=LATER)
    with pytest.raises(InputRejected, match="being typed in there"):
        misfiled.correction.request(wants_person())


def test_the_same_decision_twice_is_one_move(misfiled: Misfiled) -> None:
    key = misfiled.move()
    misfiled.correction.decide(key)
    assert misfiled.correction.assessment().participant_id == misfiled.other_id
    back = misfiled.correction.request(wants_person("15-001"), at=LATER + timedelta(hours=2))
    misfiled.correction.decide(back, at=LATER + timedelta(hours=3))
    assert misfiled.correction.assessment().participant_id == misfiled.correction.participant_id
    with misfiled.clinic.database.reading() as session:
        assert list(list_differences(session)) == []


def build_wrong_visit(clinic: Clinic) -> tuple[Correction, str, datetime]:
    """Give a late sheet of the first visit after randomisation that is really of the next one."""
    correction = build_correction(clinic)
    clinic.record(correction.participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    forms = sorted(
        (form for form in clinic.assessments(correction.participant_id).values() if form.closes_on),
        key=lambda form: form.opens_on,
    )
    wrong, right = forms[1], forms[2]
    finished_at = noon(right.opens_on + timedelta(days=1))
    clinic_form = replace(correction, assessment_id=wrong.assessment_id)
    assert finished_at > SENT
    with clinic.writing() as session:
        row = session.get_one(Assessment, wrong.assessment_id)
        row.reopened_at, row.reopened_until = finished_at - timedelta(days=1), finished_at.date()
        row.reopened_reason = "Asked again."
        row.not_done_reason, row.not_done_said_by, row.not_done_recorded_at = "forgot", "site", finished_at
        write_standings_of(session, correction.participant_id)
    send_form(clinic, correction.participant_id, wrong.assessment_id, at=finished_at)
    return clinic_form, right.visit_code, finished_at


def test_a_form_for_the_wrong_visit_goes_to_the_right_one_and_what_was_said_of_places_stays(
    clinic: Clinic,
) -> None:
    correction, right_code, sent_at = build_wrong_visit(clinic)
    wrong = correction.assessment()
    assert wrong.state(sent_at) is AssessmentState.LATE
    later = sent_at + timedelta(days=1)
    wanted = replace(wants_visit(right_code), asked_on=sent_at.date())
    correction.decide(correction.request(wanted, at=later), at=later)
    form = correction.assessment()
    assert (form.visit_code, form.participant_id) == (right_code, wrong.participant_id)
    assert form.state(later) is AssessmentState.SUBMITTED
    assert (form.reopened_at, form.not_done_reason) == (None, None)
    left = clinic.assessments(wrong.participant_id)[wrong.visit_code]
    assert (left.reopened_reason, left.not_done_reason, left.started_at) == ("Asked again.", None, None)
    with clinic.database.reading() as session:
        assert list(list_differences(session)) == []
        assert session.get_one(Participant, wrong.participant_id).participant_code == "15-001"


def test_what_a_phone_kept_for_the_visit_goes_beside_the_form_that_stands_there_now(clinic: Clinic) -> None:
    correction, right_code, sent_at = build_wrong_visit(clinic)
    person_id = correction.participant_id
    empty_id = clinic.assessments(person_id)[right_code].assessment_id
    later = sent_at + timedelta(days=1)
    wanted = replace(wants_visit(right_code), asked_on=sent_at.date())
    correction.decide(correction.request(wanted, at=later), at=later)
    kept = replace(operation("on-the-phone", 1, 3), device_at=sent_at)
    with clinic.writing() as session:
        batch = Batch(empty_id, [kept], device_now=later)
        taken = take_batch(session, batch, actor=clinic.person(person_id), now=later)
    assert [(each.outcome, each.reason) for each in taken.operations] == [("set_aside", "already_submitted")]
    assert clinic.assessments(person_id)[correction_visit(clinic, empty_id)].started_at is None


def correction_visit(clinic: Clinic, assessment_id: int) -> str:
    with clinic.database.reading() as session:
        return session.get_one(Assessment, assessment_id).visit_code


def test_no_form_goes_to_a_visit_before_its_period_or_with_other_questions(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    clinic.record(correction.participant_id, "randomised", date(2026, 1, 12), arm="LUTATHERA")
    visits = [code for code in clinic.assessments(correction.participant_id) if code != "BASELINE"]
    for code in (*visits, "BASELINE", "NO_SUCH", ""):
        with pytest.raises(InputRejected) as rejected:
            correction.request(wants_visit(code))
        assert {problem.place for problem in rejected.value.problems} == {"to_visit"}


def test_a_form_without_a_visit_has_no_other_place(clinic: Clinic) -> None:
    correction = build_correction(clinic)
    assert list_kinds(correction.assessment())[-2:] == ("visit", "participant")
    unscheduled = replace(correction.assessment(), visit_code="UNSCHEDULED", ordinal=1)
    assert list_kinds(unscheduled) == ("answer", "mode")


def list_rows_beside(clinic: Clinic) -> dict[str, int]:
    with clinic.database.reading() as session:
        rows = session.execute(select(SetAsideAnswer.operation_id, SetAsideAnswer.assessment_id))
        return {row.operation_id: row.assessment_id for row in rows}


def test_what_a_person_said_beside_the_form_stays_theirs_and_is_known_when_sent_again(
    misfiled: Misfiled,
) -> None:
    correction = misfiled.correction
    person = misfiled.clinic.person(correction.participant_id)
    late = operation("own-late", 29, 4)
    before = misfiled.take(person, correction.assessment_id, late)
    assert [each.outcome for each in before.operations] == ["set_aside"]
    misfiled.move(at=LATER + timedelta(hours=2))
    assert list_rows_beside(misfiled.clinic) == {"own-late": misfiled.empty_id}
    assert misfiled.take(person, correction.assessment_id, late).operations == before.operations
    assert misfiled.baseline(correction.participant_id).started_at is None


def test_what_the_right_person_said_too_late_stays_in_their_own_place(misfiled: Misfiled) -> None:
    clinic = misfiled.clinic
    row = SetAsideAnswer(
        assessment_id=misfiled.empty_id,
        operation_id="too-late",
        instrument_code=INSTRUMENT,
        item_number=1,
        state="answered",
        value=4,
        mode="own_device",
        entered_by=clinic.person(misfiled.other_id).reference,
        counter=1,
        answered_at=SENT,
        received_at=SENT,
        reason="window_closed",
    )
    with clinic.writing() as session:
        session.add(row)
    misfiled.move()
    assert list_rows_beside(clinic) == {"too-late": misfiled.correction.assessment_id}
    person = clinic.person(misfiled.other_id)
    again = misfiled.take(person, misfiled.empty_id, operation("too-late", 1, 4))
    assert [(each.outcome, each.reason) for each in again.operations] == [("set_aside", "window_closed")]


def test_no_form_changes_its_visit_while_a_phones_answers_would_have_to_stay(clinic: Clinic) -> None:
    correction, right_code, sent_at = build_wrong_visit(clinic)
    later = sent_at + timedelta(days=1)
    empty_id = clinic.assessments(correction.participant_id)[right_code].assessment_id
    with clinic.writing() as session:
        at = later + timedelta(days=400)
        batch = Batch(empty_id, [operation("too-late", 1, 4)])
        take_batch(session, batch, actor=clinic.person(correction.participant_id), now=at)
    with pytest.raises(InputRejected, match="kept beside one of the two"):
        correction.request(replace(wants_visit(right_code), asked_on=sent_at.date()), at=later)
