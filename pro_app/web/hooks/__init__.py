"""Where the programs of providers report what became of messages; there only if a secret is set."""

from pro_app.web.hooks.messages import blueprint

__all__ = ["blueprint"]
