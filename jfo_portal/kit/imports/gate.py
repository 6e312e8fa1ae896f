"""Whether a file may be parsed at all, decided before any parser sees it; loads no Django."""

import io
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"

MAX_ENTRIES = 1_000
MAX_UNPACKED = 200 * 1024 * 1024
# A spreadsheet of a million like rows packs to a hundredth; a bomb to a thousandth.
MAX_RATIO = 150
RATIO_COUNTS_FROM = 20 * 1024 * 1024
# Excel itself keeps some 64,000 formats of cells; each text of a sheet that is kept apart is one more.
MAX_FORMATS = 70_000
MAX_TEXTS = 1_500_000
_CHUNK = 256 * 1024
# Marks are looked for across the ends of chunks.
_OVERLAP = 64

_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))

# An archive, a document or a program inside the workbook.
_FILES_INSIDE = (
    ZIP,
    b"PK\x05\x06",
    OLE,
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"MZ",
    b"\x7fELF",
    b"%PDF",
)


class Refused(Exception):
    """A file that will not be read; `code` names the sentence that `reading` says to the person."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def kind_of(data: bytes) -> str:
    """Return xlsx, ods or text by the content; Refused for what is none of them, or may not be parsed."""
    if not data.strip():
        raise Refused("empty")
    if data.startswith(OLE):
        raise Refused("protected" if "EncryptedPackage".encode("utf-16-le") in data else "old_excel")
    if not data.startswith(ZIP):
        return "text"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _kind_of_archive(archive, data)
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # A broken archive provokes zlib.error, struct.error, NotImplementedError and others in the library.
        raise Refused("damaged") from error


def _kind_of_archive(archive: zipfile.ZipFile, data: bytes) -> str:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Refused("too_large_unpacked")
    names = {entry.filename for entry in entries}
    lowered = {name.lower() for name in names}
    if len(lowered) != len(entries) or any(_leads_out(name) for name in names):
        raise Refused("damaged")
    if any(entry.flag_bits & 0x41 for entry in entries):
        raise Refused("protected")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise Refused("damaged")
    _refuse_two_ends(archive, data)
    _refuse_overlaps(archive, entries, data)
    kind = _spreadsheet(archive, names)
    for name in lowered:
        _refuse_by_name(name)
    # What says that the others are encrypted comes first: encrypted, they look like anything.
    unpack(archive, sorted(entries, key=_is_no_manifest), len(data), _Inspector())
    return kind


def _is_no_manifest(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower() != "meta-inf/manifest.xml"


def _leads_out(name: str) -> bool:
    """Say whether the name would be a place outside the archive, had anybody unpacked it."""
    return name.startswith("/") or "\\" in name or ":" in name[:2] or ".." in name.split("/") or "\0" in name


def _refuse_two_ends(archive: zipfile.ZipFile, data: bytes) -> None:
    """Refuse an archive with anything after its directory or between its parts, in which two readers of archives might
    each find a directory of its own."""
    signature, size, start, comment = struct.unpack("<4s8xLLH", data[-22:])
    between = data[start + size : -22]
    if signature != b"PK\x05\x06" or comment or start != archive.start_dir:
        raise Refused("damaged")
    # An end for large archives may stand before the end.
    if between and not (len(between) == 76 and between.startswith(b"PK\x06\x06")):
        raise Refused("damaged")


def _refuse_overlaps(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], data: bytes) -> None:
    """Refuse an archive two of whose entries are the same bytes: how a small file is made to unpack without end."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        start = entry.header_offset
        if start < end:
            raise Refused("damaged")
        # Between the header's 30 bytes and the content: the name and the extra field, each with its length.
        name_length, extra_length = struct.unpack_from("<HH", data, start + 26)
        end = start + 30 + name_length + extra_length + entry.compress_size
    if end > archive.start_dir:
        raise Refused("damaged")


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


# By the name of an entry, in small letters.
_MACRO_NAMES = re.compile(r"(.*/)?vbaproject.*\.bin|xl/(macrosheets|dialogsheets)/.*|(basic|scripts)/.+")
_OUTSIDE_NAMES = re.compile(r"xl/(externallinks|querytables)/.*|xl/connections\.xml")
_EMBEDDED_NAMES = re.compile(r"xl/(embeddings|activex|ctrlprops)/.*")


def _refuse_by_name(name: str) -> None:
    if _MACRO_NAMES.fullmatch(name):
        raise Refused("macros")
    if _OUTSIDE_NAMES.fullmatch(name):
        raise Refused("outside")
    if _EMBEDDED_NAMES.fullmatch(name):
        raise Refused("embedded")


