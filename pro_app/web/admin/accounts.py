"""The pages of accounts: who works in the study, new ones, roles given and taken, accounts closed."""

from typing import TypeVar

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import SelectChoice

from pro_app.errors import InputRejected, NotFound, NotPermitted
from pro_app.services.account_passwords import change_password
from pro_app.services.account_rules import ROLES
from pro_app.services.accounts import NewAccount, create_account_with_role, disable_account, enable_account
from pro_app.services.passwords import make_password, prepare_password
from pro_app.services.sites import count_by_site
from pro_app.services.staff_directory import HeldRole, StaffMember, list_staff, load_staff_member
from pro_app.services.staff_roles import grant_role, revoke_role
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import NO_SITE, AccountForm, RoleForm
from pro_app.web.problems import problem_words, show_problems
from pro_app.web.role_words import role_words

Form = TypeVar("Form", bound=RoleForm)


@blueprint.get("/admin/accounts")
@access.staff("administrator", "coordinator")
def accounts() -> ResponseReturnValue:
    """Show everybody who has or had a role in the study."""
    return render_template(
        "admin/accounts.html", members=list_staff(this.session(), study_id=this.staff().study_id)
    )


@blueprint.get("/admin/accounts/new")
@access.staff("administrator")
def new_account() -> ResponseReturnValue:
    """Show the empty form of an account."""
    return render_template("admin/account_new.html", form=_offer_roles(AccountForm()))


@blueprint.post("/admin/accounts/new")
@access.staff("administrator")
def add_account() -> ResponseReturnValue:
    """Make an account and show its first password, once."""
    password = prepare_password(make_password())
    form = _offer_roles(AccountForm())
    if not form.validate_on_submit():
        return render_template("admin/account_new.html", form=form), 400
    new = NewAccount(
        username=form.username.data,
        display_name=form.display_name.data,
        language=form.language.data,
        role=form.role.data,
        site_id=form.site.data or None,
    )
    try:
        account = create_account_with_role(
            this.session(), new, password=password, actor=this.actor(), now=this.now()
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return render_template("admin/account_new.html", form=form), 400
    member = load_staff_member(this.session(), account.id, actor=this.actor())
    return render_template("admin/password.html", member=member, password=password.text, is_new=True)


@blueprint.get("/admin/accounts/<int:account_id>")
@access.staff("administrator")
def account(account_id: int) -> ResponseReturnValue:
    """Show one account with its roles."""
    return _render_account(_load(account_id), _offer_roles(RoleForm()))


@blueprint.post("/admin/accounts/<int:account_id>/roles")
@access.staff("administrator")
def give_role(account_id: int) -> ResponseReturnValue:
    """Give the account one more role."""
    member = _load(account_id)
    form = _offer_roles(RoleForm())
    if not form.validate_on_submit():
        return _render_account(member, form, status=400)
    try:
        grant_role(
            this.session(),
            account_id=account_id,
            study_id=this.staff().study_id,
            role=form.role.data,
            site_id=form.site.data or None,
            actor=this.actor(),
            now=this.now(),
        )
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render_account(member, form, status=400)
    words = role_words(form.role.data)
    flash(gettext("%(name)s now has the role %(role)s.", name=member.display_name, role=words), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/take")
@access.staff("administrator")
def confirm_take_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Ask before a role is taken away."""
    member = _load(account_id)
    held = _find_role(member, staff_role_id)
    return render_template("admin/take_role.html", member=member, held=held)


@blueprint.post("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/take")
@access.staff("administrator")
def take_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Take a role away."""
    member = _load(account_id)
    _find_role(member, staff_role_id)
    try:
        revoke_role(this.session(), staff_role_id=staff_role_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return _render_refusal(member, rejected)
    flash(gettext("The role was taken away. %(name)s has been signed out.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/close")
@access.staff("administrator")
def confirm_close(account_id: int) -> ResponseReturnValue:
    """Ask before an account is closed."""
    return render_template("admin/close.html", member=_load(account_id))


@blueprint.post("/admin/accounts/<int:account_id>/close")
@access.staff("administrator")
def close(account_id: int) -> ResponseReturnValue:
    """Close an account."""
    member = _load(account_id)
    try:
        disable_account(this.session(), account_id=account_id, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        return _render_refusal(member, rejected)
    flash(gettext("The account of %(name)s is closed.", name=member.display_name), "good")
    return redirect(url_for("admin.accounts"))


@blueprint.post("/admin/accounts/<int:account_id>/open")
@access.staff("administrator")
def reopen(account_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    member = _load(account_id)
    enable_account(this.session(), account_id=account_id, actor=this.actor(), now=this.now())
    flash(gettext("The account of %(name)s is open again.", name=member.display_name), "good")
    return redirect(url_for("admin.account", account_id=account_id))


@blueprint.get("/admin/accounts/<int:account_id>/password")
@access.staff("administrator")
def confirm_password(account_id: int) -> ResponseReturnValue:
    """Ask before a new password is made; one's own is changed on the page of one's own account."""
    if account_id == this.staff().account_id:
        return redirect(url_for("auth.account"))
    return render_template("admin/confirm_password.html", member=_load(account_id))


@blueprint.post("/admin/accounts/<int:account_id>/password")
@access.staff("administrator")
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
        return _render_refusal(member, rejected)
    return render_template("admin/password.html", member=member, password=password.text, is_new=False)


def _load(account_id: int) -> StaffMember:
    return load_staff_member(this.session(), account_id, actor=this.actor())


def _find_role(member: StaffMember, staff_role_id: int) -> HeldRole:
    """Give one of the member's roles in this study; raises NotFound for any other."""
    for held in member.roles:
        if held.staff_role_id == staff_role_id:
            return held
    raise NotFound("role")


def _offer_roles(form: Form) -> Form:
    """Fill in the roles and the sites that can be chosen."""
    form.role.choices = [SelectChoice(role, role_words(role)) for role in ROLES]
    sites = [count.site for count in count_by_site(this.session(), study_id=this.staff().study_id)]
    form.site.choices = [
        SelectChoice(NO_SITE, gettext("All sites")),
        *(SelectChoice(site.id, f"{site.site_code} – {site.name}, {site.city}") for site in sites),
    ]
    return form


def _render_account(member: StaffMember, form: RoleForm, *, status: int = 200) -> ResponseReturnValue:
    own = member.account_id == this.staff().account_id
    return render_template("admin/account.html", member=member, form=form, own=own), status


def _render_refusal(member: StaffMember, rejected: InputRejected) -> ResponseReturnValue:
    """Show why an act on an account was refused; nothing was changed."""
    reasons = [problem_words(problem) for problem in rejected.problems]
    return render_template("admin/refusal.html", member=member, reasons=reasons), 409
