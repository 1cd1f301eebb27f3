"""The pages of wording packs: what patients read, what was imported, the proof, and the two approvals."""

from functools import partial

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from pro_app.errors import InputRejected
from pro_app.services.studies import load_current_protocol
from pro_app.services.wording_packs.approval import ROLES, approve_pack, refuse_pack, use_pack
from pro_app.services.wording_packs.proof import make_proof
from pro_app.services.wording_packs.records import (
    NEEDED_APPROVALS,
    PackRecord,
    list_packs,
    list_wordings_in_use,
    load_pack,
)
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.wording_form import ApprovalForm, RefusalForm
from pro_app.web.dates import moment
from pro_app.web.problems import show_problems

READERS = (*ROLES, "monitor", "inspector")
STATE_WORDS = {
    "waiting": lazy_gettext("waits for approval"),
    "approved": lazy_gettext("approved, not in use"),
    "in_use": lazy_gettext("in use"),
    "refused": lazy_gettext("refused"),
}
KIND_WORDS = {
    "title": lazy_gettext("Title"),
    "instruction": lazy_gettext("Instruction"),
    "recall_line": lazy_gettext("Recall line"),
    "item": lazy_gettext("Item"),
    "option": lazy_gettext("Answer"),
    "not_applicable": lazy_gettext("Not applicable"),
    "copyright": lazy_gettext("Copyright line"),
}


@blueprint.get("/admin/wording")
@access.staff(*READERS)
def wording() -> ResponseReturnValue:
    """Show what patients read now, and every pack that was imported."""
    study_id = this.staff().study_id
    return render_template(
        "admin/wording.html",
        in_use=list_wordings_in_use(this.session(), study_id),
        packs=list_packs(this.session(), study_id),
        states=STATE_WORDS,
        needed=NEEDED_APPROVALS,
        moment=_moment(),
    )


@blueprint.get("/admin/wording/<int:pack_id>")
@access.staff(*READERS)
def wording_proof(pack_id: int) -> ResponseReturnValue:
    """Show every text of a pack beside the placeholder, to be read, printed and decided upon."""
    return _render(_load(pack_id), ApprovalForm(formdata=None), RefusalForm(formdata=None))


@blueprint.post("/admin/wording/<int:pack_id>/approve")
@access.staff(*ROLES)
def approve_wording(pack_id: int) -> ResponseReturnValue:
    """Approve a pack as one of two people."""
    record, form = _load(pack_id), ApprovalForm()
    if not form.validate_on_submit():
        return _render(record, form, RefusalForm(formdata=None)), 400
    try:
        approved = approve_pack(
            this.session(),
            pack_id=pack_id,
            study_id=this.staff().study_id,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(_load(pack_id), form, RefusalForm(formdata=None)), 409
    said = (
        gettext("Approved by two people. It can now be put in use.")
        if approved.is_approved
        else gettext("Your approval is recorded. Somebody else gives the second one.")
    )
    flash(said, "good")
    return redirect(url_for("admin.wording_proof", pack_id=pack_id), code=303)


@blueprint.post("/admin/wording/<int:pack_id>/refuse")
@access.staff(*ROLES)
def refuse_wording(pack_id: int) -> ResponseReturnValue:
    """Refuse a pack for a reason."""
    record, form = _load(pack_id), RefusalForm()
    if not form.validate_on_submit():
        return _render(record, ApprovalForm(formdata=None), form), 400
    try:
        refuse_pack(
            this.session(),
            pack_id=pack_id,
            reason=form.reason.data,
            study_id=this.staff().study_id,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(_load(pack_id), ApprovalForm(formdata=None), form), 409
    flash(gettext("The text is refused. A corrected one is imported under another name."), "good")
    return redirect(url_for("admin.wording"), code=303)


@blueprint.post("/admin/wording/<int:pack_id>/use")
@access.staff(*ROLES)
def use_wording(pack_id: int) -> ResponseReturnValue:
    """Put an approved pack in use; nothing else is asked, since going back is as easy."""
    record, form = _load(pack_id), ApprovalForm(formdata=None)
    try:
        use_pack(
            this.session(),
            pack_id=pack_id,
            study_id=this.staff().study_id,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(record, form, RefusalForm(formdata=None)), 409
    flash(gettext("Whoever begins from now on reads this text. Who has begun goes on as before."), "good")
    return redirect(url_for("admin.wording"), code=303)


def _load(pack_id: int) -> PackRecord:
    return load_pack(this.session(), study_id=this.staff().study_id, pack_id=pack_id)


def _render(record: PackRecord, approval: ApprovalForm, refusal: RefusalForm) -> str:
    own = this.staff().account_id
    may_decide = this.staff().role in ROLES
    has_approved = any(given.account_id == own for given in record.approvals)
    return render_template(
        "admin/wording_proof.html",
        proof=make_proof(this.session(), record),
        record=record,
        approval=approval,
        refusal=refusal,
        kinds=KIND_WORDS,
        states=STATE_WORDS,
        needed=NEEDED_APPROVALS,
        moment=_moment(),
        has_approved=has_approved,
        may_approve=may_decide and record.state == "waiting" and not has_approved,
        may_refuse=may_decide and record.state in {"waiting", "approved"} and record.replaced_at is None,
        may_use=may_decide and record.state == "approved",
    )


def _moment() -> partial[str]:
    zone = load_current_protocol(this.session(), this.staff().study_id).default_zone
    return partial(moment, zone=zone)
