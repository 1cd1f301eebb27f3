"""Forms that hold the rows of a tidy table: what is known of a person, of an event, of a visit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from pro_app.exports.odm.elements import element, translated, yes_no
from pro_app.exports.tables.assessments import ASSESSMENTS
from pro_app.exports.tables.column import PERSON_KEYS, VISIT_KEYS, Column, ColumnType, TableDefinition
from pro_app.exports.tables.events import EVENTS
from pro_app.exports.tables.participants import PARTICIPANTS

_DATA_TYPES: Mapping[ColumnType, str] = {
    "text": "text",
    "integer": "integer",
    "number": "double",
    "flag": "boolean",
    "date": "date",
    "datetime": "datetime",
}
_LONGEST_TEXT = "500"


@dataclass(frozen=True)
class RecordForm:
    """A table as a form with one group of items; `keys` stand in the elements around it."""

    name: str
    table: TableDefinition
    keys: tuple[Column, ...]
    repeating: bool = False

    @property
    def form_oid(self) -> str:
        """The OID of the form."""
        return f"F.{self.name}"

    @property
    def group_oid(self) -> str:
        """The OID of its one group of items."""
        return f"IG.{self.name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are items of the form."""
        return tuple(column for column in self.table.columns if column not in self.keys)

    def item_oid(self, column: Column) -> str:
        """Give the OID of a column."""
        return f"IT.{self.name}.{column.name}"


PERSON = RecordForm("PARTICIPANT", PARTICIPANTS, PERSON_KEYS)
EVENT = RecordForm("EVENT", EVENTS, PERSON_KEYS, repeating=True)
ASSESSMENT = RecordForm("ASSESSMENT", ASSESSMENTS, VISIT_KEYS)
RECORD_FORMS = (PERSON, EVENT, ASSESSMENT)


def make_record_form(form: RecordForm) -> etree._Element:
    """Make the definition of the form."""
    reference = element("ItemGroupRef", ItemGroupOID=form.group_oid, Mandatory="No", OrderNumber="1")
    labels = translated("Description", {"fr": form.table.fr, "en": form.table.en})
    return element("FormDef", labels, reference, OID=form.form_oid, Name=form.table.name, Repeating="No")


def make_record_group(form: RecordForm) -> etree._Element:
    """Make the definition of the form's group of items."""
    references = [
        element("ItemRef", ItemOID=form.item_oid(column), Mandatory="No", OrderNumber=str(place))
        for place, column in enumerate(form.columns, start=1)
    ]
    repeating = yes_no(form.repeating)
    return element("ItemGroupDef", *references, OID=form.group_oid, Name=form.table.name, Repeating=repeating)


def make_record_items(form: RecordForm, code_lists: Mapping[str, object]) -> Iterator[etree._Element]:
    """Make the definition of each column; `code_lists` are those that the file has, by name."""
    for column in form.columns:
        parts = [translated("Description", {"fr": column.fr, "en": column.en})]
        if code_lists.get(column.codes):
            parts.append(element("CodeListRef", CodeListOID=f"CL.{column.codes}"))
        attributes = {"OID": form.item_oid(column), "Name": f"{form.table.name}.{column.name}"}
        attributes["DataType"] = _DATA_TYPES[column.type]
        if column.type == "text":
            attributes["Length"] = _LONGEST_TEXT
        yield element("ItemDef", *parts, **attributes)
