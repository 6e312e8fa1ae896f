"""No file gets past the gate that a spreadsheet program would not have written, and none costs more than it may."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import pytest
import xlsxwriter
from django.conf import settings
from django.utils.translation import override

from jfo_portal.kit.imports import reading, turns
from jfo_portal.kit.imports.reading import ImportRefused, Sheet, read

from ..fuzz_reader.seeds import document
from .test_imports_reading import GOOD, HEADERS, NAMESPACE, repacked, with_cells


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


def read_bytes(data: bytes) -> Sheet:
    return read(io.BytesIO(data), HEADERS)


def refusal(data: bytes) -> str:
    with pytest.raises(ImportRefused) as caught:
        read_bytes(data)
    return str(caught.value)


def ods(**parts: str) -> bytes:
    """The ods document with entries added; a name's __ stands for a slash, its _ for a dot."""
    output = io.BytesIO(document())
    with zipfile.ZipFile(output, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return output.getvalue()


def ods_with(content: str) -> bytes:
    """The ods document with something before its tables."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document())) as old, zipfile.ZipFile(output, "w") as new:
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace(b"<office:spreadsheet>", b"<office:spreadsheet>" + content.encode())
            )
    return output.getvalue()


def overlapping() -> bytes:
    """An archive whose directory names the same bytes as two entries."""
    data = bytearray(repacked(a_bin=b"0123456789" * 100, b_bin=b"0123456789" * 100))
    one, other = (data.rfind(name) - 46 for name in (b"a.bin", b"b.bin"))
    data[other + 42 : other + 46] = data[one + 42 : one + 46]
    return bytes(data)


def renamed(old: bytes, new: bytes) -> bytes:
    return repacked(docProps__xxx_xml=b"<x/>").replace(old, new)


def with_macro_type() -> bytes:
    """The good workbook, saved as one with macros that holds none."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(output, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"))
    return output.getvalue()


RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://x/relationships/{kind}" Target="{target}" TargetMode="External"/>'
    "</Relationships>"
)
UTF16 = '<?xml version="1.0" encoding="UTF-16"?><worksheet/>'.encode("utf-16")
UTF7 = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE+ADw-x+AD4-'
DOCTYPE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        # Macros, whatever they are called
        (repacked(xl__macrosheets__sheet1_xml=b"<x/>"), "macros"),
        (repacked(xl__VBAPROJECT_bin=b"x"), "macros"),
        (with_macro_type(), "macros"),
        (ods(Basic__Standard__Module1_xml="<x/>"), "macros"),
        (ods(Scripts__python__x_py="print()"), "macros"),
        (ods_with('<script:event-listener xmlns:script="x"/>'), "macros"),
        # Data from outside
        (repacked(xl__externalLinks__externalLink1_xml=b"<x/>"), "from outside"),
        (repacked(xl__connections_xml=b"<x/>"), "from outside"),
        (repacked(xl__queryTables__queryTable1_xml=b"<x/>"), "from outside"),
        (repacked(customXml__item1_xml=("<DataMashup>" * 3).encode("utf-16")), "from outside"),
        (
            repacked(xl__x___rels=RELATIONS.format(kind="externalLinkPath", target="file:///x.xlsx").encode()),
            "from outside",
        ),
        (ods_with("<table:dde-link/>"), "from outside"),
        (ods_with('<table:cell-range-source xlink:href="x.ods" xmlns:xlink="x"/>'), "from outside"),
        # Other files inside
        (repacked(xl__embeddings__oleObject1_bin=b"x"), "another file"),
        (repacked(xl__activeX__activeX1_xml=b"<x/>"), "another file"),
        (repacked(xl__media__x_png=GOOD), "another file"),
        (repacked(docProps__thumbnail_jpeg=b"MZ\x90\0"), "another file"),
        # XML as no spreadsheet program writes it
        (repacked(xl__worksheets__sheet1_xml=UTF16), "UTF-8"),
        (repacked(xl__worksheets__sheet1_xml=UTF7), "UTF-8"),
        (repacked(xl__worksheets__sheet1_xml=b"\xff\xfe" + "<x/>".encode("utf-16-le")), "UTF-8"),
        (repacked(docProps__app_xml=DOCTYPE.encode("utf-16")), "DOCTYPE"),
        (repacked(xl__theme__strange_bin=DOCTYPE.encode()), "DOCTYPE"),
        (repacked(xl__workbook_xml=b"<a>" * 500), "damaged"),
        (repacked(xl__workbook_xml=b"<workbook"), "damaged"),
        # Archives as nobody packs them
        (overlapping(), "damaged"),
        (renamed(b"docProps/xxx.xml", b"../../../xxx.xml"), "damaged"),
        (renamed(b"docProps/xxx.xml", b"/ocProps/xxx.xml"), "damaged"),
        (renamed(b"docProps/xxx.xml", b"docProps\\xxx.xml"), "damaged"),
        (repacked(XL__WORKBOOK_XML=b"<x/>"), "damaged"),
        (GOOD + GOOD, "damaged"),
        (GOOD + b"more", "damaged"),
        (repacked(**{f"x{number}": b"" for number in range(1001)}), "once unpacked"),
        # Too much of something
        (repacked(xl__styles_xml=b"<styleSheet><cellXfs>" + b"<xf/>" * 80_000), "formats of cells"),
    ],
)
def test_a_workbook_that_is_not_a_plain_table_is_refused_with_its_remedy(data: bytes, words: str) -> None:
    sentence = refusal(data)
    assert words in sentence
    assert "send that" in sentence


