"""The child process that opens an uploaded document, held to little time, memory and nothing else; loads no Django.

It is given the file on its standard input and answers with one line of JSON: what the file is and its text place by
place, or why it will not be read. A page is "p. 4", a numbered section "s. 7.2", both together "p. 3, s. 7.2", a
paragraph outside any section "para 12": the same in English and in French. Text that goes on without a number belongs
to the section before it.
"""

import codecs
import importlib
import io
import json
import logging
import re
import resource
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from pypdf import PdfReader

from jfo_portal.kit.imports.gate import MAX_ENTRIES, OLE, ZIP, Refused, unpack

CPU_SECONDS = 5
MEMORY = 512 * 1024 * 1024
MAX_TEXT = 1_000_000
MAX_PLACES = 5_000
# An element inside an element inside an element: what a word processor writes is some dozens deep.
MAX_DEPTH = 200


class Place(NamedTuple):
    """One place of a document, and what it says there."""

    place: str
    text: str


def document(data: bytes) -> tuple[str, list[Place]]:
    """Return what the file is (pdf, docx or plain), told by its content alone, and its text place by place; Refused if
    it is neither, or will not be read."""
    if not data.strip():
        raise Refused("empty")
    if data.startswith(b"%PDF-"):
        return "pdf", _within_limits(_of_pdf(data))
    if data.startswith(OLE):
        raise Refused("protected" if "EncryptedPackage".encode("utf-16-le") in data else "old_word")
    if data.startswith(ZIP):
        return "docx", _within_limits(_sections(_paragraphs_of_docx(data)))
    return "plain", _within_limits(_sections(_paragraphs_of_plain(_decoded(data))))


def _within_limits(places: Iterable[Place]) -> list[Place]:
    """Return the places that say something, without characters that a database refuses."""
    found: list[Place] = []
    length = 0
    for place, raw in places:
        text = _clean(raw)
        if not text:
            continue
        length += len(text)
        if length > MAX_TEXT or len(found) == MAX_PLACES:
            raise Refused("too_much_text", limit=MAX_TEXT)
        found.append(Place(place, text))
    return found


def _clean(text: str) -> str:
    kept = (char for char in text.replace("\r\n", "\n") if char in "\n\t" or unicodedata.category(char) not in _DROPPED)
    return "".join(kept).strip()


_DROPPED = frozenset({"Cc", "Cs"})


# Sections: of the paragraphs of a DOCX or plain file


class _Paragraph(NamedTuple):
    """A paragraph on a page, "" where pages are not told; `number` is that of the section it begins, or ""."""

    page: str
    number: str
    text: str


# "7.2 Ownership", "7. Ownership", "Section 7.2: Ownership", "Article 7", and a list's "7)"; a year is no section.
_NUMBER = re.compile(
    r"(?:(?:section|article|art\.|clause|annex|annexe)\s+)?(\d{1,3}(?:\.\d{1,3}){0,4})(?:[.):]?\s|[.):]?$)", re.I
)


def _number_of(text: str) -> str:
    match = _NUMBER.match(text)
    return match[1] if match else ""


def _sections(paragraphs: Iterable[_Paragraph]) -> Iterator[Place]:
    """Yield the sections, each with the paragraphs that belong to it; one on two pages is two places."""
    current, texts = "", list[str]()
    section = ""
    for count, (page, number, text) in enumerate(paragraphs, 1):
        section = number or section
        name = f"s. {section}" if section else f"para {count}"
        place = f"{page}, {name}" if page else name
        if place != current and texts:
            yield Place(current, "\n\n".join(texts))
            texts = []
        current = place
        texts.append(text)
    if texts:
        yield Place(current, "\n\n".join(texts))


# Plain text

_MARKUP = re.compile(r"\s*(<!doctype|<html|<\?xml|<svg|\{\\rtf|%pdf-)", re.I)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _decoded(data: bytes) -> str:
    """Return the text of what decodes as UTF-8, as UTF-16 with its mark, or as Windows-1252, without control
    characters."""
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _UNREADABLE.search(text) or _MARKUP.match(text):
            break
        if not text.strip():
            raise Refused("empty")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise Refused("not_a_document")


# Inside a block of lines only a number with a dot begins a section: a line may begin with any other by chance.
_BEGINS_INSIDE = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,4}[.):]?\s")


