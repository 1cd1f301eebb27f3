"""A study with one made-up questionnaire of four items, so that every screen of it can be seen in seconds."""

import re
import shutil
from pathlib import Path

from pro_app.definitions.files import QUESTIONNAIRES

TINY = Path(__file__).parent / "definitions"
PROTOCOL = "protocols/example-surgery/1.0/protocol.yaml"


def write_tiny_study(folder: Path) -> Path:
    """Write the files of the study and give its protocol; its first visit opens at enrolment."""
    root = folder / "questionnaires"
    instrument = root / "instruments" / "tiny" / "1.0"
    (instrument / "wording").mkdir(parents=True)
    shutil.copy(TINY / "tiny-instrument.yaml", instrument / "instrument.yaml")
    text = (TINY / "tiny-wording.yaml").read_text(encoding="utf-8").replace("language: fr-FR", "language: fr")
    (instrument / "wording" / "tiny-fr.yaml").write_text(text, encoding="utf-8")
    protocol = (QUESTIONNAIRES / PROTOCOL).read_text(encoding="utf-8")
    protocol = re.sub(
        r"instruments:\n(  - \{code: qlq.*\n)+",
        'instruments:\n  - {code: tiny, version: "1.0", scoring: manual}\n',
        protocol,
    )
    protocol = re.sub(r"instruments: \[qlq[^]]*\]", "instruments: [tiny]", protocol)
    path = root / PROTOCOL
    path.parent.mkdir(parents=True)
    path.write_text(protocol, encoding="utf-8")
    return path
