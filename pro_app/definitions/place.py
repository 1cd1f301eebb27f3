"""A definition stands where its own words say: folder and file names repeat its code and version."""

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import Problem
from pro_app.language import mark


def check_version_folder(definition: DefinitionFile, kind_folder: str) -> list[Problem]:
    """List how `<kind_folder>/<code>/<version>/` differs from the file, if it stands so."""
    version_folder = definition.path.resolve().parent
    if version_folder.parent.parent.name != kind_folder:
        return []
    message = mark("The folder is called “%(folder)s”, the file says “%(value)s”.")
    names = {"code": version_folder.parent.name, "version": version_folder.name}
    return [
        definition.problem(message, (key,), folder=name, value=str(definition.data.get(key)))
        for key, name in names.items()
        if definition.data.get(key) != name
    ]


def check_pack_name(definition: DefinitionFile) -> list[Problem]:
    """List how the name of `wording/<pack>.yaml` differs from the file, if it stands so."""
    path = definition.path
    if path.resolve().parent.name != "wording" or definition.data.get("pack") == path.stem:
        return []
    message = mark("The file is called “%(name)s”, the pack says “%(value)s”.")
    return [definition.problem(message, ("pack",), name=path.stem, value=str(definition.data.get("pack")))]
