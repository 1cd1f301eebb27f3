"""Where the protocols stand under `questionnaires/`."""

from pathlib import Path

from pro_app.definitions.files import QUESTIONNAIRES, read_definition
from pro_app.errors import NotFound
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import Protocol


def list_protocol_paths(root: Path = QUESTIONNAIRES) -> list[Path]:
    """List every `protocol.yaml` by code and rising version."""
    paths = root.glob("protocols/*/*/protocol.yaml")
    return sorted(paths, key=lambda path: (path.parents[1].name, _order_version(path.parent.name)))


def list_protocol_codes(root: Path = QUESTIONNAIRES) -> list[str]:
    """List the codes of the protocols that are there, each once."""
    return sorted({path.parents[1].name for path in list_protocol_paths(root)})


def protocol_path(code: str, version: str | None = None, root: Path = QUESTIONNAIRES) -> Path:
    """Give the `protocol.yaml` of `code`, of its highest version if none is named; raises NotFound."""
    # Names are compared and not joined to a path: they may come from a user.
    versions = [path for path in list_protocol_paths(root) if path.parents[1].name == code]
    wanted = [path for path in versions if version in {None, path.parent.name}]
    if not wanted:
        raise NotFound("protocol")
    return wanted[-1]


def load_protocol(code: str, version: str | None = None, root: Path = QUESTIONNAIRES) -> Protocol:
    """Read a protocol by its code; raises NotFound or DefinitionRejected."""
    return parse_protocol(read_definition(protocol_path(code, version, root)))


def _order_version(version: str) -> tuple[int, ...]:
    """Make versions sort by number: 2.0 before 10.0; what is no number sorts first."""
    return tuple(int(part) if part.isdigit() else -1 for part in version.replace("-", ".").split("."))
