"""Signing in as a member of staff, one's own account, and the menu of the staff pages."""

from pro_app.web.auth import menu, routes
from pro_app.web.auth.face import blueprint

__all__ = ["blueprint", "menu", "routes"]
