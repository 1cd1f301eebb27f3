"""The menu of the staff pages: each role sees the pages that their own declarations open to it."""

from typing import Any

from flask import current_app, g, request, url_for
from flask_babel import lazy_gettext
from flask_login import current_user

from pro_app.services.site_tasks import count_tasks
from pro_app.services.staff_sessions import StaffSignIn
from pro_app.web import request as this
from pro_app.web.access import allowed_roles
from pro_app.web.auth.face import blueprint
from pro_app.web.auth.help_topics import find_topic
from pro_app.web.principals import HALF, STAFF
from pro_app.web.role_words import role_words
from pro_app.web.site_words import site_words
from pro_app.web.task_count import find_task_count

TASKS = "clinic.tasks"
TEXTS = "clinic.message_texts"
"""In the menu of those who work at a site only; the others find it beside the sending and the sites."""
RATES = "clinic.completion"
PAGES_OF_RATES = frozenset({"clinic.coming", "clinic.reports", "clinic.report"})
"""Pages about the response rate whose addresses do not say so."""
PAGES = (
    (TASKS, lazy_gettext("To do")),
    ("clinic.participants", lazy_gettext("Patients")),
    (RATES, lazy_gettext("Response rate")),
    ("clinic.sites", lazy_gettext("Sites compared")),
    ("clinic.clarifications", lazy_gettext("Corrections")),
    (TEXTS, lazy_gettext("What the messages say")),
    ("statistician.dataset", lazy_gettext("Data")),
    ("statistician.releases", lazy_gettext("Data releases")),
    ("statistician.figures", lazy_gettext("Figures")),
    ("statistician.tokens", lazy_gettext("Programs")),
    ("admin.study", lazy_gettext("Study")),
    ("admin.sites", lazy_gettext("Sites")),
    ("admin.accounts", lazy_gettext("Accounts")),
    ("admin.sending", lazy_gettext("Sending")),
    ("admin.amendments", lazy_gettext("Amendments")),
    ("admin.wording", lazy_gettext("Texts")),
)
FIRST_PAGES = {
    "administrator": "admin.sites",
    "coordinator": "clinic.sites",
    "statistician": "statistician.dataset",
    "nurse": TASKS,
    "investigator": TASKS,
}
FIRST_PAGE = "clinic.participants"


def first_page(role: str) -> str:
    """Give the address where a role starts its day."""
    return url_for(FIRST_PAGES.get(role, FIRST_PAGE))


def is_staff_signed_in() -> bool:
    """Tell whether a member of staff is signed in on this browser."""
    return bool(current_user) and current_user.is_authenticated and current_user.kind == STAFF


@blueprint.app_context_processor
def give_staff_menu() -> dict[str, Any]:
    """Give templates the arguments of `staff_bar`, or None where no member of staff has gone through."""
    is_through = is_staff_signed_in() and current_user.role != HALF
    return {"staff_nav": _staff_bar(this.staff()) if is_through else None}


def _staff_bar(staff: StaffSignIn) -> dict[str, Any]:
    return {
        "study": staff.study_code.upper(),
        "site": staff.site_name,
        "items": [
            {
                "label": label,
                "url": url_for(endpoint),
                "current": _is_current(endpoint),
                "count": _count_tasks(staff) if endpoint == TASKS else None,
            }
            for endpoint, label in PAGES
            if _is_open_to(endpoint, staff.role) and (endpoint != TEXTS or staff.site_id is not None)
        ],
        "account": staff.display_name,
        "account_url": url_for("auth.account"),
        "sign_out_url": url_for("auth.sign_out"),
        "home_url": first_page(staff.role),
        "help_url": url_for("auth.help_on", topic=find_topic(request.endpoint)),
    }


def _count_tasks(staff: StaffSignIn) -> int | None:
    """Count what a member of a site is asked to do.

    None for those of all sites, who do none of it, and on an error page, whose transaction is over.
    """
    if staff.site_id is None or "session" not in g or not this.session().in_transaction():
        return None
    if (counted := find_task_count()) is not None:
        return counted
    return count_tasks(this.session(), actor=this.actor(), now=this.now())


def _is_open_to(endpoint: str, role: str) -> bool:
    return role in (allowed_roles(current_app, endpoint) or ())


def _is_current(endpoint: str) -> bool:
    """Tell whether the page asked for lies at or below this entry, and below no longer one."""
    if request.endpoint in PAGES_OF_RATES:
        return endpoint == RATES
    own = url_for(endpoint)
    below = [url for other, _label in PAGES if request.path.startswith(url := url_for(other))]
    return own == max(below, key=len, default=None)


blueprint.add_app_template_global(role_words)
blueprint.add_app_template_global(site_words)
