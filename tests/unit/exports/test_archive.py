import hashlib
import io
import zipfile
from datetime import UTC, datetime

from pro_app.exports.archive import Archive

AT = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)


def archive_of(*files: tuple[str, bytes]) -> tuple[bytes, Archive]:
    stream = io.BytesIO()
    archive = Archive(stream, at=AT)
    for name, content in files:
        archive.add(name, io.BytesIO(content), rows=1)
    archive.finish()
    return stream.getvalue(), archive


def test_the_same_files_and_time_give_the_same_bytes() -> None:
    first, _ = archive_of(("a.csv", b"x" * 10_000), ("b.csv", b"y"))
    second, _ = archive_of(("a.csv", b"x" * 10_000), ("b.csv", b"y"))

    assert first == second


def test_every_entry_carries_the_time_given_and_the_sum_of_its_content() -> None:
    content, archive = archive_of(("a.csv", b"some text"))

    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        entry = opened.infolist()[0]
        assert entry.date_time == (2026, 3, 2, 9, 0, 10)
        assert opened.read("a.csv") == b"some text"
        assert opened.testzip() is None
    noted = archive.files[0]
    assert (noted.sha256, noted.size) == (hashlib.sha256(b"some text").hexdigest(), 9)
