"""A site as lists of several name it: some share a name, so the number and the town belong to it."""

from typing import Protocol


class NamedSite(Protocol):
    """Anything that names a site."""

    @property
    def site_code(self) -> str:
        """The number of the site in the study."""

    @property
    def name(self) -> str:
        """The name of the hospital."""

    @property
    def city(self) -> str:
        """The town."""


def site_words(site: NamedSite) -> str:
    """Name a site so that it is not taken for another: `15 – CHU, Montpellier`."""
    return f"{site.site_code} – {site.name}, {site.city}"
