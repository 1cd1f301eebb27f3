"""What people DO: one function per use case, with session, actor and time as arguments."""

from sqlalchemy.orm import Session

from pro_app.storage.database import Database

__all__ = ["Database", "Session"]
# Pages take these two names from here, since they may not import SQLAlchemy or the storage.
