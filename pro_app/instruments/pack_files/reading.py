"""Reading a wording pack from a file of any of its forms."""

from pathlib import Path

from pro_app.definitions.files import read_definition
from pro_app.errors import DefinitionRejected, Problem
from pro_app.instruments.pack_files.json_form import parse_json_pack
from pro_app.instruments.pack_files.pack_file import PackFile, reject_file
from pro_app.instruments.pack_files.workbook_form import parse_workbook_pack
from pro_app.language import mark

LARGEST_FILE = 5 * 1024 * 1024
"""A pack has some hundred sentences; what is larger is something else."""
_ZIP_START = b"PK\x03\x04"


def read_pack_file(path: Path) -> PackFile:
    """Read the pack at `path`: a workbook, JSON (by its name), or else YAML.

    A YAML file is kept as it stands, so that its hash is that of the file; the two others become one YAML
    text. Raises InputRejected with every problem of the form, OSError if there is no such file.
    """
    source = str(path)
    with path.open("rb") as file:
        raw = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        message = mark("The file is larger than %(limit)s MB: this is no wording pack.")
        raise reject_file(source, [Problem(message, {"limit": LARGEST_FILE // 1024**2})])
    if raw.startswith(_ZIP_START) or path.suffix.lower() in {".xlsx", ".xlsm"}:
        return parse_workbook_pack(raw, source)
    if path.suffix.lower() == ".json":
        return parse_json_pack(raw, source)
    try:
        return PackFile(read_definition(path))
    except DefinitionRejected as rejected:
        raise reject_file(source, rejected.problems) from rejected
