"""The read-only interface for programs (R, SAS): releases and their tables, under a personal token."""

from pro_app.web.api import datasets, description, releases, tables
from pro_app.web.api.face import blueprint
from pro_app.web.api.problems import init_problems

init_problems(blueprint)

__all__ = ["blueprint", "datasets", "description", "releases", "tables"]
