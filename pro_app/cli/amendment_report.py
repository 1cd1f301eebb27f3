"""An amendment in words and in JSON, for those who use the command."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pro_app.cli.translation import problem_text, translate
from pro_app.language import mark
from pro_app.protocol.amendment_check import Objection
from pro_app.protocol.schedule import PlannedVisit
from pro_app.services.amendments.model import (
    FINISHED,
    KINDS,
    AmendmentPreview,
    PersonAmendment,
    SiteAmendment,
    Untouched,
    find_kind,
)
from pro_app.services.amendments.overview import Overview
from pro_app.settings import command_language

KIND_WORDS = {
    "moved": mark("moved"),
    "added": mark("new"),
    "cancelled": mark("cancelled"),
    "renewed": mark("other rules"),
    "past": mark("already past"),
    "unscheduled": mark("unscheduled"),
    "readmitted": mark("brought back"),
    "kept": mark("kept"),
}


def render_versions(overview: Overview) -> str:
    """Say where each version holds, and what was applied when."""
    versions = [
        (line.adopted.version, f"{line.adopted.adopted_at:%Y-%m-%d}", str(line.sites), str(line.participants))
        for line in overview.versions
    ]
    heads = (mark("Version"), mark("Loaded on"), mark("Sites"), mark("Participants"))
    blocks = [_render_table(heads, versions)]
    if overview.sites:
        sites = [
            (site.site_code, site.version, ", ".join(f"{n} ({name})" for name, n in site.participants) or "0")
            for site in overview.sites
        ]
        blocks.append(_render_table((mark("Site"), mark("Version"), mark("Participants")), sites))
    if overview.applied:
        applied = [
            (f"{past.at:%Y-%m-%d %H:%M}Z", past.version, past.sites, past.participants, past.by, past.reason)
            for past in overview.applied
        ]
        heads_applied = (mark("Applied"), mark("Version"), mark("Sites"), mark("Participants"))
        blocks.append(_render_table((*heads_applied, mark("By"), mark("Reason")), applied))
    return "\n\n".join(blocks)


def render_preview(preview: AmendmentPreview) -> str:
    """Say what an amendment does: by site, altogether, and everything that somebody has to know."""
    heads = [mark("Site"), mark("Version now"), mark("Concerned"), *(KIND_WORDS[kind] for kind in KINDS)]
    heads += [mark("Messages withdrawn"), mark("Messages new"), mark("Left alone"), mark("Under it already")]
    rows = [_list_cells(site) for site in preview.sites]
    total = [sum(int(row[column]) for row in rows) for column in range(2, len(heads))]
    rows.append([translate(mark("Together")), "", *(str(number) for number in total)])
    message = mark("Version %(version)s: what it would change.")
    lines = [translate(message, version=preview.protocol.version), "", _render_table(heads, rows), ""]
    message = mark("Expected visits of those concerned: %(before)s before, %(after)s after.")
    before, after = preview.expected
    lines.append(translate(message, before=str(before), after=str(after)))
    lines += [problem_text(problem) for problem in preview.problems]
    lines += [line for person in preview.refused for line in _say_objections(person)]
    lines += [_say_answered(person) for person in preview.answered_outside]
    lines += [_say_ending(person) for person in preview.people if person.ends_at_once]
    lines += [_say_untouched(person) for person in preview.untouched]
    return "\n".join([*lines, translate(mark("Fingerprint: %(digest)s"), digest=preview.fingerprint)])


def _list_cells(site: SiteAmendment) -> list[str]:
    kinds, messages = site.kinds, site.messages
    numbers = [
        len(site.people),
        *(kinds[kind] for kind in KINDS),
        messages.withdrawn,
        messages.added,
        len(site.untouched),
        site.already,
    ]
    return [site.site_code, site.version, *(str(number) for number in numbers)]


def _say_objections(person: PersonAmendment) -> Iterator[str]:
    for found in person.objections:
        yield f"{person.participant_code}: {_say_objection(person, found)}"


def _say_objection(person: PersonAmendment, found: Objection) -> str:
    words = problem_text(found.problem)
    if found.kind is None or found.on is None:
        return words
    return f"{person.left.event_label(found.kind, command_language())} ({found.on.isoformat()}): {words}"


def _say_answered(person: PersonAmendment) -> str:
    message = mark("%(code)s: answered, and not in this version: %(visits)s. The answers stay as they are.")
    return translate(message, code=person.participant_code, visits=", ".join(person.answered_outside))


def _say_ending(person: PersonAmendment) -> str:
    message = mark(
        "%(code)s: can no longer be answered, since the window is over with this version: %(visits)s."
    )
    return translate(message, code=person.participant_code, visits=", ".join(person.ends_at_once))


def _say_untouched(person: Untouched) -> str:
    words = translate(mark("every window is over")) if person.reason == FINISHED else person.words
    message = mark("%(code)s is left alone: %(reason)s.")
    return translate(message, code=person.participant_code, reason=words)


def _render_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write aligned columns."""
    lines = [[translate(head) for head in heads], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def render_json(preview: AmendmentPreview) -> dict[str, Any]:
    """Give a preview as an object for programs: ISO dates, codes, and no words but those of problems."""
    return {
        "version": preview.protocol.version,
        "possible": preview.is_possible,
        "fingerprint": preview.fingerprint,
        "problems": [problem_text(problem) for problem in preview.problems],
        "totals": _say_totals(preview),
        "expected_visits": dict(zip(("before", "after"), preview.expected, strict=True)),
        "sites": [
            {
                "site": site.site_code,
                "version": site.version,
                "changes_version": site.changes_version,
                "already": site.already,
                "totals": _say_totals(site),
                "participants": [_say_person(person) for person in site.people],
                "left_alone": [
                    {"participant": person.participant_code, "reason": person.reason}
                    for person in site.untouched
                ],
            }
            for site in preview.sites
        ],
    }


def _say_totals(part: AmendmentPreview | SiteAmendment) -> dict[str, Any]:
    kinds, messages = part.kinds, part.messages
    return {
        "participants": len(part.people),
        "left_alone": len(part.untouched),
        "visits": {kind: kinds[kind] for kind in KINDS},
        "messages": {"withdrawn": messages.withdrawn, "new": messages.added, "within_a_day": messages.soon},
    }


def _say_person(person: PersonAmendment) -> dict[str, Any]:
    return {
        "participant": person.participant_code,
        "from_version": person.left.version,
        "forbidden_by": [_say_objection(person, found) for found in person.objections],
        "answered_outside": list(person.answered_outside),
        "ends_at_once": list(person.ends_at_once),
        "messages": {
            "withdrawn": person.messages.withdrawn,
            "new": person.messages.added,
            "within_a_day": person.messages.soon,
        },
        "visits": [
            {
                "visit": change.visit_code,
                "becomes": find_kind(change),
                "before": _say_visit(change.before),
                "after": _say_visit(change.after),
            }
            for change in person.outcome.changes
        ],
    }


def _say_visit(visit: PlannedVisit | None) -> dict[str, Any] | None:
    if visit is None:
        return None
    days = {name: getattr(visit, name) for name in ("opens_on", "target_on", "closes_on")}
    dates = {name: day.isoformat() if day else None for name, day in days.items()}
    return {**dates, "provisional": visit.provisional, "expected": visit.expected, "reason": visit.reason}
