"""The page of the study: how each of its parts stands, and the way to it."""

from dataclasses import dataclass

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from pro_app.services.study_overview import StudyOverview, load_study_overview
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint


@dataclass(frozen=True, slots=True)
class StudyPart:
    """One part of the study; `url` is None where the role may not open its page."""

    title: str
    how_it_stands: tuple[str, ...]
    needs_care: bool
    url: str | None


@blueprint.get("/admin/study")
@access.staff("administrator", "coordinator", "monitor", "inspector")
def study() -> ResponseReturnValue:
    """Show the study part by part; a role sees how all of them stand and opens those that are its own."""
    overview = load_study_overview(this.session(), study_id=this.staff().study_id, now=this.now())
    return render_template(
        "admin/study.html",
        study_code=this.staff().study_code,
        overview=overview,
        parts=[_say_mode(overview), _say_protocol(overview), *_say_words(overview), *_say_people(overview)],
    )


def _say_mode(seen: StudyOverview) -> StudyPart:
    said = [
        gettext("In production.") if seen.is_live else gettext("In test: what is answered are no trial data.")
    ]
    if seen.missing:
        said.append(
            ngettext(
                "%(num)s thing is missing for production.",
                "%(num)s things are missing for production.",
                seen.missing,
            )
        )
    if seen.remarks:
        said.append(ngettext("%(num)s thing to note.", "%(num)s things to note.", seen.remarks))
    return _make_part(
        gettext("Mode and documents"),
        said,
        needs_care=bool(seen.missing or seen.remarks),
        endpoint="admin.production",
    )


def _say_protocol(seen: StudyOverview) -> StudyPart:
    said = [gettext("Version %(version)s is in force.", version=seen.version)]
    if seen.versions_ahead:
        said.append(
            ngettext(
                "%(num)s later version waits to be applied.",
                "%(num)s later versions wait to be applied.",
                seen.versions_ahead,
            )
        )
    return _make_part(
        gettext("Protocol versions"),
        said,
        needs_care=bool(seen.versions_ahead),
        endpoint="admin.amendments",
    )


def _say_words(seen: StudyOverview) -> list[StudyPart]:
    said = [ngettext("%(num)s text in use.", "%(num)s texts in use.", seen.wordings)]
    if seen.placeholders:
        said.append(
            ngettext(
                "%(num)s of them is not approved.", "%(num)s of them are not approved.", seen.placeholders
            )
        )
    if seen.packs_waiting:
        said.append(
            ngettext(
                "%(num)s pack waits for approval.", "%(num)s packs wait for approval.", seen.packs_waiting
            )
        )
    return [
        _make_part(
            gettext("Texts of the questionnaires"),
            said,
            needs_care=bool(seen.placeholders or seen.packs_waiting),
            endpoint="admin.wording",
        ),
        _make_part(
            gettext("Texts of the messages"),
            [gettext("What patients get, in each language and by each way of sending.")],
            needs_care=False,
            endpoint="clinic.message_texts",
        ),
    ]


def _say_people(seen: StudyOverview) -> list[StudyPart]:
    sites = [ngettext("%(num)s site.", "%(num)s sites.", seen.sites)]
    if seen.sites_without_patients:
        sites.append(
            ngettext(
                "%(num)s of them has no patient yet.",
                "%(num)s of them have no patient yet.",
                seen.sites_without_patients,
            )
        )
    accounts = [ngettext("%(num)s open account.", "%(num)s open accounts.", seen.accounts)]
    if seen.without_factor:
        accounts.append(
            ngettext(
                "%(num)s of them has no second step of the sign-in yet.",
                "%(num)s of them have no second step of the sign-in yet.",
                seen.without_factor,
            )
        )
    return [
        _make_part(gettext("Sites"), sites, needs_care=not seen.sites, endpoint="admin.sites"),
        _make_part(gettext("Accounts"), accounts, needs_care=False, endpoint="admin.accounts"),
    ]


def _make_part(title: str, said: list[str], *, needs_care: bool, endpoint: str) -> StudyPart:
    may_open = this.staff().role in (access.allowed_roles(current_app, endpoint) or ())
    return StudyPart(title, tuple(said), needs_care, url_for(endpoint) if may_open else None)
