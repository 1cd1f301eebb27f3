"""`pro-app release`: makes, lists, rebuilds and compares numbered data releases."""

from pathlib import Path
from typing import Any

import click

from pro_app.cli.file_problems import file_problem
from pro_app.cli.progress import showing_progress
from pro_app.cli.release_checks import compare, rebuild
from pro_app.cli.release_files import (
    ACTOR,
    DIFFERENT,
    check_folder,
    check_target,
    copy_archive,
    explaining,
    study_option,
)
from pro_app.cli.stores import opened_database
from pro_app.cli.study_option import choose_study
from pro_app.cli.translation import translate
from pro_app.clock import system_clock
from pro_app.errors import InputRejected, NotFound, Problem
from pro_app.exports.making.purposes import PURPOSES
from pro_app.language import mark
from pro_app.services.releases.contents import find_archive, record_download
from pro_app.services.releases.demographics import parse_demographics
from pro_app.services.releases.lease import Claim, claim_release
from pro_app.services.releases.make import SCORES_DISAGREE, make_release
from pro_app.services.releases.records import ReleaseRecord, list_releases
from pro_app.services.releases.request import load_requester, request_release
from pro_app.settings import Settings
from pro_app.storage.database import Database

STATES = {
    "requested": mark("requested"),
    "making": mark("being made"),
    "made": mark("made"),
    "failed": mark("failed"),
}


@click.group("release", help=mark("Make, list, rebuild and compare numbered data releases."))
def release() -> None:
    """Hold the commands about releases together."""


@release.command(
    "create",
    help=mark(
        "Make the next release of a study: every table in every format, as one ZIP. Exit status 3 if the two "
        "ways of scoring and the stored scores do not agree; the release is refused then."
    ),
)
@study_option
@click.option("--reason", required=True, help=mark("Why the release is made; it goes into the audit trail."))
@click.option("--purpose", required=True, type=click.Choice(PURPOSES), help=mark("What the data are for."))
@click.option(
    "--demographics",
    type=click.Path(path_type=Path),
    help=mark("CSV file with participant_code, age and sex from the trial’s main database."),
)
@click.option(
    "--account",
    help=mark(
        "Username of the coordinator or statistician who asks for the release; planned_interim and final "
        "need one, since somebody else approves them."
    ),
)
@click.option("--out", type=click.Path(path_type=Path), help=mark("Also write the ZIP into this file."))
@click.pass_context
def create(context: click.Context, /, study_code: str | None, out: Path | None, **asked: Any) -> None:  # noqa: ANN401 -- the options go on to _request as they come
    """Request and make a release in this process, whether a worker runs or not."""
    settings = Settings.from_env()
    if out is not None:
        check_target(out)
    check_folder(settings.releases_folder)
    with opened_database(settings.database_url) as database:
        claim = _request(database, study_code, **asked)
        with showing_progress() as progress, explaining(settings.releases_folder):
            made = make_release(
                database,
                claim,
                folder=settings.releases_folder,
                actor=ACTOR,
                clock=system_clock,
                progress=progress,
            )
        if made.state != "made":
            context.exit(_say_not_made(made))
        with database.reading() as session:
            path = find_archive(session, made, folder=settings.releases_folder)
        if out is not None:
            _hand_out(database, made, path, out)
    message = mark("Release %(number)s is made: %(file)s (%(size)s bytes). SHA-256: %(sha256)s")
    name, size, sha256 = str(out or path), made.archive_size or 0, made.archive_sha256 or ""
    click.echo(translate(message, number=made.number, file=name, size=size, sha256=sha256))


def _say_not_made(release: ReleaseRecord) -> int:
    """Say why a release that was begun here is not made; gives the exit status."""
    for line in release.failure_details:
        click.echo(line, err=True)
    if release.failure_code == SCORES_DISAGREE:
        message = mark("Release %(number)s is refused: the scores do not agree.")
        click.echo(translate(message, number=release.number), err=True)
        return DIFFERENT
    message = mark("Release %(number)s was not made here; another process has taken it over: %(state)s.")
    click.echo(translate(message, number=release.number, state=translate(STATES[release.state])), err=True)
    return 1


def _hand_out(database: Database, release: ReleaseRecord, path: Path, out: Path) -> None:
    """Copy the ZIP, and keep in the audit trail that it was taken; what fails is the copy alone."""
    with database.writing() as session:
        record_download(session, release, what="archive", actor=ACTOR, now=system_clock())
    try:
        copy_archive(path, out)
    except InputRejected as rejected:
        message = mark("Release %(number)s is made (%(file)s); only the copy failed.")
        made = Problem(message, {"number": release.number, "file": str(path)})
        raise InputRejected((made, *rejected.problems)) from rejected


@release.command("list", help=mark("List the releases of a study, the newest first."))
@study_option
def list_all(study_code: str | None) -> None:
    """Print one line for each release."""
    settings = Settings.from_env()
    with opened_database(settings.database_url) as database, database.reading() as session:
        study_id = choose_study(session, study_code).id
        releases = list_releases(session, study_id=study_id, actor=ACTOR)
    for found in releases:
        at = found.made_at or found.failed_at or found.requested_at
        state = translate(STATES[found.state])
        approved = f"  {translate(mark('approved'))}" if found.approved_at else ""
        click.echo(
            f"{found.number:>4}  {at:%Y-%m-%d %H:%M}Z  {state:<12}  {found.purpose}{approved}  {found.reason}"
        )
    if not releases:
        click.echo(translate(mark("There is no release yet.")))


def _request(
    database: Database,
    study_code: str | None,
    *,
    reason: str,
    purpose: str,
    demographics: Path | None,
    account: str | None,
) -> Claim:
    """Request the release and claim it at once, so that no worker comes in between."""
    try:
        content = demographics.read_bytes() if demographics else None
    except OSError as error:
        raise InputRejected((file_problem(error),)) from error
    now = system_clock()
    with database.writing() as session:
        study_id = choose_study(session, study_code).id
        described = parse_demographics(session, content, study_id=study_id) if content is not None else None
        requester = load_requester(session, study_id=study_id, username=account, now=now) if account else None
        asked = request_release(
            session,
            study_id=study_id,
            reason=reason,
            purpose=purpose,
            demographics=described,
            requester=requester,
            actor=ACTOR,
            now=now,
        )
        claim = claim_release(session, actor=ACTOR, now=now, release_id=asked.release_id)
    if claim is None:
        raise NotFound("release")
    return claim


release.add_command(rebuild)
release.add_command(compare)
