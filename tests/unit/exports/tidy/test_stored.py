from datetime import UTC, datetime

from pro_app.exports.tidy.stored import make_answers, make_scores

GIVEN = (1, 3, "answered", 2, "own_device")
MOMENTS = ("2026-03-02 09:00:00.123999", "2026-10-25 00:30:00.000000")


def test_who_entered_an_answer_is_told_by_kind_and_not_by_person() -> None:
    references = ("participant:12", "account:3", "system:worker")

    frame = make_answers(
        [(*GIVEN, reference, *MOMENTS, None, None, "op", 1, None) for reference in references]
    )

    assert frame["entered_by"].to_list() == ["participant", "staff", "system"]


def test_moments_are_utc_and_what_is_finer_than_milliseconds_is_cut_off() -> None:
    frame = make_answers([(*GIVEN, "participant:12", *MOMENTS, None, None, "op", 1, None)])

    assert frame["answered_at"].to_list() == [datetime(2026, 3, 2, 9, 0, 0, 123000, tzinfo=UTC)]
    assert frame["received_at"].to_list() == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_no_answers_and_no_scores_give_frames_of_the_same_types() -> None:
    answer = (*GIVEN, "participant:12", *MOMENTS, None, None, "op", 1, None)
    score = (1, "manual", "PF2", 100 / 3, None, 5, 0, 0, 3, None, "0" * 64, "0.0.1", MOMENTS[0])

    assert make_answers([]).schema == make_answers([answer]).schema
    assert make_scores([]).schema == make_scores([score]).schema
    assert make_scores([score])["value"].to_list() == [100 / 3]
