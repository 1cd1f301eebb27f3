"""A small release without a database: real definitions, placeholder wordings, hand-made people.

`15-001` answers everything, with items declined and not applicable, and a late form; `15-002` dies;
`15-003` has no baseline; `15-004` has two and leaves; `16-001` is answered for by a relative, corrects a form
and leaves another one unsent; `16-002` was never randomised; `16-003` never answered. Nothing here depends
on the time or on chance.
"""

from datetime import timedelta
from functools import lru_cache

import polars as pl
from release_people import APP_VERSION, ENROLLED, MADE_AT, PEOPLE, STUDY, PersonVisit, list_visits, noon
from release_rows import (
    Rows,
    list_event_rows,
    list_item_rows,
    list_score_rows,
    list_visit_rows,
    make_assessment_row,
    make_participant_row,
)

from pro_app.compliance.rates import AssessmentOutcome, VisitCompletion, list_visit_completions
from pro_app.exports.frames import Tables, make_frame, schema_of
from pro_app.exports.manifest import Provenance, UsedInstrument, UsedWording
from pro_app.exports.release import Demographics, Release, WordedInstrument
from pro_app.exports.tables.catalogue import TABLES
from pro_app.exports.tables.participants import PARTICIPANTS
from pro_app.exports.tables.scores import SCORES
from pro_app.exports.tidy.deterioration import derive_deterioration
from pro_app.instruments.find import list_wording_paths, load_instrument, load_wording
from pro_app.protocol.find import load_protocol
from pro_app.protocol.protocol import Protocol
from pro_app.protocol.schedule import list_visit_codes
from pro_app.protocol.state import AssessmentState
from pro_app.scoring.interpretation import derive_interpretation, make_scale_frame


@lru_cache
def small_release() -> tuple[Release, Tables]:
    """Give the release and its tables, as one batch sorted like a real one."""
    release = _release(people=len(PEOPLE))
    rows: dict[str, Rows] = {table.name: [] for table in TABLES}
    outcomes = []
    for person in PEOPLE:
        visits = list(list_visits(release.protocol, person))
        rows["participants"].append(make_participant_row(person))
        rows["events"] += list_event_rows(person)
        rows["scores"] += [row for visit in visits for row in list_score_rows(release, visit)]
        for visit in visits:
            rows["assessments"].append(make_assessment_row(visit))
            rows["visits"] += list_visit_rows(release.protocol, visit)
            rows["items"] += list_item_rows(release, visit)
            outcomes.append(_outcome(visit))
    rows["completion"] = _completion_rows(release.protocol, outcomes)
    rows["audit_trail"], rows["remarks"] = _audit_rows(), _remark_rows()
    people = make_frame(PARTICIPANTS, rows["participants"])
    scores = _interpret(rows.pop("scores"), people, release)
    derived = {"scores": scores, "deterioration": derive_deterioration(scores, people, release)}
    made = {
        table.name: derived[table.name] if table.name in derived else make_frame(table, rows[table.name])
        for table in TABLES
    }
    return release, made


def list_small_batches() -> tuple[Release, tuple[Tables, ...]]:
    """Give the release with one batch for each site, the tables about everybody with the last one."""
    release, tables = small_release()
    sites = ("15", "16")

    def part(name: str, site: str) -> pl.DataFrame:
        frame = tables[name]
        if name in {"completion", "audit_trail", "remarks"}:
            return frame if site == sites[-1] else frame.clear()
        return frame.filter(pl.col("site") == site)

    return release, tuple({name: part(name, site) for name in tables} for site in sites)


def empty_release() -> tuple[Release, Tables]:
    """Give a release of a trial in which nobody is enrolled yet."""
    return _release(people=0), {table.name: make_frame(table) for table in TABLES}


