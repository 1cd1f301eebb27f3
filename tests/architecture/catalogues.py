"""Keeps the interface catalogues fresh: extracts every message, compares, or updates (`--update`).

English is the language of the message ids, so it is complete by itself; every other language must have
every message, none of them fuzzy, none stale. Locations are left out: they would change with every line.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from pro_app.language import LANGUAGES

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "translations"
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "mark": None,
    "mark_plural": (1, 2),
    "translate": None,
    "translate_plural": (1, 2),
}


def extract() -> Catalog:
    """Extract every marked message of the code and the templates."""
    catalog = Catalog(project="pro_app", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        str(ROOT / "pro_app"),
        METHODS,
        OPTIONS,
        KEYWORDS,
        comment_tags=["Translators:"],
        strip_comment_tags=True,
    )
    for _file, _line, message, comments, context in found:
        catalog.add(message, None, auto_comments=comments, context=context)
    return catalog


def find_faults() -> Iterator[str]:
    """Give every message that is missing, stale, untranslated or doubtful, in words."""
    extracted = extract()
    yield from _differences("messages.pot", extracted, _read(TRANSLATIONS / "messages.pot"))
    for language in LANGUAGES:
        if language == "en":
            continue
        catalog = _read(_path(language))
        yield from _differences(f"{language}/messages.po", extracted, catalog)
        yield from (f"{language}: obsolete: {_id(m)!r}" for m in catalog.obsolete.values())
        for message in catalog:
            if message.id and not _complete(message):
                yield f"{language}: not translated: {_id(message)!r}"
            yield from (f"{language}: {_id(message)!r}: {error}" for error in message.check(catalog))


def update(fragments: list[Path]) -> None:
    """Write the template anew and bring each language up to it; what `fragments` (PO files) say replaces."""
    extracted = extract()
    _write(TRANSLATIONS / "messages.pot", extracted)
    for language in LANGUAGES:
        if language == "en":
            continue
        path = _path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = _read(path) if path.exists() else Catalog(locale=language, charset="utf-8", fuzzy=False)
        catalog.update(extracted, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        for fragment in fragments:
            for message in _read(fragment, language):
                known = catalog.get(message.id) if message.id else None
                if known is not None and _complete(message):
                    known.string = message.string
        _write(path, catalog)


def _differences(name: str, expected: Catalog, actual: Catalog) -> Iterator[str]:
    wanted, present = ({_id(m) for m in c if m.id} for c in (expected, actual))
    yield from (f"{name}: missing: {message!r}" for message in sorted(wanted - present))
    yield from (f"{name}: stale: {message!r}" for message in sorted(present - wanted))


def _complete(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return not message.fuzzy and all(strings)


def _id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _path(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def _read(path: Path, locale: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=locale or (path.parts[-3] if path.suffix == ".po" else None))


def _write(path: Path, catalog: Catalog) -> None:
    buffer = BytesIO()
    write_po(buffer, catalog, omit_header=False, no_location=True, sort_output=True, width=110)
    lines = [
        line for line in buffer.getvalue().splitlines() if not line.startswith((b'"POT-Creation', b'"PO-Rev'))
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")


def main() -> int:
    """Update or check; exit status 1 where a check finds a fault."""
    if "--update" in sys.argv:
        update([Path(name) for name in sys.argv[1:] if name != "--update"])
    faults = list(find_faults())
    for fault in faults:
        print(fault)  # noqa: T201 -- a command
    print(f"{len(faults)} faults in the catalogues")  # noqa: T201 -- a command
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
