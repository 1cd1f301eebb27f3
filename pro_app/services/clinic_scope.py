"""Which sites a page of the clinic is about: the actor's own, or all of the study, or one of them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pro_app.audit.actor import Actor
from pro_app.errors import NotFound
from pro_app.storage.queries.participants import list_sites


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """One site that can be chosen in a filter."""

    site_id: int
    site_code: str
    name: str
    city: str


@dataclass(frozen=True, slots=True)
class ClinicScope:
    """A study and some of its sites; `site_ids` None means all of them, `sites` are those to choose from."""

    study_id: int
    site_ids: frozenset[int] | None
    sites: tuple[SiteChoice, ...]

    @property
    def named_site_ids(self) -> frozenset[int]:
        """Give the sites one by one, also where all are meant.

        With every site named a database goes from one to the next in an index, and past what it need not
        read of each; without, it reads the index from end to end.
        """
        return frozenset(site.site_id for site in self.sites) if self.site_ids is None else self.site_ids

    def site(self, site_id: int) -> SiteChoice:
        """Give one of the sites by its key."""
        return next(site for site in self.sites if site.site_id == site_id)


def load_scope(session: Session, *, actor: Actor, site_id: int | None = None) -> ClinicScope:
    """Give what the actor may see, narrowed to one site where `site_id` names it; raises NotFound."""
    if actor.study_id is None:
        raise NotFound("study")
    known = list_sites(session, study_id=actor.study_id, site_ids=actor.site_ids)
    if site_id is not None and site_id not in {site.id for site in known}:
        raise NotFound("site")
    choices = tuple(SiteChoice(site.id, site.site_code, site.name, site.city) for site in known)
    chosen = actor.site_ids if site_id is None else frozenset({site_id})
    return ClinicScope(actor.study_id, chosen, choices)
