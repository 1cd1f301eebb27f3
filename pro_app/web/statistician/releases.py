"""Data releases: ask for one, watch it being made, approve it, take it."""

from flask import flash, jsonify, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.services.releases.contents import find_archive, record_download
from pro_app.services.releases.demographics import parse_demographics
from pro_app.services.releases.files import archive_name
from pro_app.services.releases.overview import list_members, list_takers
from pro_app.services.releases.records import ROLES, TAKERS, ReleaseRecord, list_releases, load_release
from pro_app.services.releases.remarks import list_grouped_remarks
from pro_app.services.releases.request import approve_release, request_release
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.principals import asks_by_itself
from pro_app.web.problems import show_problems
from pro_app.web.statistician.face import blueprint
from pro_app.web.statistician.release_forms import PURPOSE_WORDS, ReleaseActionForm, ReleaseForm
from pro_app.web.statistician.release_words import FAILURE_WORDS, STATE_WORDS, file_size, step_words


@blueprint.get("/statistics/releases")
@access.staff(*ROLES)
def releases() -> ResponseReturnValue:
    """List the releases of the study, with the form for the next one."""
    return _render_list(ReleaseForm())


@blueprint.post("/statistics/releases")
@access.staff(*ROLES)
def ask_for_release() -> ResponseReturnValue:
    """Put a release down to be made, and show it."""
    form = ReleaseForm()
    if not form.validate_on_submit():
        return _render_list(form, status=400)
    study_id = this.staff().study_id
    try:
        file = form.demographics.data
        described = parse_demographics(this.session(), file.read(), study_id=study_id) if file else None
        release = request_release(
            this.session(),
            study_id=study_id,
            reason=form.reason.data,
            purpose=form.purpose.data,
            demographics=described,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_list(form, status=400)
    return redirect(url_for("statistician.release", number=release.number), code=303)


@blueprint.get("/statistics/releases/<int:number>")
@access.staff(*ROLES)
def release(number: int) -> ResponseReturnValue:
    """Show one release; while it is being made a script asks `release_state` how far it is."""
    return _render_release(_load(number))


@blueprint.get("/statistics/releases/<int:number>/state")
@access.staff(*ROLES)
@asks_by_itself
def release_state(number: int) -> ResponseReturnValue:
    """Say how far a release is: `state`, `done` of `total`, and `words` for the step."""
    record = _load(number)
    _, done, total = record.progress
    return jsonify(state=record.state, done=done, total=total, words=_progress_words(record))


@blueprint.post("/statistics/releases/<int:number>/approve")
@access.staff(*ROLES)
def approve(number: int) -> ResponseReturnValue:
    """Approve the purpose of a release as the second person."""
    if ReleaseActionForm().validate_on_submit():
        try:
            approve_release(
                this.session(),
                study_id=this.staff().study_id,
                number=number,
                actor=this.actor(),
                now=this.now(),
            )
        except InputRejected as rejected:
            form = ReleaseActionForm()
            show_problems(form, rejected)
            return _render_release(_load(number), form=form), 400
        flash(gettext("The release is approved. Its figures can now be shown by arm."), "good")
    return redirect(url_for("statistician.release", number=number), code=303)


@blueprint.post("/statistics/releases/<int:number>/archive")
@access.staff(*TAKERS)
def download_release(number: int) -> ResponseReturnValue:
    """Hand out the ZIP of a release, and keep in the audit trail who took it."""
    record = _load(number)
    path = find_archive(this.session(), record, folder=this.parts().settings.releases_folder)
    record_download(this.session(), record, what="archive", actor=this.actor(), now=this.now())
    name = archive_name(this.staff().study_code, number)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=name)


def _load(number: int) -> ReleaseRecord:
    return load_release(this.session(), study_id=this.staff().study_id, number=number, actor=this.actor())


def _progress_words(record: ReleaseRecord) -> str:
    """Put the progress into one sentence, empty while nobody works on the release."""
    if record.state != "making":
        return ""
    code, done, total = record.progress
    so_far = gettext("%(done)s of %(total)s", done=done, total=total) if total else ""
    return " – ".join(filter(None, (step_words(code), so_far)))


def _render_list(form: ReleaseForm, *, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "statistician/releases.html",
        form=form,
        releases=list_releases(this.session(), study_id=this.staff().study_id, actor=this.actor()),
        state_words=STATE_WORDS,
        purpose_words=PURPOSE_WORDS,
        may_take=this.actor().role in TAKERS,
    )
    return page, status


def _render_release(record: ReleaseRecord, form: ReleaseActionForm | None = None) -> str:
    made = record.state == "made"
    folder = this.parts().settings.releases_folder
    return render_template(
        "statistician/release.html",
        release=record,
        form=form or ReleaseActionForm(),
        state_words=STATE_WORDS,
        purpose_words=PURPOSE_WORDS,
        failure_words=FAILURE_WORDS,
        progress_words=_progress_words(record),
        size=file_size(record.archive_size),
        may_take=this.actor().role in TAKERS,
        may_approve=record.needs_approval and record.requested_by_id != this.actor().account_id,
        remarks=list_grouped_remarks(this.session(), record, folder=folder) if made else [],
        members=list_members(this.session(), record, folder=folder) if made else None,
        downloads=list_takers(this.session(), record) if made else (),
        others=[
            other
            for other in list_releases(this.session(), study_id=record.study_id, actor=this.actor())
            if other.state == "made" and other.number != record.number
        ],
    )
