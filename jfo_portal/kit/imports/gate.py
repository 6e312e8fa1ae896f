"""Whether a file may be parsed at all, decided before any parser sees it; loads no Django."""

import io
import zipfile
from typing import Any

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"

MAX_ENTRIES = 1_000
MAX_UNPACKED = 200 * 1024 * 1024
# A spreadsheet of a million like rows packs to a hundredth; a bomb to a thousandth.
MAX_RATIO = 150
RATIO_COUNTS_FROM = 20 * 1024 * 1024
_CHUNK = 256 * 1024

_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


class Refused(Exception):
    """A file that will not be read; `code` names the sentence that `reading` says to the person."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def kind_of(data: bytes) -> str:
    """Return xlsx, ods or text by the content; Refused for what is none of them."""
    if not data.strip():
        raise Refused("empty")
    if data.startswith(OLE):
        raise Refused("protected" if "EncryptedPackage".encode("utf-16-le") in data else "old_excel")
    if not data.startswith(ZIP):
        return "text"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _kind_of_archive(archive, len(data))
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # A broken archive provokes zlib.error, struct.error, NotImplementedError and others in the library.
        raise Refused("damaged") from error


def _kind_of_archive(archive: zipfile.ZipFile, size: int) -> str:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MAX_ENTRIES:
        raise Refused("too_large_unpacked")
    if len(names) != len(entries):
        raise Refused("damaged")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Refused("protected")
    lowered = {name.lower() for name in names}
    if any(name.endswith("vbaproject.bin") or name.startswith(("xl/macrosheets/", "basic/")) for name in lowered):
        raise Refused("macros")
    kind = _spreadsheet(archive, names)
    unpack(archive, entries, size)
    return kind


def _spreadsheet(archive: zipfile.ZipFile, names: set[str]) -> str:
    if {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise Refused("old_excel")
    if "mimetype" not in names or archive.getinfo("mimetype").file_size > 100:
        raise Refused("not_a_spreadsheet")
    if archive.read("mimetype").strip() != b"application/vnd.oasis.opendocument.spreadsheet":
        raise Refused("not_a_spreadsheet")
    return "ods"


def unpack(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], size: int) -> None:
    """Count what really comes out of the archive, whatever its directory claims, and look for a DOCTYPE."""
    unpacked = 0
    for entry in entries:
        is_xml = entry.filename.lower().endswith((".xml", ".rels"))
        tail = b""
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * size):
                    raise Refused("too_large_unpacked")
                if not is_xml:
                    continue
                window = tail + chunk
                if any(mark in window for mark in _DOCTYPES):
                    raise Refused("doctype")
                if entry.filename == "META-INF/manifest.xml" and b"encryption-data" in window:
                    raise Refused("protected")
                tail = chunk[-32:]
