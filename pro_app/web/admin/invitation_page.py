"""What is shown once an invitation is made: that it is on its way, or the sheet to print."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from pro_app.reminders.staff_mail.invitation_codes import make_invitation_address, write_invitation_code
from pro_app.services.invitations import MadeInvitation
from pro_app.services.staff_directory import StaffMember
from pro_app.web import request as this
from pro_app.web.qr_drawing import draw_qr


def show_invitation(member: StaffMember, made: MadeInvitation) -> ResponseReturnValue:
    """Say that an invitation is on its way, or show the one to print, once."""
    if made.is_mailed:
        words = gettext("The invitation for %(name)s is sent within a few minutes.", name=member.display_name)
        flash(words, "good")
        return redirect(url_for("admin.account", account_id=member.account_id))
    public_url = this.parts().settings.public_url
    return render_template(
        "admin/invitation.html",
        member=member,
        code=write_invitation_code(made.code),
        address=f"{public_url}/staff/invitation",
        qr=draw_qr(make_invitation_address(public_url, made.code)),
        expires_at=made.expires_at,
    )
