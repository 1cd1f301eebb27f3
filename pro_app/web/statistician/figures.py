"""Figures: live with the arms together, or of a release, by arm where it is approved for that."""

from collections.abc import Callable

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import NotFound
from pro_app.figures.figure import FIGURES, Choice
from pro_app.services.figure_tables import FigureSource, load_live_source, load_release_source
from pro_app.services.releases.records import ROLES, load_release
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.statistician.face import blueprint
from pro_app.web.statistician.figure_page import FigurePage, offer_choices


@blueprint.get("/statistics/figures")
@access.staff(*ROLES)
def figures() -> ResponseReturnValue:
    """Show the figures of the present data, the arms together."""
    return _render(
        _load_live(),
        may_split=False,
        title=gettext("Figures"),
        intro=gettext("The data as they stand now, with the arms taken together."),
        url=url_for("statistician.figures"),
        csv_url=lambda code, **asked: url_for("statistician.figure_numbers", code=code, **asked),
    )


@blueprint.get("/statistics/figures/<code>.csv")
@access.staff(*ROLES)
def figure_numbers(code: str) -> ResponseReturnValue:
    """Give the table behind one live figure."""
    return _render_csv(_load_live(), code, may_split=False)


@blueprint.get("/statistics/releases/<int:number>/figures")
@access.staff(*ROLES)
def release_figures(number: int) -> ResponseReturnValue:
    """Show the figures of a release."""
    source, may_split = _load_released(number)
    return _render(
        source,
        may_split=may_split,
        title=gettext("Figures of release %(number)s", number=number),
        intro=gettext("The data of the release, as they were frozen.")
        if may_split
        else gettext(
            "The data of the release, with the arms taken together: they are shown apart once a second "
            "person has approved a release for an interim or the final analysis."
        ),
        url=url_for("statistician.release_figures", number=number),
        csv_url=lambda code, **asked: url_for(
            "statistician.release_figure_numbers", number=number, code=code, **asked
        ),
        release=number,
    )


@blueprint.get("/statistics/releases/<int:number>/figures/<code>.csv")
@access.staff(*ROLES)
def release_figure_numbers(number: int, code: str) -> ResponseReturnValue:
    """Give the table behind one figure of a release."""
    source, may_split = _load_released(number)
    return _render_csv(source, code, may_split=may_split)


def _load_live() -> FigureSource:
    return load_live_source(
        this.parts().database,
        study_id=this.staff().study_id,
        instrument=request.args.get("scale", "").partition(":")[0],
        actor=this.actor(),
        now=this.now(),
    )


def _load_released(number: int) -> tuple[FigureSource, bool]:
    release = load_release(this.session(), study_id=this.staff().study_id, number=number, actor=this.actor())
    folder = this.parts().settings.releases_folder
    return load_release_source(this.session(), release, folder=folder), release.shows_arms


def _read_choice(source: FigureSource, *, may_split: bool) -> Choice:
    """Read what to look at from the address; what is not there, or unknown, is the first on offer.

    Arms asked for where they may not be told apart are as absent as a page that never was.
    """
    by_arm = request.args.get("by") == "arm"
    if by_arm and not may_split:
        raise NotFound("figure")
    instrument, _, scale = request.args.get("scale", "").partition(":")
    if (instrument, scale) not in source.scales:
        instrument, scale = source.scales[0]
    codes = [definition.code for definition in source.protocol.analysis.deterioration]
    wanted = request.args.get("definition", "")
    definition = wanted if wanted in codes else next(iter(codes), "")
    return Choice(instrument, scale, definition, by_arm=by_arm, may_split=may_split)


def _render(
    source: FigureSource,
    *,
    may_split: bool,
    title: str,
    intro: str,
    url: str,
    csv_url: Callable[..., str],
    release: int | None = None,
) -> ResponseReturnValue:
    choice = _read_choice(source, may_split=may_split)
    asked = {"scale": f"{choice.instrument}:{choice.scale}", "definition": choice.definition}
    by = {"by": "arm"} if choice.by_arm else {}
    return render_template(
        "statistician/figures.html",
        title=title,
        intro=intro,
        url=url,
        people=source.people,
        offer=offer_choices(source.protocol, source.scales),
        **asked,
        by_arm=choice.by_arm if may_split else None,
        views=list(FigurePage(source.tables, source.protocol, choice).list_views()) if source.people else [],
        csv_url=lambda code: csv_url(code, **asked, **by),
        back_url=url_for("statistician.release", number=release) if release else None,
        back_label=gettext("Release %(number)s", number=release) if release else None,
    )


def _render_csv(source: FigureSource, code: str, *, may_split: bool) -> ResponseReturnValue:
    if code not in FIGURES:
        raise NotFound("figure")
    choice = _read_choice(source, may_split=may_split)
    numbers = FigurePage(source.tables, source.protocol, choice).estimate(FIGURES[code])
    response = Response(numbers.write_csv(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{code}.csv"'
    return response