def _paragraphs_of_plain(text: str) -> Iterator[_Paragraph]:
    """Yield what blank lines divide; form feeds divide the pages, where there are any."""
    pages = text.split("\f")
    for number, page in enumerate(pages, 1):
        name = f"p. {number}" if len(pages) > 1 else ""
        for block in re.split(r"\n[ \t]*\n", page):
            for paragraph in _divided(block):
                yield _Paragraph(name, _number_of(paragraph), paragraph)


def _divided(block: str) -> Iterator[str]:
    lines: list[str] = []
    for line in map(str.strip, block.splitlines()):
        if lines and _BEGINS_INSIDE.match(line):
            yield "\n".join(lines)
            lines = []
        if line:
            lines.append(line)
    if lines:
        yield "\n".join(lines)


# DOCX

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TYPES = "[Content_Types].xml"
_DOCUMENT = "word/document.xml"
_HARMLESS_RELATION = "/hyperlink"


def _paragraphs_of_docx(data: bytes) -> Iterator[_Paragraph]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _require_sound(archive, len(data))
            body = _tree(archive.read(_DOCUMENT))
            numbering = _Numbering(archive)
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # A broken archive provokes zlib.error, struct.error, NotImplementedError and others in the library.
        raise Refused("damaged") from error
    # What older readers are shown says again what newer ones are.
    for parent in list(body.iter()):
        for fallback in parent.findall(_FALLBACK):
            parent.remove(fallback)
    for paragraph in body.iter(f"{_W}p"):
        text = _text_of(paragraph)
        if not text.strip():
            continue
        automatic = numbering.next_of(paragraph)
        if automatic:
            yield _Paragraph("", automatic if automatic[:1].isdigit() else "", f"{automatic} {text}")
        else:
            yield _Paragraph("", _number_of(text.strip()), text)


def _require_sound(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse what is no Word document, and one that holds or fetches what a document need not."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MAX_ENTRIES:
        raise Refused("too_large_unpacked")
    if len(names) != len(entries):
        raise Refused("damaged")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise Refused("protected")
    if not {_TYPES, _DOCUMENT} <= names:
        raise Refused("not_a_document")
    unpack(archive, entries, size)
    lowered = [name.lower() for name in names]
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in lowered):
        raise Refused("macros")
    if b"macroenabled" in archive.read(_TYPES).lower():
        raise Refused("macros")
    for name in names:
        if name.lower().endswith(".rels"):
            _require_inside(_tree(archive.read(name)))


def _require_inside(relations: Element) -> None:
    """Refuse a part that is elsewhere; a link that somebody may follow is none."""
    for relation in relations.iter():
        if relation.get("TargetMode", "").lower() == "external" and not relation.get("Type", "").endswith(
            _HARMLESS_RELATION
        ):
            raise Refused("external")


def _tree(xml: bytes) -> Element:
    """Return the root; Refused for elements nested more deeply than any document needs."""
    root: Element | None = None
    depth = 0
    for event, element in ElementTree.iterparse(io.BytesIO(xml), events=("start", "end"), forbid_dtd=True):
        root = element if root is None else root
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise Refused("too_deep")
    if root is None:
        raise Refused("damaged")
    return root


def _text_of(paragraph: Element) -> str:
    """Return what the paragraph says, without what was deleted from it; paragraphs inside it, as in a text box, are
    their own."""
    pieces: list[str] = []
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        if element.tag == f"{_W}t":
            pieces.append(element.text or "")
        elif element.tag in (f"{_W}tab", f"{_W}ptab"):
            pieces.append("\t")
        elif element.tag in (f"{_W}br", f"{_W}cr"):
            pieces.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            pieces.append("\u2011")
        elif element.tag not in (f"{_W}p", f"{_W}pPr", f"{_W}del", f"{_W}moveFrom"):
            waiting.extend(reversed(element))
    return "".join(pieces)


