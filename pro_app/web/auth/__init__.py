"""Signing in as a member of staff, one's own account, and the menu of the staff pages."""

from pro_app.web.auth import digest, help_pages, invitation, menu, passkeys, routes, second_factor
from pro_app.web.auth.face import blueprint

__all__ = ["blueprint", "digest", "help_pages", "invitation", "menu", "passkeys", "routes", "second_factor"]
