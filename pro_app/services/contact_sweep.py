"""Deleting what enrolments that came to nothing left in the contact vault."""

from datetime import datetime, timedelta

from pro_app.contacts.vault import ContactVault
from pro_app.storage.database import Database
from pro_app.storage.queries.participants import list_contact_refs

LONGEST_ENROLMENT = timedelta(hours=1)
"""Far more than any request takes: a younger contact may belong to somebody about to be committed."""


def sweep_contacts(database: Database, vault: ContactVault, *, now: datetime) -> int:
    """Delete contacts older than an hour that belong to nobody; gives how many references went.

    Where not one contact belongs to anybody, nothing is deleted: that is a vault beside the wrong
    database, or beside one that is still to be restored, and not a vault full of orphans.
    """
    saved = vault.list_refs_saved_before(now - LONGEST_ENROLMENT)
    if not saved:
        return 0
    with database.reading() as session:
        held = list_contact_refs(session)
    if saved.isdisjoint(held):
        return 0
    orphans = saved - held
    for contact_ref in orphans:
        vault.delete(contact_ref)
    return len(orphans)
