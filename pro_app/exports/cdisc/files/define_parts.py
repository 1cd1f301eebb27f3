"""The small pieces of define.xml: texts, origins, methods, comments, lists of values."""

from typing import TypeVar

from odmlib.define_2_1 import model as define

from pro_app.exports.cdisc.codelist import Codelist, Term
from pro_app.exports.cdisc.dataset import Variable

LANGUAGE = "en"
TERMINOLOGY_OID = "STD.CT"
_Item = TypeVar("_Item", define.CodeListItem, define.EnumeratedItem)


def describe(text: str) -> define.Description:
    """Give a description in English."""
    return define.Description(TranslatedText=[_translated(text)])


def make_origin(variable: Variable) -> define.Origin:
    """Say where the values of a variable come from."""
    origin = define.Origin(Type=variable.origin)
    if variable.source:
        origin.Source = variable.source
    if variable.predecessor:
        origin.Description = describe(variable.predecessor)
    return origin


def make_method(name: str, text: str) -> define.MethodDef:
    """Give the method MT.`name`."""
    return define.MethodDef(
        OID=method_oid(name), Name=f"Derivation of {name}", Type="Computation", Description=describe(text)
    )


def make_comment(name: str, text: str) -> define.CommentDef:
    """Give the comment COM.`name`."""
    return define.CommentDef(OID=comment_oid(name), Description=describe(text))


def make_code_list(codelist: Codelist) -> define.CodeList:
    """Give a list of values; terms of the sponsor's own in a list of CDISC are marked as extending it."""
    element = define.CodeList(OID=list_oid(codelist.code), Name=codelist.label, DataType=codelist.data_type)
    if codelist.nci_code:
        element.StandardOID = TERMINOLOGY_OID
        element.Alias.append(_alias(codelist.nci_code))
    else:
        element.IsNonStandard = "Yes"
    decoded = any(term.decode for term in codelist.terms)
    for number, term in enumerate(codelist.terms, start=1):
        if decoded:
            element.CodeListItem.append(_mark(_decoded_item(term), term, codelist, number=number))
        else:
            plain = define.EnumeratedItem(CodedValue=term.value)
            element.EnumeratedItem.append(_mark(plain, term, codelist, number=number))
    return element


def method_oid(name: str) -> str:
    """Give the OID of a method."""
    return f"MT.{name}"


def comment_oid(name: str) -> str:
    """Give the OID of a comment."""
    return f"COM.{name}"


def list_oid(code: str) -> str:
    """Give the OID of a list of values."""
    return f"CL.{code}"


def _mark(item: _Item, term: Term, codelist: Codelist, *, number: int) -> _Item:
    item.OrderNumber = number
    if codelist.nci_code and term.extended:
        item.ExtendedValue = "Yes"
    elif term.nci_code:
        item.Alias.append(_alias(term.nci_code))
    return item


def _decoded_item(term: Term) -> define.CodeListItem:
    decode = define.Decode(TranslatedText=[_translated(term.decode or term.value)])
    return define.CodeListItem(CodedValue=term.value, Decode=decode)


def _translated(text: str) -> define.TranslatedText:
    return define.TranslatedText(lang=LANGUAGE, _content=text)


def _alias(code: str) -> define.Alias:
    return define.Alias(Context="nci:ExtCodeID", Name=code)
