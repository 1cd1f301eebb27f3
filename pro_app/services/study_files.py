"""The files of a study as one value: its protocol, the instruments that it names, and their wording packs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pro_app.definitions.files import QUESTIONNAIRES, DefinitionFile, read_definition
from pro_app.errors import DefinitionRejected, NotFound, Problem
from pro_app.instruments.find import instrument_path, list_wording_paths
from pro_app.instruments.instrument import Instrument
from pro_app.instruments.parse import parse_instrument, parse_wording
from pro_app.instruments.wording import WordingPack
from pro_app.language import LANGUAGES, mark
from pro_app.protocol.analysis_rules import check_scales
from pro_app.protocol.parse import parse_protocol
from pro_app.protocol.protocol import InstrumentReference, Protocol


@dataclass(frozen=True)
class LoadedPack:
    """A wording pack with the file it came from."""

    definition: DefinitionFile
    wording: WordingPack


@dataclass(frozen=True)
class StudyFiles:
    """Everything that a protocol stands on, parsed and checked; licensed packs come before placeholders."""

    protocol_file: DefinitionFile
    protocol: Protocol
    instruments: tuple[tuple[DefinitionFile, Instrument], ...]
    packs: tuple[LoadedPack, ...]

    @property
    def title(self) -> str:
        """The study's title in the app's first language."""
        return self.protocol.title.text(LANGUAGES[0])

    def list_definitions(self) -> Iterator[tuple[DefinitionFile, str, str, str, str | None]]:
        """Give each file with kind, code, version and language; a pack's code names its instrument too."""
        for instrument_file, instrument in self.instruments:
            yield instrument_file, "instrument", instrument.code, instrument.version, None
        for pack in self.packs:
            wording = pack.wording
            code = f"{wording.instrument_code}/{wording.pack}"
            yield pack.definition, "wording", code, wording.instrument_version, wording.language
        yield self.protocol_file, "protocol", self.protocol.code, self.protocol.version, None


def read_study_files(protocol_path: Path) -> StudyFiles:
    """Read a protocol and all it names; raises DefinitionRejected, OSError if there is no such file."""
    protocol_file = read_definition(protocol_path)
    protocol = parse_protocol(protocol_file)
    root = _find_root(protocol_path)
    instruments = tuple(
        _read_instrument(protocol_file, reference, root) for reference in protocol.instruments
    )
    _check_scales(protocol_file, protocol, [instrument for _file, instrument in instruments])
    packs = [pack for _file, instrument in instruments for pack in _read_packs(instrument, root)]
    packs.sort(key=lambda pack: (pack.wording.placeholder, pack.wording.pack))
    return StudyFiles(protocol_file, protocol, instruments, tuple(packs))


def _find_root(protocol_path: Path) -> Path:
    """Give the folder that holds the instruments: the one the protocol stands in, else our own."""
    for folder in protocol_path.resolve().parents:
        if (folder / "instruments").is_dir():
            return folder
    return QUESTIONNAIRES


def _read_instrument(
    protocol_file: DefinitionFile, reference: InstrumentReference, root: Path
) -> tuple[DefinitionFile, Instrument]:
    """Read one instrument that the protocol names, with the scoring definition that it names."""
    try:
        definition = read_definition(instrument_path(reference.code, reference.version, root))
    except NotFound as missing:
        message = mark("The protocol names the questionnaire %(code)s %(version)s, which is not there.")
        problem = protocol_file.problem(
            message, ("instruments",), code=reference.code, version=reference.version
        )
        raise DefinitionRejected(protocol_file.source, (problem,)) from missing
    instrument = parse_instrument(definition)
    if reference.scoring not in instrument.scoring_definitions:
        message = mark("The questionnaire %(code)s has no scoring definition “%(name)s”.")
        problem = protocol_file.problem(
            message, ("instruments",), code=reference.code, name=reference.scoring
        )
        raise DefinitionRejected(protocol_file.source, (problem,))
    return definition, instrument


def _check_scales(
    protocol_file: DefinitionFile, protocol: Protocol, instruments: Iterable[Instrument]
) -> None:
    """Refuse a protocol that names a scale which none of its questionnaires has."""
    used = zip(protocol.instruments, instruments, strict=True)
    scale_codes = {
        code for named, instrument in used for code in instrument.scoring(named.scoring).scale_codes
    }
    problems = tuple(check_scales(protocol_file, scale_codes))
    if problems:
        raise DefinitionRejected(protocol_file.source, problems)


def _read_packs(instrument: Instrument, root: Path) -> Iterator[LoadedPack]:
    """Read every wording pack that stands with an instrument; there must be one at least."""
    paths = list_wording_paths(instrument.code, instrument.version, root)
    if not paths:
        message = mark("The questionnaire %(code)s %(version)s has no wording pack.")
        problem = Problem(message, {"code": instrument.code, "version": instrument.version})
        raise DefinitionRejected(f"{instrument.code} {instrument.version}", (problem,))
    for path in paths:
        definition = read_definition(path)
        yield LoadedPack(definition, parse_wording(definition, instrument))
