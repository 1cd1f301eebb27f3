"""How the ZIP of a release is laid out: its folders in their order, each with what it is for."""

from dataclasses import dataclass
from pathlib import PurePosixPath

FIRST_PAGE = "README.html"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Section:
    """A file or folder of the ZIP in words."""

    name: str
    fr: str
    en: str


SECTIONS = (
    Section(FIRST_PAGE, "cette page", "this page"),
    Section(MANIFEST, "empreinte, taille et lignes de chaque fichier", "sum, size and rows of each file"),
    Section("release.json", "ce qui définit ce gel", "what this release is defined by"),
    Section("codebook", "dictionnaire des variables et des codes", "codebook of variables and codes"),
    Section("tables/csv", "tables en CSV (UTF-8, virgules)", "tables as CSV (UTF-8, commas)"),
    Section(
        "tables/parquet",
        "tables en Parquet, source de tout le reste",
        "tables as Parquet, source of the rest",
    ),
    Section("tables/spss", "tables pour SPSS, avec libellés", "tables for SPSS, with labels"),
    Section("tables/stata", "tables pour Stata, avec libellés", "tables for Stata, with labels"),
    Section("programs", "programmes de lecture R et SAS", "programs to read them in R and SAS"),
    Section(
        "cdisc/sdtm",
        "CDISC SDTM (XPT, Dataset-JSON, define.xml)",
        "CDISC SDTM (XPT, Dataset-JSON, define.xml)",
    ),
    Section(
        "cdisc/adam",
        "CDISC ADaM (XPT, Dataset-JSON, define.xml)",
        "CDISC ADaM (XPT, Dataset-JSON, define.xml)",
    ),
    Section("cdisc/odm", "CDISC ODM 1.3.2, avec le journal d’audit", "CDISC ODM 1.3.2, with audit records"),
    Section("fhir", "HL7 FHIR R4", "HL7 FHIR R4"),
    Section("definitions", "protocole et questionnaires utilisés", "the protocol and questionnaires in use"),
)
_PLACES = {section.name: place for place, section in enumerate(SECTIONS)}


def find_section(name: str) -> str:
    """Find the section that a file belongs to: itself, or the nearest folder around it that has words."""
    path = PurePosixPath(name)
    for candidate in (path, *path.parents):
        if str(candidate) in _PLACES:
            return str(candidate)
    return str(path.parent)


def place_in_archive(name: str) -> tuple[int, str]:
    """Give the place of a file among all: by section, then by name."""
    return _PLACES.get(find_section(name), len(SECTIONS)), name
