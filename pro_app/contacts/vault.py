"""Saving, finding and deleting contacts, each in a short transaction of the vault's own store."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cryptography.fernet import Fernet
from sqlalchemy import Delete, bindparam, delete, func, select, union_all

from pro_app.contacts.tables import ContactRecord, PushAddress
from pro_app.storage.database import Database

ContactKind = Literal["email", "telephone"]
KINDS: tuple[ContactKind, ...] = ("email", "telephone")


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person can be reached; either may be absent."""

    email: str | None
    telephone: str | None

    def value(self, kind: ContactKind) -> str | None:
        """Give the value of one kind."""
        return self.email if kind == "email" else self.telephone


NO_CONTACT = Contact(email=None, telephone=None)


_RECORDS = select(ContactRecord).where(ContactRecord.contact_ref == bindparam("contact_ref"))


@dataclass(frozen=True)
class ContactVault:
    """The vault's store and its key (any secret text; the cipher key is derived from it)."""

    database: Database
    secret: str = field(repr=False)

    def cipher(self) -> Fernet:
        """Make the cipher of everything that the vault keeps."""
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"cipher:" + self.secret.encode()).digest()))

    def digest(self, value: str) -> str:
        """Give the keyed digest (64 hexadecimal digits) by which equal values are found."""
        return hmac.new(b"digest:" + self.secret.encode(), value.encode(), hashlib.sha256).hexdigest()

    def save(self, contact_ref: str, contact: Contact, *, now: datetime) -> None:
        """Make `contact` what is known under `contact_ref`; doing it twice changes nothing more."""
        with self.database.writing() as session:
            for kind in KINDS:
                value = contact.value(kind)
                if value is None:
                    session.execute(_delete(contact_ref, kind))
                    continue
                session.merge(
                    ContactRecord(
                        contact_ref=contact_ref,
                        kind=kind,
                        ciphertext=self.cipher().encrypt(value.encode()),
                        value_digest=self.digest(_fold(value)),
                        saved_at=now,
                    )
                )

    def find(self, contact_ref: str) -> Contact:
        """Give what is known under `contact_ref`, possibly nothing."""
        with self.database.reading() as session:
            records = session.scalars(_RECORDS, {"contact_ref": contact_ref}).all()
        values = {r.kind: self.cipher().decrypt(r.ciphertext).decode() for r in records}
        return Contact(email=values.get("email"), telephone=values.get("telephone"))

    def list_sharing(self, contact_ref: str, contact: Contact) -> frozenset[str]:
        """List the other references that hold the same e-mail or telephone, to warn about them."""
        digests = [self.digest(_fold(v)) for v in (contact.email, contact.telephone) if v]
        with self.database.reading() as session:
            found = session.scalars(
                select(ContactRecord.contact_ref).where(
                    ContactRecord.value_digest.in_(digests), ContactRecord.contact_ref != contact_ref
                )
            ).all()
        return frozenset(found)

    def list_refs_saved_before(self, moment: datetime) -> frozenset[str]:
        """List the references under which nothing was saved at `moment` (aware UTC) or since."""
        known = union_all(
            select(ContactRecord.contact_ref, ContactRecord.saved_at),
            select(PushAddress.contact_ref, PushAddress.saved_at),
        ).subquery()
        statement = (
            select(known.c.contact_ref)
            .group_by(known.c.contact_ref)
            .having(func.max(known.c.saved_at) < moment)
        )
        with self.database.reading() as session:
            return frozenset(session.scalars(statement))

    def delete(self, contact_ref: str) -> None:
        """Forget what is known under `contact_ref`, the person's browsers too."""
        with self.database.writing() as session:
            session.execute(_delete(contact_ref, *KINDS))
            session.execute(delete(PushAddress).where(PushAddress.contact_ref == contact_ref))


def _fold(value: str) -> str:
    """Give the spelling by which contacts are compared: no mail provider tells apart capitals."""
    return value.lower()


def _delete(contact_ref: str, *kinds: ContactKind) -> Delete:
    return delete(ContactRecord).where(
        ContactRecord.contact_ref == contact_ref, ContactRecord.kind.in_(kinds)
    )
