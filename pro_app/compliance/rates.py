"""How many of the expected forms came back, visit by visit, with the people behind each number."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pro_app.protocol.protocol import UNSCHEDULED


@dataclass(frozen=True, slots=True)
class AssessmentOutcome:
    """What became of one participant's form at one visit.

    `received`: it was sent, whenever. `valid`: received with at least one scale scorable. `in_window`
    and `late`: received within its window, or after it. `incomplete`: begun, never sent, and no longer to
    be answered. `still_open`: not sent, but it can still be, as after the site has opened it again.
    """

    participant_id: int
    visit_code: str
    expected: bool
    window_closed: bool
    received: bool = False
    valid: bool = False
    in_window: bool = False
    late: bool = False
    incomplete: bool = False
    still_open: bool = False
    mode: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VisitCompletion:
    """The forms of one visit whose windows have closed, as the participants behind each number.

    Every expected form is received, incomplete, missed or still open; received ones may be of people who
    were not expected. `randomised_ids` is the fixed denominator: everyone enrolled, where nobody is
    randomised. Rates: Coens et al. 2020 (SISAQOL), Lancet Oncol 21(2):e83–e96, doi
    10.1016/S1470-2045(19)30790-9.
    """

    visit_code: str
    randomised_ids: frozenset[int]
    expected_ids: frozenset[int]
    received_ids: frozenset[int]
    valid_ids: frozenset[int]
    in_window_ids: frozenset[int]
    late_ids: frozenset[int]
    incomplete_ids: frozenset[int]
    missed_ids: frozenset[int]

    @property
    def randomised(self) -> int:
        """Everyone in the fixed denominator, also those whose window is still to come."""
        return len(self.randomised_ids)

    @property
    def expected(self) -> int:
        """Forms that should exist."""
        return len(self.expected_ids)

    @property
    def received(self) -> int:
        """Forms that were sent."""
        return len(self.received_ids)

    @property
    def valid(self) -> int:
        """Forms that were sent with at least one scale scorable."""
        return len(self.valid_ids)

    @property
    def in_window(self) -> int:
        """Forms that were sent within their window."""
        return len(self.in_window_ids)

    @property
    def late(self) -> int:
        """Forms that were sent after their window."""
        return len(self.late_ids)

    @property
    def incomplete(self) -> int:
        """Expected forms that were begun, never sent, and can no longer be."""
        return len(self.incomplete_ids)

    @property
    def missed(self) -> int:
        """Expected forms of which nothing exists and nothing can come any more."""
        return len(self.missed_ids)

    @property
    def available_ids(self) -> frozenset[int]:
        """The numerator of the available-data rate: in its denominator, with a valid form."""
        return self.valid_ids & self.randomised_ids

    @property
    def completed_ids(self) -> frozenset[int]:
        """The numerator of the completion rate: still expected, with a valid form."""
        return self.valid_ids & self.expected_ids

    @property
    def available_data_rate(self) -> float | None:
        """Valid ÷ everyone in the fixed denominator, 0–1; None if nobody is."""
        return _rate(self.available_ids, self.randomised_ids)

    @property
    def completion_rate(self) -> float | None:
        """Valid ÷ those still expected at the visit, 0–1 (variable denominator); None if nobody is."""
        return _rate(self.completed_ids, self.expected_ids)


def list_visit_completions(
    outcomes: Iterable[AssessmentOutcome], *, visit_codes: Sequence[str], randomised_ids: Collection[int]
) -> tuple[VisitCompletion, ...]:
    """Count each visit of `visit_codes`, then those that only the outcomes name, as they first come.

    Forms whose window has not closed play no part, whatever their state, and unscheduled ones belong to
    no visit. Raises ValueError if a participant comes twice at one visit: a doubled form would be
    counted once without a word.
    """
    closed: dict[str, list[AssessmentOutcome]] = {code: [] for code in visit_codes}
    for outcome in outcomes:
        if outcome.window_closed and outcome.visit_code != UNSCHEDULED:
            closed.setdefault(outcome.visit_code, []).append(outcome)
    everyone = frozenset(randomised_ids)
    return tuple(_count_visit(code, forms, everyone) for code, forms in closed.items())


def _count_visit(
    visit_code: str, forms: Sequence[AssessmentOutcome], randomised_ids: frozenset[int]
) -> VisitCompletion:
    """Sort the forms of one visit by what became of them."""
    if len({form.participant_id for form in forms}) != len(forms):
        raise ValueError(f"a participant comes twice at visit {visit_code}")
    unsent = [form for form in forms if form.expected and not form.received]
    return VisitCompletion(
        visit_code=visit_code,
        randomised_ids=randomised_ids,
        expected_ids=_ids(form for form in forms if form.expected),
        received_ids=_ids(form for form in forms if form.received),
        valid_ids=_ids(form for form in forms if form.received and form.valid),
        in_window_ids=_ids(form for form in forms if form.received and form.in_window),
        late_ids=_ids(form for form in forms if form.received and form.late),
        incomplete_ids=_ids(form for form in unsent if form.incomplete and not form.still_open),
        missed_ids=_ids(form for form in unsent if not form.incomplete and not form.still_open),
    )


def _ids(forms: Iterable[AssessmentOutcome]) -> frozenset[int]:
    """Give the participants of some forms."""
    return frozenset(form.participant_id for form in forms)


def _rate(numerator: frozenset[int], denominator: frozenset[int]) -> float | None:
    """Divide two counts, None where there is nobody to divide by."""
    return len(numerator) / len(denominator) if denominator else None
