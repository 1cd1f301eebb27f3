"""The files of the repository as the tests of the house read them: what is kept, not what tools leave."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = frozenset(
    {".git", ".venv", "var", "build", "__pycache__", "node_modules", ".import_linter_cache", ".hypothesis"}
)


def list_files(*folders: str, suffixes: tuple[str, ...] = ("",), root: Path = ROOT) -> Iterator[Path]:
    """Give the kept files whose names end with one of `suffixes`, below `folders` (default: everything)."""
    for start in [root / folder for folder in folders] or [root]:
        for path in sorted([start] if start.is_file() else start.rglob("*")):
            parts = path.relative_to(root).parts
            is_cache = any(part.endswith(("_cache", ".egg-info")) or part in LEFT_BEHIND for part in parts)
            if path.is_file() and not is_cache and path.name.endswith(suffixes):
                yield path


def read_text(path: Path) -> str | None:
    """Give the text of a file, None for a picture, a font or whatever else is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def say(path: Path, line: int | None = None) -> str:
    """Name a place as `folder/file.py:12`."""
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    return name if line is None else f"{name}:{line}"
