"""What an uploaded document is and says, whatever its name; and hostile files, which cost one sentence and no more."""

import io
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable

import docx
import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from docx.oxml import parse_xml
from pypdf import PdfReader, PdfWriter

from wca import texts

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def pdf(*pages: str, extra: bytes = b"", content: bytes | None = None) -> bytes:
    """Return a PDF of the pages, one line of text each."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("cp1252") if content is None else content
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), extra, stream))
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def word(build: Callable[[docx.document.Document], None]) -> bytes:
    """Return a Word document, filled by the function."""
    document = docx.Document()
    build(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def archive(members: dict[str, str | bytes] | None = None) -> bytes:
    """Return a bare Word document with these members more."""
    body = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Text</w:t></w:r></w:p></w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"[Content_Types].xml": TYPES, "word/document.xml": body, **(members or {})}.items():
            file.writestr(name, content)
    return out.getvalue()


def places(data: bytes) -> list[tuple[str, str]]:
    return [tuple(place) for place in texts.read(data).places]  # type: ignore[misc]


def refusal(data: bytes) -> str:
    with pytest.raises(ValidationError) as raised:
        texts.read(data)
    (sentence,) = raised.value.messages
    return sentence


# What is read


def test_a_pdf_is_read_page_by_page() -> None:
    text = texts.read(pdf("Information stays ours.", "L\\351change est \\351crit."))
    assert text.kind == "pdf"
    assert text.places == (("p. 1", "Information stays ours."), ("p. 2", "Léchange est écrit."))


def test_a_word_document_is_read_by_its_numbered_sections_and_else_by_paragraph() -> None:
    def build(document: docx.document.Document) -> None:
        document.add_heading("Arrangement", 0)
        document.add_paragraph("Between the services.")
        document.add_heading("7 Ownership", 1)
        document.add_paragraph("7.1 Information stays ours.")
        document.add_paragraph("It does so for ever.")
        document.add_table(1, 1).rows[0].cells[0].text = "7.2 Copies too."

    data = word(build)
    assert texts.read(data).kind == "docx"
    assert places(data) == [
        ("para 1", "Arrangement"),
        ("para 2", "Between the services."),
        ("s. 7", "7 Ownership"),
        ("s. 7.1", "7.1 Information stays ours.\n\nIt does so for ever."),
        ("s. 7.2", "7.2 Copies too."),
    ]


def test_the_numbers_that_word_gives_by_itself_are_counted() -> None:
    def build(document: docx.document.Document) -> None:
        document.add_paragraph("Ownership", style="List Number")
        document.add_paragraph("Storage", style="List Number")

    assert places(word(build)) == [("s. 1", "1 Ownership"), ("s. 2", "2 Storage")]


def test_what_was_deleted_from_a_word_document_is_not_read() -> None:
    def build(document: docx.document.Document) -> None:
        paragraph = document.add_paragraph("It is ")
        paragraph._p.append(parse_xml(f'<w:del xmlns:w="{WORD}"><w:r><w:delText>not </w:delText></w:r></w:del>'))
        paragraph._p.append(parse_xml(f'<w:ins xmlns:w="{WORD}"><w:r><w:t>ours.</w:t></w:r></w:ins>'))

    assert places(word(build)) == [("para 1", "It is ours.")]


def test_plain_text_is_read_by_page_and_section() -> None:
    data = b"Title\n\n7. Ownership\n\n7.1 Information\nstays ours.\n7.2 Copies too.\n\n\fFor ever.\n\n2004 was a year."
    assert texts.read(data).kind == "plain"
    assert places(data) == [
        ("p. 1, para 1", "Title"),
        ("p. 1, s. 7", "7. Ownership"),
        ("p. 1, s. 7.1", "7.1 Information\nstays ours."),
        ("p. 1, s. 7.2", "7.2 Copies too."),
        ("p. 2, s. 7.2", "For ever.\n\n2004 was a year."),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_is_read_in_each_of_its_encodings(encoding: str) -> None:
    assert places("Où l’été a été".encode(encoding)) == [("para 1", "Où l’été a été")]


def test_a_scan_without_text_is_accepted() -> None:
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    out = io.BytesIO()
    writer.write(out)
    assert texts.read(out.getvalue()) == texts.Text("pdf", ())


def test_a_link_in_a_word_document_is_no_part_from_elsewhere() -> None:
    assert places(archive({"word/_rels/document.xml.rels": relation("hyperlink")})) == [("para 1", "Text")]


# What is refused


def relation(kind: str) -> str:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
        'Target="http://elsewhere.invalid/t" TargetMode="External"/></Relationships>'
    )


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Secret"))))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def bomb() -> bytes:
    return archive({"word/media/image1.png": b"\0" * (30 * 1024 * 1024)})


def nested() -> bytes:
    deep = f'<w:document xmlns:w="{WORD}"><w:body>' + "<w:p>" * 100_000 + "</w:p>" * 100_000 + "</w:body></w:document>"
    return archive({"word/document.xml": deep})


def circular() -> bytes:
    """Pages that are their own parent and child."""
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>\nendobj\ntrailer << /Size 3 /Root 1 0 R >>\n%%EOF"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b" \n ", "The file is empty."),
        (b"MZ\x90\x00\x03", "The file is not a document."),
        (b"{\\rtf1 text}", "The file is not a document."),
        (b"<html><script>alert(1)</script></html>", "The file is not a document."),
        ("\x81 is no letter".encode("latin-1"), "The file is not a document."),
        (b"%PDF-1.7 and nothing more", "The file is damaged"),
        (b"PK\x03\x04 and nothing more", "The file is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a Word document of an older kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    ],
    ids=["empty", "blank", "program", "rtf", "html", "bytes", "bare pdf", "bare zip", "doc", "locked docx"],
)
def test_what_is_no_document_is_told_by_its_content(data: bytes, said: str) -> None:
    assert said in refusal(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encrypted, "protected by a password"),
        (bomb, "too large once unpacked"),
        (nested, "nested too deeply"),
        (lambda: archive({"word/vbaProject.bin": b"x"}), "holds macros"),
        (lambda: archive({"[Content_Types].xml": TYPES.replace("/>", " a='macroEnabled'/>")}), "holds macros"),
        (lambda: archive({"word/_rels/settings.xml.rels": relation("attachedTemplate")}), "from elsewhere"),
        (lambda: archive({"word/document.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}), "DOCTYPE"),
        (lambda: archive({"word/document.xml": "<unclosed>"}), "The file is damaged"),
        (circular, "The file"),
    ],
    ids=["encrypted", "bomb", "nested", "macros", "macro type", "template", "doctype", "broken", "circular"],
)
def test_a_hostile_file_costs_one_sentence(data: Callable[[], bytes], said: str) -> None:
    content = data()
    started = time.monotonic()
    assert said in refusal(content)
    assert time.monotonic() - started < texts.WALL_SECONDS + 2


def test_a_workbook_is_no_document() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("[Content_Types].xml", TYPES)
        file.writestr("xl/workbook.xml", "<workbook/>")
    assert "The file is not a document." in refusal(out.getvalue())


def test_a_pdf_that_unpacks_without_end_is_refused_in_time() -> None:
    """A megabyte of packed zeroes becomes a hundred of text operators."""
    packer = zlib.compressobj(9)
    packed = packer.compress(b"BT " + b"(a) Tj " * 20_000_000) + packer.flush()
    started = time.monotonic()
    with pytest.raises(ValidationError):
        texts.read(pdf("x", extra=b"/Filter /FlateDecode", content=packed))
    assert time.monotonic() - started < texts.WALL_SECONDS + 2


def test_a_pdf_whose_text_goes_on_and_on_is_refused_in_time() -> None:
    content = b"BT /F1 12 Tf " + b"(abc) Tj 1 0 0 1 5 5 Tm " * 700_000 + b"ET"
    started = time.monotonic()
    said = refusal(pdf("x", content=content))
    assert "more time or memory" in said or "characters of text" in said
    assert time.monotonic() - started < texts.WALL_SECONDS + 2


def test_a_document_with_too_much_text_is_refused() -> None:
    assert "more than 1000000 characters" in refusal(b"word " * 250_000)


def test_characters_that_a_database_refuses_are_left_out() -> None:
    assert places(pdf("one\\000two")) == [("p. 1", "onetwo")]


def test_a_file_over_the_limit_is_refused_with_the_limit(settings: object) -> None:
    settings.DOCUMENT_MAX_BYTES = 1024 * 1024  # type: ignore[attr-defined]
    assert "larger than 1 MB" in refusal(b"a" * (1024 * 1024 + 1))


def test_a_refusal_is_said_in_french() -> None:
    with translation.override("fr"):
        assert refusal(b"").startswith("Le fichier est vide.")


def test_the_reading_process_cannot_open_a_file_or_a_connection() -> None:
    code = (
        "from wca import textreader\nimport socket\ntextreader._limit()\n"
        "for do in (lambda: open('/etc/hostname'), socket.socket):\n"
        "    try: do()\n    except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["24", "24"]


def test_a_zip_that_claims_less_than_it_holds_is_refused() -> None:
    data = bytearray(archive({"word/media/a.bin": b"\0" * 1_000_000}))
    place = data.rfind(struct.pack("<I", 1_000_000))
    data[place : place + 4] = struct.pack("<I", 10)
    assert "damaged" in refusal(bytes(data)) or "too large" in refusal(bytes(data))
