"""Datasets and their variables in define.xml."""

from odmlib.define_2_1 import model as define

from pro_app.exports.cdisc.dataset import CdiscDataset, Variable
from pro_app.exports.cdisc.files.define_parts import (
    comment_oid,
    describe,
    list_oid,
    make_comment,
    make_method,
    make_origin,
    method_oid,
)
from pro_app.exports.cdisc.identifiers import group_oid, item_oid
from pro_app.exports.cdisc.measure import Measure

INTEGER_LENGTH, FLOAT_LENGTH, DECIMALS = 8, 18, 14
"""The most digits that our numbers are written with; a double needs 17 of them."""


def make_group(
    dataset: CdiscDataset, measure: Measure, *, file: str, standard_oid: str
) -> define.ItemGroupDef:
    """Describe a dataset, its variables in their order and the file that it lies in."""
    leaf = define.leaf(ID=f"LF.{dataset.name}", href=file, title=define.title(_content=file))
    group = define.ItemGroupDef(
        OID=group_oid(dataset.name),
        Name=dataset.name,
        Repeating="No" if dataset.keys[-1] == "USUBJID" else "Yes",
        IsReferenceData="Yes" if dataset.reference else "No",
        SASDatasetName=dataset.name,
        Purpose="Tabulation" if dataset.standard == "SDTM" else "Analysis",
        Structure=dataset.structure,
        ArchiveLocationID=leaf.ID,
        StandardOID=standard_oid,
        Description=describe(dataset.label),
        leaf=leaf,
    )
    if dataset.standard == "SDTM":
        group.Domain = dataset.name.removeprefix("SUPP")
    if not measure.rows:
        group.HasNoData = "Yes"
    if dataset.comment:
        group.CommentOID = comment_oid(dataset.name)
    group.Class = define.Class(Name=dataset.class_name)
    if dataset.sub_class:
        group.Class.SubClass.append(define.SubClass(Name=dataset.sub_class, ParentClass=dataset.class_name))
    group.ItemRef.extend(
        _reference(dataset, variable, number, measure=measure)
        for number, variable in enumerate(dataset.variables, start=1)
    )
    return group


def add_items(
    metadata: define.MetaDataVersion, dataset: CdiscDataset, measure: Measure, *, value_lists: dict[str, str]
) -> None:
    """Add the variables of a dataset with their methods and comments; `value_lists` is OID by variable."""
    if dataset.comment:
        metadata.CommentDef.append(make_comment(dataset.name, dataset.comment))
    for variable in dataset.variables:
        item = _item(dataset, variable, length=measure.length_of(variable.name))
        if variable.name in value_lists:
            item.ValueListRef = define.ValueListRef(ValueListOID=value_lists[variable.name])
        metadata.ItemDef.append(item)
        name = f"{dataset.name}.{variable.name}"
        if variable.method:
            metadata.MethodDef.append(make_method(name, variable.method))
        if variable.comment:
            metadata.CommentDef.append(make_comment(name, variable.comment))


def add_size(item: define.ItemDef, *, length: int, digits: int | None) -> None:
    """Say how long values are; dates and durations have no length."""
    if item.DataType == "text":
        item.Length = length
    elif item.DataType == "integer":
        item.Length = INTEGER_LENGTH
    elif item.DataType == "float":
        item.Length = FLOAT_LENGTH
        item.SignificantDigits = DECIMALS if digits is None else digits


def _reference(dataset: CdiscDataset, variable: Variable, number: int, *, measure: Measure) -> define.ItemRef:
    reference = define.ItemRef(
        ItemOID=item_oid(dataset.name, variable.name),
        OrderNumber=number,
        Mandatory="Yes" if variable.mandatory else "No",
    )
    if variable.name in dataset.keys:
        reference.KeySequence = dataset.keys.index(variable.name) + 1
    if variable.method:
        reference.MethodOID = method_oid(f"{dataset.name}.{variable.name}")
    if variable.role and dataset.standard == "SDTM":
        reference.Role = variable.role
    if variable.name not in measure.filled:
        reference.HasNoData = "Yes"
    return reference


def _item(dataset: CdiscDataset, variable: Variable, *, length: int) -> define.ItemDef:
    name = f"{dataset.name}.{variable.name}"
    item = define.ItemDef(
        OID=item_oid(dataset.name, variable.name), Name=variable.name, DataType=variable.data_type
    )
    add_size(item, length=length, digits=variable.significant_digits)
    item.SASFieldName = variable.name
    if variable.display_format:
        item.DisplayFormat = variable.display_format
    if variable.comment:
        item.CommentOID = comment_oid(name)
    item.Description = describe(variable.label)
    if variable.codelist:
        item.CodeListRef = define.CodeListRef(CodeListOID=list_oid(variable.codelist))
    item.Origin.append(make_origin(variable))
    return item