def test_an_ods_document_behind_a_password_is_refused() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document())) as old, zipfile.ZipFile(output, "w") as new:
        for name in old.namelist():
            new.writestr(
                name,
                old.read(name).replace(b"</manifest:manifest>", b"<manifest:encryption-data/></manifest:manifest>"),
            )
    assert "password" in refusal(output.getvalue())


def test_links_to_click_on_and_pictures_are_no_reason_to_refuse() -> None:
    data = repacked(
        xl__worksheets___rels__sheet1_xml_rels=RELATIONS.format(kind="hyperlink", target="https://x.invalid").encode(),
        xl__media__image1_png=b"\x89PNG\r\n",
    )
    assert [str(notice) for notice in read_bytes(data).notices] == ["The workbook holds pictures, which are not read."]


def test_a_broken_archive_is_damaged_and_no_more() -> None:
    """A good file's content wrong at a place, in steps."""
    for place in range(60, len(GOOD) - 800, len(GOOD) // 8):
        assert "damaged" in refusal(
            GOOD[:place] + bytes([GOOD[place] ^ 0x55, GOOD[place + 1] ^ 0x55]) + GOOD[place + 2 :]
        )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Officer,Start\nO-1,\x00\n", "not a spreadsheet"),
        (b"Officer,Start\n" + b"x" * 3_000_000, "more than 20000 characters"),
        (b'Officer,Start\n"' + b"x" * 3_000_000, "quotation marks of row 2"),
        (b"Officer,Start\n" + b"," * 1_000_000 + b"x\n", "more than 200 columns"),
        (b"Officer,Start\n" + b"O-1,x\n" * 100_001, "more than 100000 rows"),
        (b",".join([b"c"] * 200) + (b"\n" + b",".join([b"1"] * 200)) * 6_001, "more than 1200000 cells"),
        (b"\x1f\x8b\x08\0\0\0", "not a spreadsheet"),
        (bytes(range(1, 128)) * 100, "not a spreadsheet"),
    ],
)
def test_a_text_that_is_no_table_of_a_bearable_size_is_refused(data: bytes, words: str) -> None:
    assert words in refusal(data)


# What it costs


