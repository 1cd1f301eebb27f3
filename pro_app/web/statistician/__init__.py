"""The statistician's pages: one download, and no way to any person or any change of their data."""

from pro_app.web.statistician import routes
from pro_app.web.statistician.face import blueprint

__all__ = ["blueprint", "routes"]
