"""Where the instruments and their wording packs stand under `questionnaires/`."""

from pathlib import Path

from pro_app.definitions.files import QUESTIONNAIRES, DefinitionFile, read_definition
from pro_app.errors import NotFound
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.parse import parse_instrument, parse_wording
from pro_app.instruments.wording import WordingPack


def list_instrument_paths(root: Path = QUESTIONNAIRES) -> list[Path]:
    """List every `instrument.yaml` by code and rising version."""
    paths = root.glob("instruments/*/*/instrument.yaml")
    return sorted(paths, key=lambda path: (path.parents[1].name, _order_version(path.parent.name)))


def list_instrument_codes(root: Path = QUESTIONNAIRES) -> list[str]:
    """List the codes of the instruments that are there, each once."""
    return sorted({path.parents[1].name for path in list_instrument_paths(root)})


def instrument_path(code: str, version: str | None = None, root: Path = QUESTIONNAIRES) -> Path:
    """Give the `instrument.yaml` of `code`, of its highest version if none is named; raises NotFound."""
    # Names are compared and not joined to a path: they may come from a user.
    versions = [path for path in list_instrument_paths(root) if path.parents[1].name == code]
    wanted = [path for path in versions if version in {None, path.parent.name}]
    if not wanted:
        raise NotFound("instrument")
    return wanted[-1]


def list_wording_paths(code: str, version: str | None = None, root: Path = QUESTIONNAIRES) -> list[Path]:
    """List the wording packs that stand with an instrument; raises NotFound without that instrument."""
    return sorted((instrument_path(code, version, root).parent / "wording").glob("*.yaml"))


def find_worded_instrument_path(pack: DefinitionFile, root: Path = QUESTIONNAIRES) -> Path | None:
    """Find the instrument that a wording pack words: the one it stands with, else the one that it names."""
    folder = pack.path.resolve().parent
    beside = folder.parent / "instrument.yaml"
    if folder.name == "wording" and beside.is_file():
        return beside
    named = pack.data.get("instrument")
    code, version = (named.get("code"), named.get("version")) if isinstance(named, dict) else (None, None)
    paths = list_instrument_paths(root)
    return next((p for p in paths if (p.parents[1].name, p.parent.name) == (code, version)), None)


def load_instrument(code: str, version: str | None = None, root: Path = QUESTIONNAIRES) -> Instrument:
    """Read an instrument by its code; raises NotFound or DefinitionRejected."""
    return parse_instrument(read_definition(instrument_path(code, version, root)))


def load_wording(instrument: Instrument, pack: str, root: Path = QUESTIONNAIRES) -> WordingPack:
    """Read the pack of `instrument` by its name, checked; raises NotFound or DefinitionRejected."""
    for path in list_wording_paths(instrument.code, instrument.version, root):
        if path.stem == pack:
            return parse_wording(read_definition(path), instrument)
    raise NotFound("wording_pack")


def _order_version(version: str) -> tuple[int, ...]:
    """Make versions sort by number: 2.0 before 10.0; what is no number sorts first."""
    return tuple(int(part) if part.isdigit() else -1 for part in version.replace("-", ".").split("."))
