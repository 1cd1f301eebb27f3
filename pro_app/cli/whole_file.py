"""Writing a file so that it is there whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def replace_when_done(path: Path) -> Iterator[TextIO]:
    """Open `path` for UTF-8 text that appears under its name only once the block has ended well.

    The text is written beside it under a hidden name and renamed at the end; if the block raises, what
    was there before stays. A device or a pipe is written to directly. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    except OSError as error:
        # Nobody knows the hidden name: the message must name the file that was asked for.
        if error.filename in {None, str(unfinished)}:
            error.filename = str(path)
        raise
    finally:
        # After the rename there is nothing left under the hidden name.
        with contextlib.suppress(OSError):
            unfinished.unlink()
