"""A definition stands where its own words say: folder and file names repeat its code and version."""

from pro_app.definitions.files import DefinitionFile
from pro_app.errors import Problem
from pro_app.language import mark


def check_instrument_place(definition: DefinitionFile) -> list[Problem]:
    """List where `instruments/<code>/<version>/instrument.yaml` differs from the file; elsewhere nothing."""
    folder_of_version = definition.path.resolve().parent
    if folder_of_version.parent.parent.name != "instruments":
        return []
    return [
        definition.problem(
            mark("The folder is called %(folder)s, the file says %(value)s."),
            (key,),
            folder=folder,
            value=str(definition.data.get(key)),
        )
        for key, folder in (("code", folder_of_version.parent.name), ("version", folder_of_version.name))
        if definition.data.get(key) != folder
    ]


def check_wording_place(definition: DefinitionFile) -> list[Problem]:
    """List where `wording/<pack>.yaml` differs from the file; elsewhere nothing."""
    path = definition.path
    if path.resolve().parent.name != "wording" or definition.data.get("pack") == path.stem:
        return []
    message = mark("The file is called %(folder)s, the pack says %(value)s.")
    value = str(definition.data.get("pack"))
    return [definition.problem(message, ("pack",), folder=path.stem, value=value)]