_XML_NAMES = (".xml", ".rels", ".vml")
# The parts that parsers read. They hold to what every spreadsheet program writes; a note that some other program
# left in customXml/ may be written as it likes.
_PARSED = re.compile(
    r"xl/.*|_rels/.*|\[content_types\]\.xml|(content|styles|settings|meta)\.xml|meta-inf/manifest\.xml"
)
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)[\"']")
_PLAIN_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_MACRO_TYPES = re.compile(rb"macroEnabled|vbaProject", re.I)
_MACRO_IN_ODS = re.compile(rb"<(?:[\w-]+:)?(?:event-listener|script)\b")
_OUTSIDE_IN_ODS = re.compile(
    rb"<(?:[\w-]+:)?(?:dde-link|dde-source|dde-connection-decl|cell-range-source|table-source|"
    rb"database-source-(?:sql|table|query))\b|formula\s*=\s*[\"'][^\"']*(?:&apos;|')(?:file|https?|ftp)://"
)
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_OUTSIDE_RELATION = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']")
# A link to click on and a picture are not followed by anything here.
_HARMLESS_RELATION = re.compile(rb"Type\s*=\s*[\"'][^\"']*/(?:hyperlink|image)[\"']")


class _Inspector:
    """What is looked for in an archive's entries as they are unpacked, chunk by chunk; Refused where it is found."""

    def __init__(self) -> None:
        self.texts = self.formats = 0

    def __call__(self, name: str, chunk: bytes, tail: bytes, is_first: bool) -> None:
        name = name.lower()
        window = tail + chunk
        if is_first and chunk.startswith(_FILES_INSIDE):
            raise Refused("embedded")
        if is_first and _PARSED.fullmatch(name) and name.endswith(_XML_NAMES[:2]):
            _refuse_foreign(chunk)
        if name == "meta-inf/manifest.xml" and b"encryption-data" in window:
            raise Refused("protected")
        if name == "[content_types].xml" and _MACRO_TYPES.search(window):
            raise Refused("macros")
        if name in ("content.xml", "styles.xml"):
            _refuse_in_ods(window)
        if _reaches_outside(name, window):
            raise Refused("outside")
        self._count(name, chunk)

    def _count(self, name: str, chunk: bytes) -> None:
        if name == "xl/sharedstrings.xml":
            self.texts += chunk.count(b"<si")
        if name == "xl/styles.xml":
            self.formats += chunk.count(b"<xf")
        if self.texts > MAX_TEXTS:
            raise Refused("too_much_text")
        if self.formats > MAX_FORMATS:
            raise Refused("too_many_formats")


def _refuse_in_ods(window: bytes) -> None:
    # Looking for a few bytes is many times faster than looking for a pattern.
    if (b"script" in window or b"event-listener" in window) and _MACRO_IN_ODS.search(window):
        raise Refused("macros")
    if (b"dde-" in window or b"-source" in window or b"://" in window) and _OUTSIDE_IN_ODS.search(window):
        raise Refused("outside")


def _reaches_outside(name: str, window: bytes) -> bool:
    if name.startswith("customxml/"):
        return b"DataMashup" in window or "DataMashup".encode("utf-16-le") in window
    return name.endswith(".rels") and any(
        _OUTSIDE_RELATION.search(relation) and not _HARMLESS_RELATION.search(relation)
        for relation in _RELATION.findall(window)
    )


def _refuse_foreign(chunk: bytes) -> None:
    """Refuse XML in an encoding that a check and a parser might read differently."""
    declared = _ENCODING.match(chunk.removeprefix(b"\xef\xbb\xbf").lstrip())
    if b"\0" in chunk[:64] or chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused("foreign")
    if declared and declared[1].lower() not in _PLAIN_ENCODINGS:
        raise Refused("foreign")


def unpack(
    archive: zipfile.ZipFile,
    entries: Sequence[zipfile.ZipInfo],
    size: int,
    inspect: Callable[[str, bytes, bytes, bool], None] | None = None,
) -> None:
    """Count what really comes out of the archive, whatever its directory claims, and look for a DOCTYPE.

    `inspect` is told each entry's name, a chunk of it, what stood before the chunk, and whether it is the first.
    """
    unpacked = 0
    for entry in entries:
        is_xml = entry.filename.lower().endswith(_XML_NAMES)
        tail, is_first = b"", True
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * size):
                    raise Refused("too_large_unpacked")
                if is_xml or (is_first and chunk.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")):
                    is_xml = True
                    window = tail + chunk
                    if any(mark in window for mark in _DOCTYPES):
                        raise Refused("doctype")
                if inspect is not None:
                    inspect(entry.filename, chunk, tail, is_first)
                tail, is_first = chunk[-_OVERLAP:], False
