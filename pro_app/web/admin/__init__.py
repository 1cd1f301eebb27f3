"""The administrator's pages: sites and accounts; the study coordinator sees them and changes nothing."""

from pro_app.web.admin import accounts, sites
from pro_app.web.admin.face import blueprint

__all__ = ["accounts", "blueprint", "sites"]
