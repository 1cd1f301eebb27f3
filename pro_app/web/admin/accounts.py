"""The pages of accounts: who works in the study, new ones, roles given and taken, accounts closed."""

from datetime import date, datetime
from typing import TypeVar

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectChoice

from pro_app.clock import end_of_day
from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.account_passwords import change_password
from pro_app.services.account_reach import is_changeable
from pro_app.services.account_rules import list_grantable_roles
from pro_app.services.accounts import disable_account, enable_account
from pro_app.services.invitations import find_open_invitation
from pro_app.services.passwords import make_password, prepare_password
from pro_app.services.second_factors.records import find_second_factor_state
from pro_app.services.second_factors.removal import reset_second_factor
from pro_app.services.sites import count_by_site
from pro_app.services.staff_addresses import (
    find_staff_address,
)
from pro_app.services.staff_directory import HeldRole, StaffMember, list_staff, load_staff_member
from pro_app.services.staff_roles import grant_role, revoke_role
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import NO_SITE, AddressForm, RoleForm
from pro_app.web.locale import DEFAULT_ZONE
from pro_app.web.problems import problem_words, show_problems
from pro_app.web.role_words import role_words

Form = TypeVar("Form", bound=RoleForm)
WRITERS = access.staff("administrator", "coordinator")
"""Which accounts a coordinator may change, the services decide: none of administrators and coordinators."""


@blueprint.get("/admin/accounts")
@access.staff("administrator", "coordinator")
def accounts() -> ResponseReturnValue:
    """Show everybody who has or had a role in the study."""
    return render_template(
        "admin/accounts.html",
        members=list_staff(this.session(), study_id=this.staff().study_id),
        now=this.now(),
    )


@blueprint.get("/admin/accounts/<int:account_id>")
@WRITERS
def account(account_id: int) -> ResponseReturnValue:
    """Show one account with its roles."""
    return render_account(_load(account_id), offer_roles(RoleForm()))


