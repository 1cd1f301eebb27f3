"""What the operating system refused, in words."""

import errno

from pro_app.errors import Problem
from pro_app.language import mark

_WHY = {
    errno.ENOENT: mark("%(file)s: there is no such file or folder."),
    errno.ENOTDIR: mark("%(file)s: there is no such file or folder."),
    errno.EISDIR: mark("%(file)s: this is a folder, not a file."),
    errno.EACCES: mark("%(file)s: access is not permitted."),
    errno.EPERM: mark("%(file)s: access is not permitted."),
    errno.EROFS: mark("%(file)s: access is not permitted."),
    errno.ENOSPC: mark("%(file)s: the disk is full."),
}


def file_problem(error: OSError) -> Problem:
    """Put an error of the operating system into words; the rare ones keep the system's own."""
    name = str(error.filename or "")
    if message := _WHY.get(error.errno or 0):
        return Problem(message, {"file": name})
    message = mark("%(file)s: the file cannot be read or written (%(why)s).")
    return Problem(message, {"file": name, "why": error.strerror or str(error)})