def _release(people: int) -> Release:
    protocol = load_protocol(STUDY)
    instruments = []
    for reference in protocol.instruments:
        instrument = load_instrument(reference.code, reference.version)
        packs = [
            load_wording(instrument, path.stem)
            for path in list_wording_paths(instrument.code, instrument.version)
        ]
        wordings = {pack.language: pack for pack in packs}
        instruments.append(
            WordedInstrument(
                instrument, instrument.scoring(reference.scoring), dict(sorted(wordings.items()))
            )
        )
    provenance = Provenance(
        study=STUDY,
        study_mode="test",
        protocol_version=protocol.version,
        protocol_sha256=protocol.sha256,
        instruments=tuple(
            UsedInstrument(w.instrument.code, w.instrument.version, w.scoring.name, w.instrument.sha256)
            for w in instruments
        ),
        wordings=tuple(
            UsedWording(
                instrument=p.instrument_code,
                instrument_version=p.instrument_version,
                language=p.language,
                pack=p.pack,
                placeholder=p.placeholder,
                sha256=p.sha256,
            )
            for w in instruments
            for p in w.wordings.values()
        ),
        purpose="data_check",
        made_at=MADE_AT,
        made_by="account:1 (statistician)",
        app_version=APP_VERSION,
    )
    demographics = {"15-001": Demographics(63, "F"), "15-002": Demographics(58, "M")} if people else {}
    return Release(
        provenance=provenance,
        number=1,
        reason="A first look: are « all » the answers there?",
        protocol=protocol,
        instruments=tuple(instruments),
        demographics=demographics,
    )


def _interpret(scores: Rows, people: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Put the baseline of each scale and the change from it beside every score."""
    stored = {name: kind for name, kind in schema_of(SCORES).items() if not scores or name in scores[0]}
    scales = make_scale_frame(
        [(worded.instrument.code, worded.scoring) for worded in release.instruments],
        release.protocol.thresholds,
    )
    frame = pl.DataFrame(scores, schema=stored, strict=True)
    rule = release.protocol.analysis.baseline
    return derive_interpretation(frame, people, scales=scales, rule=rule).select(SCORES.column_names)


def _outcome(visit: PersonVisit) -> AssessmentOutcome:
    return AssessmentOutcome(
        participant_id=visit.person.number,
        visit_code=visit.visit_code,
        expected=visit.plan.expected,
        window_closed=visit.window_closed,
        received=visit.received,
        valid=visit.valid,
        in_window=visit.state is AssessmentState.SUBMITTED,
        late=visit.state is AssessmentState.LATE,
        incomplete=visit.incomplete,
    )


def _completion_rows(protocol: Protocol, outcomes: list[AssessmentOutcome]) -> Rows:
    seen = {outcome.visit_code for outcome in outcomes}
    completions = list_visit_completions(
        outcomes,
        visit_codes=[code for code in list_visit_codes(protocol) if code in seen],
        randomised_ids={person.number for person in PEOPLE if person.facts.randomised_on},
    )
    return [_completion(visit) for visit in completions if visit.expected or visit.received]


def _completion(visit: VisitCompletion) -> dict[str, object]:
    counts = ("randomised", "expected", "received", "valid", "in_window", "late", "incomplete", "missed")
    return {"study": STUDY, "visit_code": visit.visit_code} | {
        **{name: getattr(visit, name) for name in counts},
        "completed": len(visit.completed_ids),
        "available": len(visit.available_ids),
        "completion_rate": visit.completion_rate,
        "available_data_rate": visit.available_data_rate,
    }


def _audit_rows() -> Rows:
    """Give entries with everything that a file format can stumble over."""
    texts = (
        ("Été « à l’hôpital »", 'He said "no", then\nyes; a\ttab'),
        ("=1+1", "+33612345678"),
        ("-5", "@SUM(A1)"),
        (None, "x" * 500),
        ("'", "<b>&amp;</b> ]]>"),
    )
    return [
        {
            "study": STUDY,
            "site": "15",
            "participant_code": "15-001",
            "chain": "site:1",
            "sequence": number,
            "at": noon(ENROLLED) + timedelta(minutes=number),
            "actor": "account:1",
            "role": "nurse",
            "action": "assessment.record_not_done",
            "subject": "assessment:3",
            "field": "not_done_text",
            "before": before,
            "after": after,
            "reason": after,
            "app_version": APP_VERSION,
            "digest": f"{number:064x}",
        }
        for number, (before, after) in enumerate(texts, 1)
    ]


def _remark_rows() -> Rows:
    remarks = (
        ("test_mode", None, None, "L’étude est en mode test.", "The study is in test mode."),
        ("no_baseline", "15", "15-003", "Aucun score initial.", "No baseline score."),
        ("two_baselines", "15", "15-004", "Deux questionnaires initiaux.", "Two baselines."),
    )
    return [
        {
            "study": STUDY,
            "site": site,
            "participant_code": code,
            "visit_code": None,
            "code": kind,
            "table": "scores",
            "remark_fr": fr,
            "remark_en": en,
        }
        for kind, site, code, fr, en in remarks
    ]
