"""The administrator's pages: sites, accounts, amendments; the study coordinator applies amendments too."""

from pro_app.web.admin import accounts, amendments, sending, sites, wording
from pro_app.web.admin.face import blueprint

__all__ = ["accounts", "amendments", "blueprint", "sending", "sites", "wording"]
