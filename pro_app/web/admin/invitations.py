"""Inviting somebody to an account, taking the invitation back, and the address that it goes to."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.errors import InputRejected
from pro_app.services.invitations import invite, revoke_invitation
from pro_app.services.staff_addresses import save_staff_address
from pro_app.services.staff_directory import StaffMember, load_staff_member
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.accounts import offer_roles, render_account, render_refusal
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import MAIL, AddressForm, RoleForm
from pro_app.web.admin.invitation_page import show_invitation
from pro_app.web.problems import show_problems

WRITERS = access.staff("administrator", "coordinator")


@blueprint.post("/admin/accounts/<int:account_id>/address")
@WRITERS
def save_address(account_id: int) -> ResponseReturnValue:
    """Save where a member of staff gets e-mails."""
    member = _load(account_id)
    form = AddressForm()
    if not form.validate_on_submit():
        return _refuse_address(member, form)
    try:
        save_staff_address(
            this.session(),
            account_id,
            form.email.data,
            vault=this.parts().vault,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _refuse_address(member, form)
    flash(gettext("The e-mail address of %(name)s is saved.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.post("/admin/accounts/<int:account_id>/invitation")
@WRITERS
def send_invitation(account_id: int) -> ResponseReturnValue:
    """Invite somebody: by e-mail, or on paper, which is shown once."""
    member = _load(account_id)
    vault = this.parts().vault if request.form.get("way") == MAIL else None
    try:
        made = invite(
            this.session(),
            account_id,
            secret_key=this.parts().settings.secret_key,
            vault=vault,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        return render_refusal(member, rejected)
    return show_invitation(member, made)


@blueprint.post("/admin/accounts/<int:account_id>/invitation/take-back")
@WRITERS
def take_invitation_back(account_id: int) -> ResponseReturnValue:
    """Take the open invitation back."""
    _load(account_id)
    if revoke_invitation(this.session(), account_id, actor=this.actor(), now=this.now()):
        flash(gettext("The invitation is taken back: it opens nothing any more."), "good")
    return redirect(url_for("admin.account", account_id=account_id))


def _refuse_address(member: StaffMember, form: AddressForm) -> ResponseReturnValue:
    return render_account(member, offer_roles(RoleForm(formdata=None)), address_form=form, status=400)


def _load(account_id: int) -> StaffMember:
    return load_staff_member(this.session(), account_id, actor=this.actor())
