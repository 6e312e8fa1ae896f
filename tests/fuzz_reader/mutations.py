"""How a good file is broken: at the level of its archive, of its XML and of its text."""

import io
import random
import re
import struct
import zipfile
import zlib

_NUMBERS = (
    "0", "-1", "1e308", "1e400", "-1e999", "NaN", "inf", "99999999999999999999", "4294967296", "2147483648", "1048577",
    "16385", "0.1e-400", "2958466", "-0.5", "60", "0x10", "", "1,5", "٣", "1e15", "123456789012345678",
)  # fmt: skip
_TEXTS = (
    "\x00", "\x0b", "\ufffe", "\U0010ffff", "é" * 5000, "\u202e", "&#0;", "&#x110000;", "&#xD800;", "&amp;" * 100,
    "&x;", "_x0000_", "_xD800_", "<![CDATA[x]]>", "<!-- -- -->", "<?pi?>", "]]>", "=cmd|' /C calc'!A0", "\ud7ff", "'",
    '"', "O-0001", "#REF!", "2010-10-01", "x" * 40_000, "A" * 255, "../../etc/passwd", "%s%n", "\r\n\r\n",
)  # fmt: skip
_REFERENCES = (
    "XFD1048576",
    "A0",
    "ZZZZ9",
    "A99999999",
    "1A",
    "",
    "A1:XFD1048576",
    "XFE1",
    "$A$1",
    "a1",
    "GS1",
    "B200001",
)
_TYPES = ("s", "n", "b", "e", "d", "str", "inlineStr", "x", "")
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_ELEMENT = re.compile(r"<([\w:]+)\b[^<>]*>")
_PROLOGUES = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]>',
    '<?xml version="1.0" encoding="UTF-7"?>',
    '<?xml version="1.1" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="cp037" standalone="yes"?>',
    "\ufeff\ufeff",
    "<a>" * 2000,
)

Entries = list[tuple[str, bytes]]


# A little more than an import takes.
MAX_BYTES = 11 * 1024 * 1024


def broken(seed: bytes, rng: random.Random) -> bytes:
    """Return the file broken in one to four ways; the same for the same state of `rng`."""
    if not seed.startswith(b"PK"):
        return _broken_text(seed, rng)
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    for _time in range(rng.choice((1, 1, 1, 2, 3, 4))):
        if rng.random() < 0.8:
            _break_part(entries, rng)
        else:
            _break_entries(entries, rng)
    data = _packed(entries, rng)
    return _broken_archive(data, rng) if rng.random() < 0.25 else data


# XML


def _break_part(entries: Entries, rng: random.Random) -> None:
    if not entries:
        return
    # The sheets, texts and styles are where a parser has most to do.
    weights = [5 if re.search("sheet|content|sharedStrings|styles", name) else 1 for name, _content in entries]
    place = rng.choices(range(len(entries)), weights)[0]
    name, content = entries[place]
    if rng.random() < 0.1:
        entries[place] = name, _with_bytes(content, rng)
        return
    xml = content[:MAX_BYTES].decode("utf-8", errors="replace")
    xml = rng.choice(_XML_BREAKS)(xml, rng)
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32")) if rng.random() < 0.02 else "utf-8"
    entries[place] = name, xml.encode(encoding, errors="surrogatepass" if encoding == "utf-8" else "replace")


def _attribute(xml: str, rng: random.Random) -> str:
    found = list(_ATTRIBUTE.finditer(xml))
    if not found:
        return xml
    match = rng.choice(found)
    other = rng.choice(found)
    name = match[1]
    if name == "r" or name.endswith("ref"):
        value = rng.choice((*_REFERENCES, other[2]))
    elif name == "t":
        value = rng.choice(_TYPES)
    else:
        value = rng.choice((rng.choice(_NUMBERS), rng.choice(_TEXTS).replace('"', "'"), other[2], match[2] * 3))
    return f'{xml[: match.start()]}{name}="{value}"{xml[match.end() :]}'


