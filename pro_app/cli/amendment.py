"""`pro-app amendment`: lists the versions of a protocol, previews what one changes, and applies it."""

import json
from collections.abc import Collection

import click
from sqlalchemy.orm import Session

from pro_app.audit.actor import system_actor
from pro_app.cli.amendment_report import render_json, render_preview, render_versions
from pro_app.cli.output_format import format_option
from pro_app.cli.step_count import counting_progress
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.amendments.apply import AmendmentRefused, Confirmation, apply_amendment
from pro_app.services.amendments.model import AmendmentScope
from pro_app.services.amendments.overview import describe_versions
from pro_app.services.amendments.preview import preview_amendment
from pro_app.services.protocol_versions import list_versions
from pro_app.settings import Settings, command_language
from pro_app.storage.queries.participants import list_sites

REFUSED = 3
"""The exit status where something recorded forbids the amendment, or the preview no longer holds."""
ACTOR = system_actor("command", "amendment")
_study = click.option(
    "--study", "study_code", help=mark("The study; it may be left out where there is only one.")
)
_to = click.option("--to", "version", required=True, help=mark("The version to apply, for example 1.1."))
_sites = click.option(
    "--site",
    "site_codes",
    multiple=True,
    help=mark("The code of a site, once for each; without any, all sites."),
)
_WHY = {
    "changed": mark(
        "Nothing was changed: since the preview something was recorded. This is how it stands now."
    ),
    "forbidden": mark("Nothing was changed: what is recorded forbids this version."),
    "answered": mark(
        "Nothing was changed: there are answers to visits that this version does not have. They stay as they "
        "are; say --accept-answered if that is right."
    ),
}


@click.group("amendment", help=mark("List the versions of a protocol, preview and apply an amendment."))
def amendment() -> None:
    """Hold the commands about amendments together."""


@amendment.command(
    "list", help=mark("List the versions, and how many sites and participants are under each.")
)
@_study
def list_all(study_code: str | None) -> None:
    """Print one line for each version, each site and each amendment that was applied."""
    with opened_database(Settings.from_env().database_url) as database, database.reading() as session:
        overview = describe_versions(session, study_id=choose_study(session, study_code).id)
    click.echo(render_versions(overview))


@amendment.command(
    "preview",
    help=mark(
        "Show whom a version concerns and what it changes for each, and write nothing. Exit status 3 if "
        "something recorded forbids it."
    ),
)
@_study
@_to
@_sites
@format_option
@click.pass_context
def preview(
    context: click.Context, /, study_code: str | None, version: str, site_codes: tuple[str, ...], form: str
) -> None:
    """Print the preview; exit status 0 well, 2 unusable arguments, 3 forbidden."""
    url = Settings.from_env().database_url
    with opened_database(url) as database, database.reading() as session, counting_progress() as progress:
        scope = _find_scope(session, study_code, version=version, site_codes=site_codes)
        seen = preview_amendment(
            session, scope, now=system_clock(), language=command_language(), progress=progress
        )
    click.echo(
        json.dumps(render_json(seen), indent=2, ensure_ascii=False)
        if form == "json"
        else render_preview(seen)
    )
    if not seen.is_possible:
        context.exit(REFUSED)


@amendment.command(
    "apply",
    help=mark(
        "Put sites and their participants under a version, all or none of them. Applying it again changes "
        "nothing; applying the earlier version goes back. Exit status 3 if it is refused."
    ),
)
@_study
@_to
@_sites
@click.option("--reason", required=True, help=mark("Why it is applied; it goes into the audit trail."))
@click.option(
    "--accept-answered",
    is_flag=True,
    help=mark("Accept that visits with answers are not in the version; the answers stay as they are."),
)
@click.option(
    "--fingerprint", help=mark("Apply only what this preview showed; by default what holds at the moment.")
)
@click.pass_context
def apply(
    context: click.Context,
    /,
    study_code: str | None,
    version: str,
    site_codes: tuple[str, ...],
    reason: str,
    *,
    accept_answered: bool,
    fingerprint: str | None,
) -> None:
    """Apply the amendment in one transaction; exit status 0 well, 2 unusable arguments, 3 refused."""
    now, language = system_clock(), command_language()
    url = Settings.from_env().database_url
    try:
        with opened_database(url) as database, database.writing() as session, counting_progress() as progress:
            scope = _find_scope(session, study_code, version=version, site_codes=site_codes)
            expected = fingerprint
            if expected is None:
                expected = preview_amendment(session, scope, now=now, language=language).fingerprint
            done = apply_amendment(
                session,
                scope,
                Confirmation(expected, reason, accepts_answered=accept_answered),
                actor=ACTOR,
                now=now,
                language=language,
                progress=progress,
            )
    except AmendmentRefused as refused:
        click.echo(render_preview(refused.preview), err=True)
        click.echo(translate(_WHY[refused.why]), err=True)
        context.exit(REFUSED)
    message = mark("Version %(version)s: %(sites)s sites and %(participants)s participants came under it.")
    if not done.sites and not done.participants:
        message = mark("Nothing was left to change: version %(version)s holds there already.")
    click.echo(
        translate(message, version=version, sites=str(done.sites), participants=str(done.participants))
    )


def _find_scope(
    session: Session, study_code: str | None, *, version: str, site_codes: Collection[str]
) -> AmendmentScope:
    """Find the version and the sites that were named; raises InputRejected in words."""
    study_id = choose_study(session, study_code).id
    versions = {known.version: known.sha256 for known in list_versions(session, study_id)}
    problems = []
    if version not in versions:
        message = mark("There is no version “%(version)s” of the protocol. Known: %(known)s.")
        problems.append(Problem(message, {"version": version, "known": ", ".join(versions)}))
    sites = {site.site_code: site.id for site in list_sites(session, study_id=study_id)}
    for code in site_codes:
        if code.upper() not in sites:
            message = mark("There is no site “%(code)s”. Known: %(known)s.")
            problems.append(Problem(message, {"code": code, "known": ", ".join(sites)}))
    if problems:
        raise InputRejected(tuple(problems))
    chosen = frozenset(sites[code.upper()] for code in site_codes)
    return AmendmentScope(study_id, versions[version], chosen or None)
