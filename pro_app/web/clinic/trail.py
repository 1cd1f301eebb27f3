"""The audit trail of a participant in plain words: searched, narrowed down, page by page, and as a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from unicodedata import combining, normalize

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.services.participant_trail import ParticipantTrail, load_trail
from pro_app.services.read_log import record_read
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.clinic.face import blueprint
from pro_app.web.clinic.trail_actions import KINDS
from pro_app.web.clinic.trail_files import send_trail
from pro_app.web.clinic.trail_words import TrailLine, make_line, saved_words
from pro_app.web.problems import ISO_DATE

PAGE_SIZE = 100
LOOKED_THROUGH = 200
"""So many entries are read for the few newest lines, since savings of one form make one line."""
YEARS = range(1970, 9999)
SAVED = "answers.save"
READERS = ("nurse", "investigator", "monitor", "inspector", "coordinator")
PARAMETERS = ("q", "who", "kind", "from", "until")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page is asked to show: words, somebody, a kind of thing, a period of civil days."""

    words: str
    who: str
    kind: str
    from_on: date | None
    until_on: date | None

    def fits(self, line: TrailLine) -> bool:
        """Say whether a line has all of the words, and is by whom and of what was asked for."""
        return (
            self.who in {"", line.who}
            and self.kind in {"", line.kind}
            and all(word in _plain(f"{line.when} {line.sentence}") for word in _plain(self.words).split())
        )


@blueprint.get("/clinic/participants/<int:participant_id>/trail")
@access.staff(*READERS)
def trail(participant_id: int) -> ResponseReturnValue:
    """Show what was done about a participant, by whom and why; the look is written into the read log."""
    wanted = _read_wanted()
    known, lines = _load_lines(participant_id, wanted)
    found = [line for line in lines if wanted.fits(line)]
    shown = fold_savings(found)
    page_count = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(max(request.args.get("page", 1, type=int), 1), page_count)
    return render_template(
        "clinic/trail.html",
        participant=known.participant,
        lines=shown[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        found=len(found),
        total=len(lines),
        wanted=wanted,
        is_narrowed=any(request.args.get(name) for name in PARAMETERS),
        people=[("", gettext("Everybody")), *((who, who) for who in sorted({line.who for line in lines}))],
        kinds=_list_kinds(lines, wanted),
        page=page,
        page_count=page_count,
        address=_address(participant_id),
    )


@blueprint.get("/clinic/participants/<int:participant_id>/trail.csv")
@access.staff(*READERS)
def trail_csv(participant_id: int) -> ResponseReturnValue:
    """Give every entry that the page counts as CSV, one a line."""
    return _send(participant_id, "csv")


@blueprint.get("/clinic/participants/<int:participant_id>/trail.json")
@access.staff(*READERS)
def trail_json(participant_id: int) -> ResponseReturnValue:
    """Give every entry that the page counts as JSON."""
    return _send(participant_id, "json")


def list_newest(participant_id: int, *, most: int) -> list[TrailLine]:
    """List the newest lines about a participant, for the record; several savings of a form are one."""
    known = load_trail(
        this.session(), participant_id, actor=this.actor(), language=str(get_locale()), newest=LOOKED_THROUGH
    )
    lines: list[TrailLine] = []
    for entry in known.entries:
        lines = fold_savings([*lines, make_line(entry, known.zone)])
        if len(lines) > most:
            break
    return lines[:most]


def fold_savings(lines: Sequence[TrailLine]) -> list[TrailLine]:
    """Tell savings of one form by one person that follow each other as one line, with their number."""
    folded: list[TrailLine] = []
    for line in lines:
        last = folded[-1] if folded else None
        if last is not None and line.action == SAVED and _is_same(last, line):
            times, answers = last.times + line.times, last.answers + line.answers
            folded[-1] = replace(last, times=times, answers=answers, what=saved_words(line, times))
        else:
            folded.append(line)
    return folded


def _is_same(one: TrailLine, other: TrailLine) -> bool:
    return (one.action, one.visit, one.who) == (other.action, other.visit, other.who)


def _plain(text: str) -> str:
    """Write a text without capitals and accents, as people type it who search."""
    return "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))


def _read_wanted() -> Wanted:
    return Wanted(
        words=request.args.get("q", "").strip()[:200],
        who=request.args.get("who", ""),
        kind=request.args.get("kind", ""),
        from_on=_read_day("from"),
        until_on=_read_day("until"),
    )


def _read_day(name: str) -> date | None:
    """Read a day; one on which no entry can stand is none, since moments end where the calendar does."""
    typed = request.args.get(name, "").strip()
    try:
        day = date.fromisoformat(typed) if ISO_DATE.fullmatch(typed) else None
    except ValueError:
        return None
    return day if day and day.year in YEARS else None


def _load_lines(participant_id: int, wanted: Wanted) -> tuple[ParticipantTrail, list[TrailLine]]:
    """Give the trail in the period asked for, in words; the look is noted first."""
    known = load_trail(
        this.session(),
        participant_id,
        actor=this.actor(),
        language=str(get_locale()),
        from_on=wanted.from_on,
        until_on=wanted.until_on,
    )
    record_read(
        this.parts().database,
        participant_id=participant_id,
        what="trail",
        actor=this.actor(),
        now=this.now(),
    )
    return known, [make_line(entry, known.zone) for entry in known.entries]


def _list_kinds(lines: Sequence[TrailLine], wanted: Wanted) -> list[tuple[str, str]]:
    """Give the kinds that occur, and the one that was chosen."""
    occurring = {line.kind for line in lines} | {wanted.kind}
    return [("", gettext("Everything")), *((c, str(words)) for c, words in KINDS.items() if c in occurring)]


def _address(participant_id: int) -> Callable[..., str]:
    """Give the way to write the address of the page as it is shown, with some of its parameters changed."""
    known = {name: request.args[name] for name in PARAMETERS if request.args.get(name)}

    def address(kind: str = "", **changes: Any) -> str:  # noqa: ANN401 -- the page's own parameters
        endpoint = f"clinic.trail_{kind}" if kind else "clinic.trail"
        asked = {name: value for name, value in (known | changes).items() if value not in {None, ""}}
        return url_for(endpoint, participant_id=participant_id, **asked)

    return address


def _send(participant_id: int, kind: str) -> Response:
    wanted = _read_wanted()
    known, lines = _load_lines(participant_id, wanted)
    code = known.participant.participant_code
    found = [line for line in lines if wanted.fits(line)]
    return send_trail(f"{this.staff().study_code}-{code}-trail", code, found, kind=kind)