def _many_attributes(xml: str, rng: random.Random) -> str:
    match = _any_element(xml, rng)
    if match is None:
        return xml
    count = rng.choice((1, 10, 5000))
    same = rng.random() < 0.3
    more = "".join(f' x{0 if same else number}="{number}"' for number in range(count))
    end = match.end(1)
    return xml[:end] + more + xml[end:]


def _any_element(xml: str, rng: random.Random) -> re.Match[str] | None:
    found = list(_ELEMENT.finditer(xml))
    return rng.choice(found) if found else None


def _drop(xml: str, rng: random.Random) -> str:
    match = _any_element(xml, rng)
    if match is None:
        return xml
    end = xml.find(f"</{match[1]}>", match.end())
    end = match.end() if end < 0 or rng.random() < 0.3 else end + len(match[1]) + 3
    return xml[: match.start()] + xml[end:]


def _repeat(xml: str, rng: random.Random) -> str:
    match = _any_element(xml, rng)
    if match is None:
        return xml
    end = xml.find(f"</{match[1]}>", match.end())
    end = match.end() if end < 0 else end + len(match[1]) + 3
    part = xml[match.start() : end]
    times = rng.choice((1, 2, 50, max(1, 2_000_000 // len(part))))
    return xml[:end] + part * times + xml[end:]


def _nest(xml: str, rng: random.Random) -> str:
    match = _any_element(xml, rng)
    if match is None:
        return xml
    times = min(rng.choice((2, 200, 50_000)), 4_000_000 // len(match[0]))
    closed = f"</{match[1]}>" * times if rng.random() < 0.5 else ""
    return xml[: match.start()] + match[0].replace("/>", ">") * times + closed + xml[match.start() :]


def _number(xml: str, rng: random.Random) -> str:
    found = list(re.finditer(r"(?<=>)[-0-9.]+(?=<)", xml))
    if not found:
        return _attribute(xml, rng)
    match = rng.choice(found)
    return xml[: match.start()] + rng.choice(_NUMBERS) + xml[match.end() :]


def _text(xml: str, rng: random.Random) -> str:
    found = list(re.finditer(">", xml))
    place = rng.choice(found).end() if found else 0
    return xml[:place] + rng.choice(_TEXTS) + xml[place:]


def _rename(xml: str, rng: random.Random) -> str:
    one, other = _any_element(xml, rng), _any_element(xml, rng)
    if one is None or other is None:
        return xml
    return xml[: one.start(1)] + other[1] + xml[one.end(1) :]


def _cut(xml: str, rng: random.Random) -> str:
    return xml[: rng.randrange(len(xml) + 1)]


def _prologue(xml: str, rng: random.Random) -> str:
    return rng.choice(_PROLOGUES) + (re.sub(r"^<\?xml[^>]*>", "", xml) if rng.random() < 0.8 else xml)


def _prefixed(xml: str, _rng: random.Random) -> str:
    return re.sub(r"<(/?)(?![?!])([\w]+)(?=[\s/>])", r"<\1x:\2", xml).replace("xmlns=", "xmlns:x=")


def _quotes(xml: str, _rng: random.Random) -> str:
    return _ATTRIBUTE.sub(lambda match: f"{match[1]} = '{match[2]}'", xml)


def _unplaced(xml: str, _rng: random.Random) -> str:
    return re.sub(r'(<(?:c|row)\b[^>]*?) r="[^"]*"', r"\1", xml)


_XML_BREAKS = (
    _attribute, _attribute, _attribute, _attribute, _many_attributes, _drop, _repeat, _nest, _number, _number, _text,
    _text, _rename, _cut, _prologue, _prefixed, _quotes, _unplaced,
)  # fmt: skip


# The archive


def _break_entries(entries: Entries, rng: random.Random) -> None:
    if len(entries) < 2:
        return
    one, other = rng.randrange(len(entries)), rng.randrange(len(entries))
    match rng.randrange(6):
        case 0:
            del entries[one]
        case 1:
            entries.append(entries[one])
        case 2:
            entries[one], entries[other] = (entries[one][0], entries[other][1]), (entries[other][0], entries[one][1])
        case 3:
            names = ("../x.xml", "/x", "xl\\x.xml", "é.xml", "x" * 3000, "XL/WORKBOOK.XML", "xl/vbaProject.bin", "")
            entries[one] = rng.choice(names), entries[one][1]
        case 4:
            entries.append((rng.choice(("xl/media/x.png", "x.bin")), b"\0" * rng.choice((0, 1000, 30_000_000))))
        case 5:
            rng.shuffle(entries)


def _packed(entries: Entries, rng: random.Random) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in entries:
            kinds = (zipfile.ZIP_DEFLATED,) * 20 + (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)
            # Two entries of one name are meant.
            archive.NameToInfo.clear()
            archive.writestr(name or "x", content, rng.choice(kinds), 1)
    return output.getvalue()


def _broken_archive(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    headers = [match.start() for match in re.finditer(rb"PK\x01\x02", data)]
    match rng.randrange(8):
        case 0:
            return data[: rng.randrange(len(data))]
        case 1:
            return rng.randbytes(rng.choice((1, 10, 5000))) + data
        case 2:
            return data + rng.randbytes(rng.choice((1, 22, 5000)))
        case 3:
            return _with_bytes(data, rng)
        case 4 | 5 if headers:
            # Of the central directory: method 10, CRC 16, packed size 20, size 24, name's length 28, place 42.
            header, place = rng.choice(headers), rng.choice((8, 10, 16, 20, 24, 28, 30, 32, 42))
            struct.pack_into(
                "<I", made, header + place, rng.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, rng.randrange(1 << 20)))
            )
        case 6 if len(headers) > 1:
            # Two entries that are the same bytes.
            one, other = rng.sample(headers, 2)
            made[one + 10 : one + 28], made[one + 42 : one + 46] = (
                made[other + 10 : other + 28],
                made[other + 42 : other + 46],
            )
        case _:
            packed = zlib.compress(data)
            return data[:30] + packed[: rng.randrange(len(packed))] + data[30:]
    return bytes(made)


def _with_bytes(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    for _time in range(rng.choice((1, 4, 100))):
        if made:
            made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


# Text


def _broken_text(seed: bytes, rng: random.Random) -> bytes:
    data = seed
    for _time in range(rng.choice((1, 2, 3))):
        data = rng.choice(_TEXT_BREAKS)(data, rng)[:MAX_BYTES]
    return data


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    some = rng.choice(
        (
            b'"', b"''", b"\0", b"\r", b"\n\n\n", b";", b",", b"\t", b"|", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf",
            b"\x1a",
            b"," * rng.choice((300, 1_000_000)), b"x" * rng.choice((20_001, 1_000_001, 3_000_000)),
            b'"' * rng.choice((2, 3, 100_001)), b"a,b\n" * rng.choice((10, 120_000)), b"\x81\x8d", b"1e999", b"=1+1",
            rng.choice(_TEXTS).encode(errors="surrogatepass"),
        )
    )  # fmt: skip
    return data[:place] + some + data[place:]


def _cut_bytes(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _recoded(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("cp1252", errors="replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "mac_roman", "cp850")),
        "replace",
    )


def _repeated(data: bytes, rng: random.Random) -> bytes:
    return data * min(rng.choice((2, 10, 2000)), MAX_BYTES // max(1, len(data)) + 1)


def _marked(data: bytes, rng: random.Random) -> bytes:
    return (
        rng.choice((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<", b"%PDF", b"\x1f\x8b", b"sep=;\r\n"))
        + data
    )


_TEXT_BREAKS = (_insert, _insert, _insert, _with_bytes, _cut_bytes, _recoded, _repeated, _marked)
