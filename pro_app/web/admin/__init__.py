"""The administrator's pages: sites, accounts, amendments; the study coordinator applies amendments too."""

from pro_app.web.admin import (
    accounts,
    amendments,
    invitations,
    new_accounts,
    production,
    role_change,
    sending,
    sites,
    study,
    wording,
)
from pro_app.web.admin.face import blueprint

__all__ = [
    "accounts",
    "amendments",
    "blueprint",
    "invitations",
    "new_accounts",
    "production",
    "role_change",
    "sending",
    "sites",
    "study",
    "wording",
]
