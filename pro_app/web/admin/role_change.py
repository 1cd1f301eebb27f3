"""The page on which a role becomes another one, or that of another site."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.clock import civil_date
from pro_app.errors import InputRejected
from pro_app.services.role_changes import WantedRole, change_role
from pro_app.services.staff_directory import HeldRole, StaffMember, load_staff_member
from pro_app.web import access
from pro_app.web import request as this
from pro_app.web.admin.accounts import end_of, find_role, offer_roles
from pro_app.web.admin.face import blueprint
from pro_app.web.admin.forms import NO_SITE, RoleForm
from pro_app.web.locale import DEFAULT_ZONE
from pro_app.web.problems import show_problems
from pro_app.web.role_words import role_words

WRITERS = access.staff("administrator", "coordinator")


@blueprint.get("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/change")
@WRITERS
def edit_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Show the role as it is, to be changed."""
    member, held = _load(account_id, staff_role_id)
    last = held.last_moment
    form = RoleForm(
        formdata=None,
        role=held.role,
        site=held.site_id or NO_SITE,
        last_on=civil_date(last, DEFAULT_ZONE) if last else None,
    )
    return _render(member, held, offer_roles(form))


@blueprint.post("/admin/accounts/<int:account_id>/roles/<int:staff_role_id>/change")
@WRITERS
def save_role(account_id: int, staff_role_id: int) -> ResponseReturnValue:
    """Put another role in the place of this one."""
    member, held = _load(account_id, staff_role_id)
    form = offer_roles(RoleForm())
    if not form.validate_on_submit():
        return _render(member, held, form, status=400)
    wanted = WantedRole(form.role.data, form.site.data or None, end_of(form.last_on.data))
    try:
        change_role(this.session(), staff_role_id, wanted, actor=this.actor(), now=this.now())
    except InputRejected as rejected:
        show_problems(form, rejected)
        return _render(member, held, form, status=400)
    words = gettext(
        "%(name)s now has the role %(role)s.", name=member.display_name, role=role_words(wanted.role)
    )
    flash(f"{words} {gettext('The person has been signed out.')}", "good")
    return redirect(url_for("admin.account", account_id=account_id))


def _load(account_id: int, staff_role_id: int) -> tuple[StaffMember, HeldRole]:
    member = load_staff_member(this.session(), account_id, actor=this.actor())
    return member, find_role(member, staff_role_id)


def _render(member: StaffMember, held: HeldRole, form: RoleForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("admin/role_change.html", member=member, held=held, form=form), status