@blueprint.post("/admin/accounts/<int:account_id>/roles")
@WRITERS
def give_role(account_id: int) -> ResponseReturnValue:
    """Give the account one more role."""
    member = _load(account_id)
    form = offer_roles(RoleForm())
    if not form.validate_on_submit():
        return render_account(member, form, status=400)
    try:
        grant_role(
            this.session(),
            account_id=account_id,
            study_id=this.staff().study_id,
            role=form.role.data,
            site_id=form.site.data or None,
            actor=this.actor(),
            now=this.now(),
            ends_at=end_of(form.last_on.data),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_account(member, form, status=400)
    words = role_words(form.role.data)
    flash(gettext("%(name)s now has the role %(role)s.", name=member.display_name, role=words), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/take")
@WRITERS
def confirm_take_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Ask before a role is taken away."""
    member = _load(account_id)
    held = find_role(member, staff_role_id)
    return render_template("admin/take_role.html", member=member, held=held)


@blueprint.post("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/take")
@WRITERS
def take_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Take a role away."""
    member = _load(account_id)
    find_role(member, staff_role_id)
    try:
        revoke_role(this.session(), staff_role_id=staff_role_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return render_refusal(member, rejected)
    flash(gettext("The role was taken away. %(name)s has been signed out.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/close")
@WRITERS
def confirm_close(account_id: int) -> ResponseReturnValue:
    """Ask before an account is closed."""
    return render_template("admin/close.html", member=_load(account_id))


@blueprint.post("/admin/accounts/<int:account_id>/close")
@WRITERS
def close(account_id: int) -> ResponseReturnValue:
    """Close an account."""
    member = _load(account_id)
    try:
        disable_account(this.session(), account_id=account_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return render_refusal(member, rejected)
    flash(gettext("The account of %(name)s is closed.", name=member.display_name), "good")
    return redirect(url_for("admin.accounts"))


@blueprint.post("/admin/accounts/<int:account_id>/open")
@WRITERS
def reopen(account_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    member = _load(account_id)
    enable_account(this.session(), account_id=account_id, actor=this.actor(), now=this.now())
    flash(gettext("The account of %(name)s is open again.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/password")
@WRITERS
def confirm_password(account_id: int) -> ResponseReturnValue:
    """Ask before a new password is made; one's own is changed on the page of one's own account."""
    if account_id == this.staff().account_id:
        return redirect(url_for("auth.account"))
    return render_template("admin/confirm_password.html", member=_load(account_id))


@blueprint.post("/admin/accounts/<int:account_id>/password")
@WRITERS
def new_password(account_id: int) -> ResponseReturnValue:
    """Make a new password that nobody chose, and show it once."""
    password = prepare_password(make_password())
    member = _load(account_id)
    if account_id == this.staff().account_id:
        raise NotPermitted("reset own password")
    try:
        change_password(
            this.session(), account_id=account_id, password=password, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        return render_refusal(member, rejected)
    return render_template("admin/password.html", member=member, password=password.text, is_new=False)


@blueprint.get("/admin/accounts/<int:account_id>/second-factor")
@WRITERS
def confirm_reset(account_id: int) -> ResponseReturnValue:
    """Ask before somebody's second factor is reset; one's own is changed on the page of one's own account."""
    if account_id == this.staff().account_id:
        return redirect(url_for("auth.account"))
    return render_template("admin/reset_second_factor.html", member=_load(account_id))


@blueprint.post("/admin/accounts/<int:account_id>/second-factor")
@WRITERS
def reset(account_id: int) -> ResponseReturnValue:
    """Reset somebody's second factor, who sets up another one at the next sign-in."""
    member = _load(account_id)
    try:
        reset_second_factor(this.session(), account_id=account_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return render_refusal(member, rejected)
    flash(gettext("%(name)s sets up another phone at the next sign-in.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


def _load(account_id: int) -> StaffMember:
    return load_staff_member(this.session(), account_id, actor=this.actor())


def find_role(member: StaffMember, staff_role_id: int) -> HeldRole:
    """Give one of the member's roles in this study; raises NotFound for any other."""
    for held in member.roles:
        if held.staff_role_id == staff_role_id:
            return held
    raise NotFound("role")


def offer_roles(form: Form) -> Form:
    """Fill in the roles and the sites that can be chosen."""
    form.role.choices = [
        SelectChoice(role, role_words(role)) for role in list_grantable_roles(this.staff().role)
    ]
    sites = [count.site for count in count_by_site(this.session(), study_id=this.staff().study_id)]
    form.site.choices = [
        SelectChoice(NO_SITE, gettext("All sites")),
        *(SelectChoice(site.id, f"{site.site_code} – {site.name}, {site.city}") for site in sites),
    ]
    return form


def render_account(
    member: StaffMember, form: RoleForm, *, address_form: AddressForm | None = None, status: int = 200
) -> ResponseReturnValue:
    """Show one account; `address_form` is one that was refused."""
    session, vault = this.session(), this.parts().vault
    if address_form is None:
        address = find_staff_address(session, vault, member.account_id)
        address_form = AddressForm(formdata=None, email=address)
    page = render_template(
        "admin/account.html",
        member=member,
        form=form,
        address_form=address_form,
        invitation=find_open_invitation(session, member.account_id),
        own=member.account_id == this.staff().account_id,
        may_change=is_changeable(session, member.account_id, actor=this.actor(), now=this.now()),
        second_factor=find_second_factor_state(session, member.account_id),
        now=this.now(),
    )
    return page, status


def end_of(last_on: date | None) -> datetime | None:
    """Give when the last day is over where the staff's times are shown; None for an open end."""
    return end_of_day(last_on, DEFAULT_ZONE) if last_on else None


def render_refusal(member: StaffMember, rejected: InputRejected) -> ResponseReturnValue:
    """Show why an act on an account was refused; nothing was changed."""
    reasons = [problem_words(problem) for problem in rejected.problems]
    return render_template("admin/refusal.html", member=member, reasons=reasons), 409
