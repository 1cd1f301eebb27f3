"""A tablet of the site on loan: what its participant sees beside the questionnaire, and the lock page."""

from pro_app.web.tablet import loan, lock
from pro_app.web.tablet.face import blueprint

__all__ = ["blueprint", "loan", "lock"]
