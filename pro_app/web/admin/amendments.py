"""The pages of amendments: which versions there are, what one of them changes for whom, and applying it."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from pro_app.errors import InputRejected, NotFound
from pro_app.services.amendments.apply import ROLES, AmendmentRefused, Confirmation, apply_amendment
from pro_app.services.amendments.left_behind import list_left_behind
from pro_app.services.amendments.model import KINDS, AmendmentPreview, AmendmentScope
from pro_app.services.amendments.overview import describe_versions
from pro_app.services.amendments.preview import preview_amendment
from pro_app.services.protocol_versions import find_version
from pro_app.services.studies import load_current_protocol
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.amendment_form import AmendmentForm
from pro_app.web.admin.amendment_words import Labels, list_visit_lines, untouched_words
from pro_app.web.admin.face import blueprint
from pro_app.web.calendar_changes import BECOMES
from pro_app.web.dates import moment
from pro_app.web.problems import problem_words, show_problems

READERS = (*ROLES, "monitor", "inspector")
ALWAYS_SHOWN = frozenset({"moved", "added", "cancelled"})
"""What becomes of visits and is worth a figure even where it is nought."""


@blueprint.get("/admin/amendments")
@access.staff(*READERS)
def amendments() -> ResponseReturnValue:
    """Show the versions, and how many sites and participants are under each."""
    study_id = this.staff().study_id
    return render_template(
        "admin/amendments.html",
        overview=describe_versions(this.session(), study_id=study_id),
        left_behind=list_left_behind(this.session(), study_id=study_id, now=this.now(), language=_language()),
        moment=partial(moment, zone=load_current_protocol(this.session(), study_id).default_zone),
    )


@blueprint.get("/admin/amendments/<version>")
@access.staff(*READERS)
def amendment(version: str) -> ResponseReturnValue:
    """Show what a version changes, for every site or for those chosen, and the form that applies it."""
    preview = preview_amendment(
        this.session(),
        _find_scope(version, request.args.getlist("site")),
        now=this.now(),
        language=_language(),
    )
    return _render(preview, AmendmentForm(formdata=None))


@blueprint.post("/admin/amendments/<version>")
@access.staff(*ROLES)
def apply_version(version: str) -> ResponseReturnValue:
    """Apply a version as it was seen; whatever stands against it is shown with how it stands now."""
    scope, form = _find_scope(version, request.form.getlist("site")), AmendmentForm()
    # Both are looked at, so that everything that is wrong is said at once.
    is_filled, is_typed = form.validate_on_submit(), _is_typed(form, version)
    if not is_filled or not is_typed:
        return _render_again(scope, form)
    confirmation = Confirmation(
        form.fingerprint.data or "", form.reason.data, accepts_answered=form.accepts_answered.data
    )
    try:
        done = apply_amendment(
            this.session(), scope, confirmation, actor=this.actor(), now=this.now(), language=_language()
        )
    except AmendmentRefused as refused:
        return _render(refused.preview, form, refused=refused.why), 409
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_again(scope, form)
    flash(_say_done(version, sites=done.sites, participants=done.participants), "good")
    return redirect(url_for("admin.amendments"), code=303)


def _find_scope(version: str, chosen: list[str]) -> AmendmentScope:
    """Read the version of the address and the sites that were chosen; without any, all of them."""
    known = find_version(this.session(), this.staff().study_id, version)
    if known is None:
        raise NotFound("protocol")
    if not all(key.isdecimal() and len(key) <= len("9" * 9) for key in chosen):
        raise NotFound("site")
    return AmendmentScope(this.staff().study_id, known.sha256, frozenset(map(int, chosen)) or None)


def _is_typed(form: AmendmentForm, version: str) -> bool:
    """Say whether the version was typed once more; another one is said to be wrong beside the field."""
    typed = (form.typed.data or "").strip()
    if typed and typed != version:
        form.typed.errors = [gettext("This is not the version: type %(version)s.", version=version)]
    return typed == version


def _render_again(scope: AmendmentScope, form: AmendmentForm) -> ResponseReturnValue:
    preview = preview_amendment(this.session(), scope, now=this.now(), language=_language())
    return _render(preview, form), 400


def _render(preview: AmendmentPreview, form: AmendmentForm, *, refused: str | None = None) -> str:
    form.fingerprint.data = preview.fingerprint
    return render_template(
        "admin/amendment.html",
        preview=preview,
        parts={part.site_id: part for part in preview.sites},
        form=form,
        refused=refused,
        overview=describe_versions(this.session(), study_id=preview.scope.study_id, limit=0),
        problems=[problem_words(problem) for problem in preview.problems],
        shown=[kind for kind in KINDS if kind in ALWAYS_SHOWN or (kind != "kept" and preview.kinds[kind])],
        kind_words=BECOMES,
        labels=Labels(preview.protocol, _language()),
        visit_lines=list_visit_lines,
        untouched_words=untouched_words,
        may_apply=this.staff().role in ROLES,
    )


def _say_done(version: str, *, sites: int, participants: int) -> str:
    if not sites and not participants:
        words = gettext(
            "Nothing was left to change: version %(version)s holds there already.", version=version
        )
    else:
        words = gettext(
            "Version %(version)s is applied. Sites now under it: %(sites)s. Patients: %(participants)s.",
            version=version,
            sites=sites,
            participants=participants,
        )
    return str(words)


def _language() -> str:
    return str(get_locale())
