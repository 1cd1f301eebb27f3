"""What whoever analyses a dataset has to know, gathered while it is made."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark; empty places mean that it is about all of them."""

    code: str
    fr: str
    en: str
    table: str | None = None
    site: str | None = None
    participant_code: str | None = None
    visit_code: str | None = None

    def as_row(self, study: str) -> dict[str, object]:
        """Give the row of the table `remarks`."""
        row = asdict(self)
        return row | {"study": study, "remark_fr": row.pop("fr"), "remark_en": row.pop("en")}
