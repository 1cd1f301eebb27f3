"""define.xml 2.1: what the datasets of a standard hold, for people and programs that read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from lxml import etree
from odmlib.define_2_1 import model as define

from pro_app.exports.cdisc.codelist import Codelist, ValueLevel
from pro_app.exports.cdisc.dataset import CdiscDataset, Standard
from pro_app.exports.cdisc.files.dataset_json import SYSTEM
from pro_app.exports.cdisc.files.define_items import add_items, make_group
from pro_app.exports.cdisc.files.define_levels import add_levels, value_list_oid
from pro_app.exports.cdisc.files.define_parts import TERMINOLOGY_OID, make_code_list
from pro_app.exports.cdisc.identifiers import metadata_oid, study_id, study_oid
from pro_app.exports.cdisc.measure import Measure
from pro_app.exports.release import Release

TERMINOLOGY_VERSION = "2022-09-30"
"""The publication of CDISC terminology that our codes of questions were read in."""

_GUIDES: Mapping[Standard, tuple[str, str]] = {"SDTM": ("SDTMIG", "3.4"), "ADaM": ("ADaMIG", "1.3")}
_GUIDE_OID = "STD.IG"


@dataclass(frozen=True, slots=True)
class DescribedDataset:
    """A dataset with what has been seen of it, and the file that it lies in."""

    dataset: CdiscDataset
    measure: Measure
    file: str


def write_define(
    path: Path,
    described: Sequence[DescribedDataset],
    *,
    codelists: Sequence[Codelist],
    release: Release,
) -> None:
    """Write the metadata of datasets of one standard; lists of values that none of them names stay out.

    Raises ValueError where a variable names a list that is not given.
    """
    standard = described[0].dataset.standard
    metadata = _metadata(release, standard)
    levels = {d.dataset.name: d.dataset.value_levels(release) for d in described if d.dataset.value_levels}
    for known in described:
        metadata.ItemGroupDef.append(_group(known))
        _add_dataset(metadata, known, levels.get(known.dataset.name, ()))
    used = _list_used(described, levels)
    given = {codelist.code: codelist for codelist in codelists}
    if missing := used - given.keys():
        raise ValueError(f"no list of values {', '.join(sorted(missing))}")
    metadata.CodeList.extend(make_code_list(given[code]) for code in given if code in used)
    root = etree.fromstring(_document(release, metadata, standard=standard).to_xml_string())
    etree.indent(root)
    path.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _group(known: DescribedDataset) -> define.ItemGroupDef:
    return make_group(known.dataset, known.measure, file=known.file, standard_oid=_GUIDE_OID)


def _add_dataset(
    metadata: define.MetaDataVersion, known: DescribedDataset, levels: Sequence[ValueLevel]
) -> None:
    dataset, measure = known.dataset, known.measure
    variables = dict.fromkeys(level.variable for level in levels)
    lists = {variable: value_list_oid(dataset.name, variable) for variable in variables}
    add_items(metadata, dataset, measure, value_lists=lists)
    longest = max((measure.length_of(variable) for variable in variables), default=1)
    add_levels(metadata, dataset, levels, longest=longest)


def _list_used(described: Sequence[DescribedDataset], levels: Mapping[str, Sequence[ValueLevel]]) -> set[str]:
    used = {variable.codelist for known in described for variable in known.dataset.variables}
    used |= {level.codelist for own in levels.values() for level in own}
    return used - {""}


def _metadata(release: Release, standard: Standard) -> define.MetaDataVersion:
    """Give the metadata without any dataset."""
    metadata = define.MetaDataVersion(
        OID=metadata_oid(release, standard),
        Name=f"{study_id(release)} {standard}",
        Description=f"Data definitions of the {standard} datasets of {study_id(release)}",
        DefineVersion="2.1.0",
    )
    metadata.Standards = _standards(standard)
    return metadata


def _document(release: Release, metadata: define.MetaDataVersion, *, standard: Standard) -> define.ODM:
    """Put the document around the metadata."""
    made_at = release.provenance.made_at.astimezone(UTC).isoformat(timespec="seconds")
    return define.ODM(
        FileType="Snapshot",
        FileOID=f"{study_oid(release)}.{standard}.{made_at}",
        CreationDateTime=made_at,
        ODMVersion="1.3.2",
        Originator=release.protocol.trial.sponsor or study_id(release),
        SourceSystem=SYSTEM,
        SourceSystemVersion=release.provenance.app_version,
        Context="Other",
        Study=define.Study(OID=study_oid(release), GlobalVariables=_names(release), MetaDataVersion=metadata),
    )


def _names(release: Release) -> define.GlobalVariables:
    return define.GlobalVariables(
        StudyName=define.StudyName(_content=study_id(release)),
        StudyDescription=define.StudyDescription(_content=release.protocol.title.text("en")),
        ProtocolName=define.ProtocolName(_content=release.protocol.trial.sponsor_number or study_id(release)),
    )


def _standards(standard: Standard) -> define.Standards:
    name, version = _GUIDES[standard]
    return define.Standards(
        Standard=[
            define.Standard(OID=_GUIDE_OID, Name=name, Type="IG", Version=version, Status="Final"),
            define.Standard(
                OID=TERMINOLOGY_OID,
                Name="CDISC/NCI",
                Type="CT",
                # The lists that the analysis datasets share are of the package for SDTM, too.
                PublishingSet="SDTM",
                Version=TERMINOLOGY_VERSION,
                Status="Final",
            ),
        ]
    )
