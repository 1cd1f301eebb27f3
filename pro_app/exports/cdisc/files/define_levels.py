"""Value level metadata in define.xml: what a variable holds where another one has certain values."""

from collections.abc import Sequence

from odmlib.define_2_1 import model as define

from pro_app.exports.cdisc.codelist import ValueLevel
from pro_app.exports.cdisc.dataset import CdiscDataset
from pro_app.exports.cdisc.files.define_items import add_size
from pro_app.exports.cdisc.files.define_parts import (
    comment_oid,
    list_oid,
    make_comment,
    make_method,
    method_oid,
)
from pro_app.exports.cdisc.identifiers import item_oid


def value_list_oid(dataset: str, variable: str) -> str:
    """Give the OID of a variable's value list."""
    return f"VL.{dataset}.{variable}"


def add_levels(
    metadata: define.MetaDataVersion, dataset: CdiscDataset, levels: Sequence[ValueLevel], *, longest: int
) -> None:
    """Add value lists, their items and the conditions to the metadata.

    `longest` is the length in bytes that texts without their own have.
    """
    conditions: dict[tuple[str, tuple[str, ...]], str] = {}
    for variable in dict.fromkeys(level.variable for level in levels):
        own = [level for level in levels if level.variable == variable]
        value_list = define.ValueListDef(OID=value_list_oid(dataset.name, variable))
        for number, level in enumerate(own, start=1):
            key = (level.where, level.values)
            if key not in conditions:
                conditions[key] = f"WC.{dataset.name}.{level.where}.{len(conditions) + 1}"
                metadata.WhereClauseDef.append(_condition(dataset, level, conditions[key]))
            value_list.ItemRef.append(_reference(dataset, level, number, condition=conditions[key]))
            _add_item(metadata, dataset, level, name=f"{dataset.name}.{variable}.{number}", longest=longest)
        metadata.ValueListDef.append(value_list)


def _condition(dataset: CdiscDataset, level: ValueLevel, oid: str) -> define.WhereClauseDef:
    check = define.RangeCheck(
        Comparator="EQ" if len(level.values) == 1 else "IN",
        SoftHard="Soft",
        ItemOID=item_oid(dataset.name, level.where),
    )
    check.CheckValue.extend(define.CheckValue(_content=value) for value in level.values)
    return define.WhereClauseDef(OID=oid, RangeCheck=[check])


def _reference(dataset: CdiscDataset, level: ValueLevel, number: int, *, condition: str) -> define.ItemRef:
    name = f"{dataset.name}.{level.variable}.{number}"
    reference = define.ItemRef(ItemOID=f"IT.{name}", OrderNumber=number, Mandatory="No")
    if level.method:
        reference.MethodOID = method_oid(name)
    reference.WhereClauseRef.append(define.WhereClauseRef(WhereClauseOID=condition))
    return reference


def _add_item(
    metadata: define.MetaDataVersion, dataset: CdiscDataset, level: ValueLevel, *, name: str, longest: int
) -> None:
    item = define.ItemDef(OID=f"IT.{name}", Name=level.variable, DataType=level.data_type)
    add_size(item, length=longest, digits=level.significant_digits)
    item.SASFieldName = dataset.variables_by_name[level.variable].name
    if level.comment:
        item.CommentOID = comment_oid(name)
        metadata.CommentDef.append(make_comment(name, level.comment))
    if level.codelist:
        item.CodeListRef = define.CodeListRef(CodeListOID=list_oid(level.codelist))
    item.Origin.append(define.Origin(Type=level.origin, Source=level.source))
    if level.method:
        metadata.MethodDef.append(make_method(name, level.method))
    metadata.ItemDef.append(item)