class _Numbering:
    """The numbers that Word gives paragraphs by itself, counted as they come."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._abstract: dict[str, str] = {}
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._styles: dict[str, tuple[str, int]] = {}
        self._counts: dict[str, list[int]] = {}
        names = set(archive.namelist())
        if "word/numbering.xml" not in names:
            return
        for element in _tree(archive.read("word/numbering.xml")):
            if element.tag == f"{_W}abstractNum":
                self._levels[_value(element, "abstractNumId")] = dict(map(_level, element.iter(f"{_W}lvl")))
            elif element.tag == f"{_W}num":
                self._abstract[_value(element, "numId")] = _value(element.find(f"{_W}abstractNumId"))
        if "word/styles.xml" in names:
            for style in _tree(archive.read("word/styles.xml")).iter(f"{_W}style"):
                if (found := _numbered(style.find(f"{_W}pPr"))) is not None:
                    self._styles[_value(style, "styleId")] = found

    def next_of(self, paragraph: Element) -> str:
        """Return the number of the paragraph, such as 7.2, or "" where it has none."""
        properties = paragraph.find(f"{_W}pPr")
        style = _value(properties.find(f"{_W}pStyle")) if properties is not None else ""
        number, level = _numbered(properties) or self._styles.get(style, ("", 0))
        abstract = self._abstract.get(number, "")
        levels = self._levels.get(abstract, {})
        if level not in levels:
            return ""
        counts = self._counts.setdefault(abstract, [])
        while len(counts) <= level:
            counts.append(levels.get(len(counts), ("", "", 1))[2] - 1 + (len(counts) < level))
        counts[level] += 1
        del counts[level + 1 :]
        return self._worded(levels, counts, level)

    def _worded(self, levels: dict[int, tuple[str, str, int]], counts: list[int], level: int) -> str:
        form, text, _start = levels[level]
        if form == "bullet":
            return ""

        def one(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            if place >= len(counts):
                return ""
            letter = levels.get(place, ("decimal", "", 1))[0]
            return (
                chr(ord("a") + (counts[place] - 1) % 26)
                if letter in ("lowerLetter", "upperLetter")
                else str(counts[place])
            )

        return re.sub(r"%([1-9])", one, text).strip().rstrip(".")


def _level(element: Element) -> tuple[int, tuple[str, str, int]]:
    """Return the level's place and its form, text and first number."""
    start = _value(element.find(f"{_W}start"))
    return _whole(_value(element, "ilvl")), (
        _value(element.find(f"{_W}numFmt")),
        _value(element.find(f"{_W}lvlText")),
        _whole(start) if start else 1,
    )


def _numbered(properties: Element | None) -> tuple[str, int] | None:
    """Return the list and the level that the properties name; None where they name none."""
    found = properties.find(f"{_W}numPr") if properties is not None else None
    if found is None:
        return None
    return _value(found.find(f"{_W}numId")), _whole(_value(found.find(f"{_W}ilvl")))


def _value(element: Element | None, name: str = "val") -> str:
    return element.get(f"{_W}{name}", "") if element is not None else ""


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 4 else 0


# PDF


def _of_pdf(data: bytes) -> Iterator[Place]:
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise Refused("protected")
        count = len(reader.pages)
    except (Refused, MemoryError):
        raise
    except RecursionError as error:
        raise Refused("too_deep") from error
    except Exception as error:
        # What a broken file provokes in the library is not only its own errors.
        raise Refused("damaged") from error
    if not count:
        raise Refused("no_pages")
    if count > MAX_PLACES:
        raise Refused("too_much_text", limit=MAX_TEXT)
    failed = 0
    for number in range(count):
        try:
            yield Place(f"p. {number + 1}", reader.pages[number].extract_text())
        except MemoryError:
            raise
        except Exception:
            failed += 1
    # A page that cannot be read is like one that was scanned; a document of only such pages is damaged.
    if failed == count:
        raise Refused("damaged")


# The process


def _limit() -> None:
    # A codec or module is loaded from a file when first used, and no file opens below; cp437 is for names in archives.
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp437", *_OF_FONTS):
        codecs.lookup(encoding)
    for module in _LOADED_LATE:
        importlib.import_module(module)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No file can be written and no file or socket opened beyond the three streams.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


# Those that the fonts of a PDF may name.
_OF_FONTS = ("latin-1", "charmap", "mac-roman", "ascii", "gbk", "gb18030", "big5", "euc-kr", "shift-jis", "cp949")
# What pypdf loads only when it reads a file.
_LOADED_LATE = ("pypdf.filters", "pypdf._codecs._codecs", "pypdf._text_extraction")


def main() -> None:
    """Answer on standard output for the file on standard input."""
    _limit()
    # A library's remarks on a file are no failure of the reader's.
    logging.disable(logging.CRITICAL)
    try:
        kind, places = document(sys.stdin.buffer.read())
        answer: dict[str, object] = {"kind": kind, "places": places}
    except Refused as refusal:
        if refusal.code == "damaged":
            sys.stderr.write(f"{refusal.code}: {refusal.__cause__!r}\n")
        answer = {"refused": refusal.code, "values": refusal.values}
    except MemoryError:
        answer = {"refused": "too_costly", "values": {}}
    except RecursionError:
        answer = {"refused": "too_deep", "values": {}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
