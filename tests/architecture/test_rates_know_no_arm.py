"""Live rates are never by arm: what counts them does not even know the word."""

import re

from architecture.repository_files import list_files, say

ARM = re.compile(r"\barms?\b|_arms?\b|\barms?_", re.IGNORECASE)
FOLDERS = ("pro_app/compliance", "pro_app/services/completion", "pro_app/services/missing_data")
MODULES = (
    "pro_app/services/standings.py",
    "pro_app/storage/queries/form_standings.py",
    "pro_app/storage/tables/form_standings.py",
    "pro_app/web/clinic/completion.py",
    "pro_app/web/clinic/rate_filters.py",
    "pro_app/web/clinic/sites.py",
)


def test_what_counts_live_rates_never_names_an_arm() -> None:
    looked_at = [
        path
        for path in list_files("pro_app", suffixes=(".py",))
        if say(path).startswith(tuple(f"{folder}/" for folder in FOLDERS)) or say(path) in MODULES
    ]
    assert len(looked_at) > len(MODULES) + len(FOLDERS)
    offenders = [say(path) for path in looked_at if ARM.search(path.read_text(encoding="utf-8"))]
    assert offenders == []
