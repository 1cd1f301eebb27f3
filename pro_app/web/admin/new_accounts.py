"""A new account: who it is for, the first role, and how its owner gets in for the first time."""

from flask import render_template
from flask.typing import ResponseReturnValue

from pro_app.errors import InputRejected, Problem
from pro_app.language import mark
from pro_app.services.accounts import NewAccount, create_account_with_role
from pro_app.services.invitations import MadeInvitation, invite
from pro_app.services.passwords import NewPassword, make_password, prepare_password
from pro_app.services.staff_addresses import parse_staff_address, save_staff_address
from pro_app.services.staff_directory import StaffMember, load_staff_member
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.accounts import end_of, offer_roles
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import MAIL, PASSWORD, AccountForm
from pro_app.web.admin.invitation_page import show_invitation
from pro_app.web.problems import show_problems

WRITERS = access.staff("administrator", "coordinator")


@blueprint.get("/admin/accounts/new")
@WRITERS
def new_account() -> ResponseReturnValue:
    """Show the empty form of an account."""
    return render_template("admin/account_new.html", form=offer_roles(AccountForm()))


@blueprint.post("/admin/accounts/new")
@WRITERS
def add_account() -> ResponseReturnValue:
    """Make an account, and invite its owner or show its first password, once."""
    password = prepare_password(make_password())
    form = offer_roles(AccountForm())
    if not form.validate_on_submit():
        return render_template("admin/account_new.html", form=form), 400
    try:
        member, made = _make_account(form, password)
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_template("admin/account_new.html", form=form), 400
    if made is not None:
        return show_invitation(member, made)
    return render_template("admin/password.html", member=member, password=password.text, is_new=True)


def _make_account(form: AccountForm, password: NewPassword) -> tuple[StaffMember, MadeInvitation | None]:
    """Make the account, with its address and an invitation where one is wanted; raises InputRejected."""
    address = parse_staff_address(form.email.data)
    if form.way.data == MAIL and address is None:
        raise InputRejected((Problem(mark("Please write where the invitation goes."), place="email"),))
    new = NewAccount(
        username=form.username.data,
        display_name=form.display_name.data,
        language=form.language.data,
        role=form.role.data,
        site_id=form.site.data or None,
        ends_at=end_of(form.last_on.data),
    )
    parts, actor, now = this.parts(), this.actor(), this.now()
    account = create_account_with_role(this.session(), new, password=password, actor=actor, now=now)
    this.session().flush()
    if address is not None:
        save_staff_address(this.session(), account.id, address, vault=parts.vault, actor=actor, now=now)
    member = load_staff_member(this.session(), account.id, actor=this.actor())
    if form.way.data == PASSWORD:
        return member, None
    vault = parts.vault if form.way.data == MAIL else None
    return member, invite(
        this.session(), account.id, secret_key=parts.settings.secret_key, vault=vault, actor=actor, now=now
    )
