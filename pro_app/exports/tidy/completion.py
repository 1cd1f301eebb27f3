"""The table `completion`, counted while batches pass by."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from pro_app.compliance.rates import AssessmentOutcome, VisitCompletion, list_visit_completions
from pro_app.exports.frames import Tables, make_frame
from pro_app.exports.release import Release
from pro_app.exports.tables.completion import COMPLETION
from pro_app.exports.tidy.analysed import is_in_denominator
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.state import STILL_OPEN
from pro_app.protocol.visit_order import order_visit_codes

_COUNTS = ("expected", "received", "valid", "in_window", "late", "incomplete", "missed")


class CompletionCount:
    """The forms of each visit whose windows have closed; a participant is in one batch only.

    The column `randomised` is the fixed denominator: everyone enrolled, where nobody is randomised.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._is_in_denominator = is_in_denominator(protocol)
        self._visits: dict[str, Counter[str]] = {}
        self._randomised = 0

    def add(self, tables: Tables) -> None:
        """Count a batch of whole participants."""
        people = (
            tables["participants"]
            .select("site", "participant_code", counts=self._is_in_denominator)
            .with_row_index("id")
        )
        randomised = people.filter("counts")["id"].to_list()
        outcomes = list(_list_outcomes(tables["assessments"], people))
        for visit in list_visit_completions(outcomes, visit_codes=(), randomised_ids=randomised):
            self._visits.setdefault(visit.visit_code, Counter()).update(_count(visit))
        self._randomised += len(randomised)

    def make_frame(self, release: Release) -> pl.DataFrame:
        """Give one row for each visit of which a form was expected or came, in the order of the protocol.

        Rates as in `compliance.rates`: Coens et al. 2020 (SISAQOL), Lancet Oncol 21(2):e83-e96.
        """
        rows = []
        for code in order_visit_codes(release.protocol, self._visits):
            counts = self._visits[code]
            if counts["expected"] or counts["received"]:
                rows.append(
                    {
                        "study": release.provenance.study,
                        "visit_code": code,
                        "randomised": self._randomised,
                        **{name: counts[name] for name in (*_COUNTS, "completed", "available")},
                        "completion_rate": _rate(counts["completed"], counts["expected"]),
                        "available_data_rate": _rate(counts["available"], self._randomised),
                    }
                )
        return make_frame(COMPLETION, rows)


def _list_outcomes(assessments: pl.DataFrame, people: pl.DataFrame) -> Iterator[AssessmentOutcome]:
    """Give what became of each form; people are numbered within the batch."""
    numbered = assessments.join(
        people, on=["site", "participant_code"], how="left", maintain_order="left"
    ).select(
        "id",
        "visit_code",
        "expected",
        "window_closed",
        "received",
        "valid",
        "in_window",
        "late",
        "incomplete",
        pl.col("state").is_in([state.value for state in STILL_OPEN]).alias("still_open"),
    )
    for row in numbered.rename({"id": "participant_id"}).iter_rows(named=True):
        yield AssessmentOutcome(**row)


def _count(visit: VisitCompletion) -> dict[str, int]:
    counts: dict[str, int] = {name: getattr(visit, name) for name in _COUNTS}
    return counts | {"completed": len(visit.completed_ids), "available": len(visit.available_ids)}


def _rate(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None
