"""The statistician's pages: data, releases and figures, and no way to any person or change of their data."""

from pro_app.web.statistician import comparison, figures, releases, routes, tokens
from pro_app.web.statistician.face import blueprint

__all__ = ["blueprint", "comparison", "figures", "releases", "routes", "tokens"]