def usage_of(data: bytes) -> tuple[float, float]:
    """Seconds of the processor, and MB, that the reading process took, as the operating system counted them."""
    program = (
        "import io, resource, sys; from pathlib import Path; from django.conf import settings\n"
        f"settings.configure(BASE_DIR=Path({str(settings.BASE_DIR)!r}), IMPORT_MAX_BYTES=10485760, USE_I18N=False)\n"
        "from jfo_portal.kit.imports import reading\n"
        "try: reading.read(sys.stdin.buffer, ['Officer'])\n"
        "except reading.ImportRefused as error: print(error, file=sys.stderr)\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=data, capture_output=True, cwd=settings.BASE_DIR, check=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def many_rows() -> bytes:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Officer", "Start", "End"])
        for line in range(1, 100_001):
            sheet.write_row(line, 0, [f"O-{line}", line, "a text"])
    return output.getvalue()


def dense(rows: int, columns: int) -> bytes:
    row = "".join("<c><v>1</v></c>" for _column in range(columns))
    return with_cells("".join(f'<row r="{line}">{row}</row>' for line in range(1, rows + 1)))


def bomb_of_attributes() -> bytes:
    return with_cells("<row " + " ".join(f'a{number}="1"' for number in range(300_000)) + "/>")


@pytest.mark.parametrize(
    "data",
    [
        many_rows(),
        dense(60_000, 100),
        bomb_of_attributes(),
        with_cells("<row>" * 500_000),
        repacked(
            xl__sharedStrings_xml=f'<sst xmlns="{NAMESPACE}">'.encode() + b"<si><t>ab</t></si>" * 1_400_000 + b"</sst>"
        ),
        b"a,b\n" + b"\n" * 9_000_000,
        b'a,b\n"' + b'""' * 4_000_000,
    ],
    ids=["100,000 rows", "6,000,000 cells", "attributes", "depth", "texts", "blank lines", "quotes"],
)
def test_no_file_costs_more_than_five_seconds_and_200_megabytes(data: bytes) -> None:
    seconds, megabytes = usage_of(data)
    assert seconds < 5.6
    assert megabytes < 200


def test_the_reading_process_opens_no_file_and_no_connection_and_starts_no_other() -> None:
    program = (
        "import os, socket\nfrom jfo_portal.kit.imports import reader\nreader._limit()\n"
        "for do in (lambda: open('/etc/hostname'), socket.socket, os.pipe):\n"
        "    try: do()\n    except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=settings.BASE_DIR, check=True)
    assert done.stdout.split() == [b"24", b"24", b"24"]


# So many at once


def test_one_more_file_than_are_read_at_once_waits_and_then_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(reading, "READERS", 1)
    with turns.turn("imports", 1, 30) as is_mine:
        assert is_mine
        assert "Send it again" in refusal(GOOD)
    monkeypatch.setattr(reading, "WAIT_SECONDS", 30)
    assert len(read_bytes(GOOD)) == 1


def test_a_turn_is_given_back_when_its_holder_is_killed() -> None:
    program = (
        "import time\nfrom jfo_portal.kit.imports import turns\n"
        "with turns.turn('killed', 1, 1) as is_mine:\n    print(is_mine, flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=settings.BASE_DIR)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"True\n"
    with turns.turn("killed", 1, 0) as is_mine:
        assert not is_mine
    holder.kill()
    holder.communicate()
    with turns.turn("killed", 1, 5) as is_mine:
        assert is_mine


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>x</v></c></row>',
        f'<row r="2"><c r="A2" t="s"><v>{"9" * 30}</v></c></row>',
    ],
    ids=["a row twice", "rows in another order", "text -1", "text x", "a text far away"],
)
def test_a_sheet_that_a_parser_would_guess_at_is_refused_as_damaged(cells: str) -> None:
    header = '<row r="1"><c r="A1" t="inlineStr"><is><t>Officer</t></is></c></row>'
    assert "damaged" in refusal(with_cells(header + cells))


@pytest.mark.parametrize("data", [b",,,\n,,,\n", b" ; \r\n", b"\t\t\n"])
def test_a_text_of_nothing_but_empty_cells_holds_no_rows(data: bytes) -> None:
    assert "holds no rows" in refusal(data)
