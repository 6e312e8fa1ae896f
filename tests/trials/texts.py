"""Text files: encodings, what separates cells, quotes, line ends, headers, and what a cell may hold."""

import unicodedata
from collections.abc import Iterator

from .trial import HEADERS, Facts, Trial, held, text

SAVED = "saved 2 0 0"
FRENCH = ("Numéro de l’agent", "OPC", "ETP", "Premier jour")
PROGRAM = ("Code", "Name in English", "Name in French", "Kind")
_MB = 1024 * 1024


def trials(known: Facts) -> Iterator[Trial]:
    """Yield the trials of text files."""
    yield from _encodings(known)
    yield from _delimiters(known)
    yield from _lines(known)
    yield from _headers(known)
    yield from _names()
    yield from _codes(known)
    yield from _dates(known)
    yield from _numbers(known)
    yield from _choices(known)


def _encodings(known: Facts) -> Iterator[Trial]:
    good = text(known.table)
    french = text([FRENCH, *known.rows])
    for name, encoded in {
        "utf-8": french.encode(),
        "utf-8-bom": french.encode("utf-8-sig"),
        "two-boms": b"\xef\xbb\xbf" + french.encode("utf-8-sig"),
        "utf-16-le-bom": french.encode("utf-16"),
        "utf-16-be-bom": b"\xfe\xff" + french.encode("utf-16-be"),
        "utf-16-le": french.encode("utf-16-le"),
        "utf-16-be": french.encode("utf-16-be"),
        "windows-1252": french.encode("cp1252"),
        "dos-end": good.encode() + b"\x1a",
        "composed-otherwise": unicodedata.normalize("NFD", french).encode(),
    }.items():
        yield Trial(f"encodings/{name}", encoded, SAVED, file_name="trial.csv", holds=known.held)
    yield Trial("encodings/utf-16-cut", french.encode("utf-16")[:-1], "refused not_a_spreadsheet")
    yield Trial("encodings/utf-16-lone-half", french.encode("utf-16") + b"\x00\xd8", "refused not_a_spreadsheet")
    yield Trial("encodings/utf-32", french.encode("utf-32"), "refused not_a_spreadsheet")
    yield Trial("encodings/ebcdic", good.encode("cp500"), "refused unknown_encoding")
    yield Trial("encodings/utf-7", text([FRENCH, *known.rows]).encode("utf-7"), "asks missing officer; unknown A")
    row = "TRIAL-1,Douanes,{},Regional\r\n"
    head = ",".join(PROGRAM) + "\r\n"
    mixed = (head + row.format("Équipe")).encode() + "TRIAL-2,Frontière,Équipe,Regional\r\n".encode("cp1252")
    yield Trial("encodings/two-in-one-file", mixed, "saved 2 0 0", "programs")
    wrong = head.encode() + row.encode().replace(b"{}", b"Equipe \x81\x8d")
    yield Trial("encodings/undefined-bytes", wrong, "refused unknown_encoding", "programs")
    surrogate = head.encode() + row.encode().replace(b"{}", b"\xed\xa0\x80")
    yield Trial("encodings/surrogate-in-utf-8", surrogate, "saved 1 0 0", "programs")
    overlong = head.encode() + row.encode().replace(b"{}", b"\xc0\xaf")
    yield Trial("encodings/overlong-utf-8", overlong, "saved 1 0 0", "programs")
    for name, signs in {"nul": "\0", "bell": "\x07", "delete": "\x7f", "c1": "\x85", "replacement": "\ufffd"}.items():
        content = (head + row.format(f"Équipe{signs}mobile")).encode()
        expected = "refused not_a_spreadsheet" if name == "nul" else "errors 1 in name_fr"
        yield Trial(f"encodings/{name}-in-a-text", content, expected, "programs")


def _delimiters(known: Facts) -> Iterator[Trial]:
    for name, sign in {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}.items():
        yield Trial(f"delimiters/{name}", text(known.table, sign).encode(), SAVED, holds=known.held)
        if sign != ",":
            made = text(known.table, sign, comma=True).encode()
            yield Trial(f"delimiters/{name}-decimal-comma", made, SAVED, holds=known.held)
    quoted = [[f'"{value}"' for value in row] for row in known.table]
    yield Trial("delimiters/all-quoted", text(quoted).encode(), SAVED, holds=known.held)
    comma = [[f'"{value}"'.replace("0.", "0,") for value in row] for row in known.table]
    yield Trial("delimiters/quoted-decimal-comma", text(comma).encode(), SAVED, holds=known.held)
    yield Trial("delimiters/sep-line", b"sep=;\r\n" + text(known.table, ";").encode(), SAVED, holds=known.held)
    wrong = b"sep=;\r\n" + text(known.table).encode()
    yield Trial("delimiters/sep-line-that-lies", wrong, "asks missing officer, jfo, fte, start; unknown A")
    yield Trial("delimiters/caret", text(known.table, "^").encode(), "asks missing officer, jfo, fte, start; unknown A")
    spaces = text(known.table, "   ").encode()
    yield Trial("delimiters/spaces", spaces, "asks missing officer, jfo, fte, start; unknown A")
    yield Trial("delimiters/spaces-after-commas", text(known.table, ", ").encode(), SAVED, holds=known.held)
    both = [[*HEADERS[:3], "First day;of it"], *known.rows]
    yield Trial("delimiters/another-in-a-header", text(both).encode(), "asks missing start; unknown D")
    trailing = "".join(f"{line},,,\r\n" for line in text(known.table).splitlines())
    yield Trial("delimiters/empty-cells-at-the-end", trailing.encode(), SAVED, holds=known.held)
    ragged = text(known.table).replace("2011-01-03", "2011-01-03,,stray")
    yield Trial("delimiters/a-row-too-long", ragged.encode(), "asks unknown E, F")
    short = text(known.table).replace(",2011-01-03", "")
    yield Trial("delimiters/a-row-too-short", short.encode(), "errors 1 in start")


def _lines(known: Facts) -> Iterator[Trial]:
    for name, end in {"lf": "\n", "cr": "\r", "crlf": "\r\n"}.items():
        yield Trial(f"lines/{name}", text(known.table, end=end).encode(), SAVED, holds=known.held)
    good = text(known.table).encode()
    first, *rest = good.splitlines(keepends=True)
    yield Trial("lines/mixed-ends", first.replace(b"\r\n", b"\n") + b"".join(rest), SAVED, holds=known.held)
    yield Trial("lines/no-end", good.rstrip(), SAVED, holds=known.held)
    blank = first + b"\r\n,,,\r\n" + b"\r\n,,,\r\n".join(rest) + b"\r\n" * 50
    yield Trial("lines/blank-between", blank, SAVED, holds=known.held, notices=frozenset({"blank_lines"}))
    yield Trial("lines/header-alone", first, "refused empty")
    yield Trial("lines/nothing", b"", "refused empty")
    yield Trial("lines/spaces-alone", b"   \r\n \t \n", "refused empty")
    yield Trial("lines/bom-alone", b"\xef\xbb\xbf", "refused empty")
    yield Trial("lines/commas-alone", b",,,\n,,,\n", "refused empty")
    yield Trial("lines/an-open-quote", first + b'"' + b"".join(rest), "refused bad_quotes")
    yield Trial("lines/text-after-a-quote", first + b'"O-1"x,IBET,1,2011-01-01\r\n', "refused bad_quotes")
    yield Trial("lines/an-open-quote-of-9-mb", first + b'"' + b"x,y\n" * (9 * _MB // 4), "refused bad_quotes")
    yield Trial("lines/no-end-in-9-mb", b"x" * (9 * _MB), "refused too_long")
    yield Trial("lines/a-million-columns", first + b"," * 1_000_000 + b"x\r\n", "refused too_wide")
    yield Trial("lines/a-million-empty-columns", first + b"," * 1_000_000 + b"\r\n" + b"".join(rest), SAVED)
    yield Trial("lines/a-million-headers", b"a," * 1_000_000 + b"b\r\n1\r\n", "refused too_wide")
    yield Trial("lines/quotes-alone", b'"' * (9 * _MB), "refused bad_quotes")
    yield Trial(
        "lines/newlines-alone", b"\n" * (9 * _MB) + b"a\n1\n", "asks missing officer, jfo, fte, start; unknown A"
    )
    lines = "\r\n".join(f"line {number}" for number in range(10))
    yield Trial(
        "lines/lines-in-a-cell",
        f'{",".join(PROGRAM)}\r\nTRIAL-1,Teams,"{lines}",Regional\r\n'.encode(),
        "saved 1 0 0",
        "programs",
        holds=[("TRIAL-1", "Teams", lines.replace("\r\n", "\n"), "regional", "False")],
    )


def _headers(known: Facts) -> Iterator[Trial]:
    def headed(*names: str) -> bytes:
        return text([names, *known.rows]).encode()

    yield Trial("headers/french", headed(*FRENCH), SAVED, holds=known.held)
    yield Trial("headers/french-without-accents", headed("numero de l'agent", "opc", "etp", "premier jour"), SAVED)
    yield Trial("headers/capitals", headed(*(name.upper() for name in HEADERS)), SAVED, holds=known.held)
    spaced = [name.replace(" ", "\xa0\xa0") + "\u202f" for name in HEADERS]
    yield Trial("headers/no-break-spaces", headed(*spaced), SAVED, holds=known.held)
    yield Trial("headers/zero-width", headed(*("\u200b" + name + "\ufeff" for name in HEADERS)), SAVED)
    yield Trial("headers/two-languages", headed("Officer number", "OPC", "FTE", "Premier jour"), SAVED)
    yield Trial("headers/homoglyph", headed("Оfficer number", *HEADERS[1:]), "asks missing officer; unknown A")
    yield Trial("headers/missing", text([row[:3] for row in known.table]).encode(), "asks missing start")
    yield Trial("headers/empty", headed("", *HEADERS[1:]), "asks missing officer; unknown A")
    more = [[*HEADERS, "Shoe size"], *[[*row, 42] for row in known.rows]]
    yield Trial("headers/unknown", text(more).encode(), "asks unknown E")
    doubled = [[*HEADERS, "FTE"], *[[*row, 1] for row in known.rows]]
    yield Trial("headers/doubled", text(doubled).encode(), "asks doubled fte")
    twice = [[*HEADERS, "ETP"], *[[*row, 1] for row in known.rows]]
    yield Trial("headers/doubled-in-two-languages", text(twice).encode(), "asks doubled fte")
    above = "Report of the team\r\n\r\nas of,2011-03-31\r\n\r\n"
    yield Trial("headers/in-row-5", above.encode() + headed(*HEADERS), SAVED, holds=known.held)
    yield Trial(
        "headers/repeated-below",
        headed(*HEADERS) + headed(*HEADERS).splitlines()[0] + b"\r\n",
        "errors 1 in fte, jfo, officer, start",
    )
    yield Trial("headers/none", text(known.rows).encode(), "asks missing officer, jfo, fte, start; unknown A, B, C, D")
    order = [[row[place] for place in (3, 1, 0, 2)] for row in known.table]
    yield Trial("headers/another-order", text(order).encode(), SAVED, holds=known.held)
    yield Trial("headers/20000-signs", headed("x" * 20_000, *HEADERS[1:]), "asks missing officer; unknown A")
    yield Trial("headers/20001-signs", headed("x" * 20_001, *HEADERS[1:]), "refused too_long")
    yield Trial("headers/markup", headed("<script>alert(1)</script>", *HEADERS[1:]), "refused not_a_spreadsheet")
    yield Trial("headers/formula", headed("=1+1", *HEADERS[1:]), "asks missing officer; unknown A")
    yield Trial("headers/placeholders", headed("%(count)s {0} %s", *HEADERS[1:]), "asks missing officer; unknown A")


def _names() -> Iterator[Trial]:
    """Names of programmes, and what they are once they are saved."""
    for name, (typed, kept) in {
        "no-break-space": ("Équipe\xa0mobile", "Équipe mobile"),
        "narrow-no-break-space": ("Équipe\u202fmobile", "Équipe mobile"),
        "spaces-around": ("  Équipe mobile \xa0", "Équipe mobile"),
        "zero-width": ("Équipe\u200b mobile", "Équipe mobile"),
        "composed-otherwise": (unicodedata.normalize("NFD", "Équipe mobile"), "Équipe mobile"),
        "homoglyph": ("Équipе mobile", "Équipе mobile"),
        "right-to-left": ("Équipe \u202eelibom", "Équipe \u202eelibom"),
        "arabic": ("فريق", "فريق"),
        "emoji": ("Équipe 👩🏽\u200d✈️", "Équipe 👩🏽\u200d✈️"),
        "not-a-character": ("Équipe \U0001fffe", "Équipe \U0001fffe"),
        "two-signs-for-one": ("ﬁle Å", "ﬁle Å"),
        "markup": ("<b>Équipe</b> & <script>", "<b>Équipe</b> & <script>"),
        "sql": ("'; DROP TABLE registry_program; --", "'; DROP TABLE registry_program; --"),
        "formula": ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        "formula-escaped": ("'=HYPERLINK(1)", "=HYPERLINK(1)"),
        "command": ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        "plus-minus-at": ("+-@SUM(1)", "+-@SUM(1)"),
        "template": ("{{ 7*7 }}{% now %}%(x)s", "{{ 7*7 }}{% now %}%(x)s"),
        "null": ("NULL", "NULL"),
        "number": ("000123.50", "000123.50"),
        "true": ("TRUE", "TRUE"),
        "day": ("2011-03-31", "2011-03-31"),
    }.items():
        content = text([PROGRAM, ("TRIAL-1", "Trial team", f'"{typed}"', "Regional")]).encode()
        row = ("TRIAL-1", "Trial team", kept, "regional", "False")
        yield Trial(f"names/{name}", content, "saved 1 0 0", "programs", holds=[row])
    for name, typed in {"error": "#REF!", "error-n-a": "#N/A", "empty": "", "invisible": "\u200b\xa0"}.items():
        content = text([PROGRAM, ("TRIAL-1", "Trial team", typed, "Regional")]).encode()
        yield Trial(f"names/{name}", content, "errors 1 in name_fr", "programs")
    for count, expected in {20_000: "errors 1 in name_fr", 20_001: "refused too_long"}.items():
        content = text([PROGRAM, ("TRIAL-1", "Trial team", "é" * count, "Regional")]).encode()
        yield Trial(f"limits/a-text-of-{count}", content, expected, "programs")


def _codes(known: Facts) -> Iterator[Trial]:
    def coded(officer: str | None = None, jfo: str | None = None) -> bytes:
        row = known.rows[0]
        return text([HEADERS, (officer or row[0], jfo or row[1], *row[2:])]).encode()

    officer, jfo = known.rows[0][:2]
    one = [held(known.rows[0])]
    for name, typed in {
        "small-letters": officer.lower(),
        "full-width": officer.translate({ord("0"): "０", ord("O"): "Ｏ"}),
        "another-hyphen": officer.replace("-", "\u2010"),
        "minus": officer.replace("-", "\u2212"),
        "spaces-around": f"  {officer}\xa0",
        "zero-width": f"\u200b{officer}",
    }.items():
        yield Trial(f"codes/{name}", coded(typed), "saved 1 0 0", holds=one)
    for name, typed in {
        "unknown": "O-9999",
        "zeros-lost": officer.replace("O-0", "O-"),
        "homoglyph": officer.replace("O", "О"),
        "right-to-left-mark": f"\u200f{officer}",
        "point-0": f"{officer}.0",
        "sql": "O-0001' OR '1'='1",
        "very-long": "O-" + "9" * 10_000,
        "wildcard": "O-%",
    }.items():
        yield Trial(f"codes/{name}", coded(typed), "errors 1 in officer")
    yield Trial("codes/jfo-accents-and-case", coded(jfo=jfo.lower().replace("e", "é")), "saved 1 0 0", holds=one)
    for name, (typed, kept) in {"101.0": ("101.0", "101.0"), "leading-zeros": ("000101", "000101")}.items():
        content = text([PROGRAM, (typed, "Trial team", "Équipe d’essai", "Regional")]).encode()
        row = (kept, "Trial team", "Équipe d’essai", "regional", "False")
        yield Trial(f"codes/{name}-as-text", content, "saved 1 0 0", "programs", holds=[row])
    same = text([PROGRAM, ("TRÌAL-1", "A", "B", "Regional"), ("trial-1", "A", "B", "Regional")]).encode()
    yield Trial("keys/twice-by-case-and-accents", same, "errors 2 in code", "programs")


def _dates(known: Facts) -> Iterator[Trial]:
    def dated(day: str) -> bytes:
        return text([HEADERS, (*known.rows[0][:3], f'"{day}"')]).encode()

    for name, day in {"iso": "2011-01-03", "spaces": " 2011-01-03\xa0", "hyphens": "2011\u20101\u20103"}.items():
        expected = "errors 1 in start" if name == "hyphens" else "saved 1 0 0"
        yield Trial(f"dates/{name}", dated(day), expected)
    for day in (
        "13/03/11",
        "01/02/2011",
        "1/2/2011",
        "2011/01/03",
        "2011.01.03",
        "3 Jan 2011",
        "3 janvier 2011",
        "20110103",
        "2011-1-3",
        "11-01-03",
        "2011-02-29",
        "2011-13-01",
        "2011-00-10",
        "2011-01-32",
        "1899-12-31",
        "2200-01-01",
        "0000-01-01",
        "9999-12-31",
        "99999-01-01",
        "-2011-01-03",
        "40546",
        "40546.5",
        "2011-01-03 12:30",
        "2011-01-03T00:00:00",
        "2011-W01-1",
        "2011-003",
        "today",
        "n/a",
        "٢٠١١-٠١-٠٣",
        "２０１１-０１-０３",
        "2011-01",
        "2011",
        "1e4",
        "NaT",
        "=TODAY()",
        "2011-01-03Z",
    ):
        slug = day.replace("/", ":").replace(" ", "_")
        yield Trial(f"dates/text-{slug}", dated(day), "errors 1 in start")
    leap = text([HEADERS, (*known.rows[0][:3], "2008-02-29")]).encode()
    row = [(*held(known.rows[0])[:3], "2008-02-29")]
    yield Trial("dates/a-leap-day", leap, "saved 1 0 0", holds=row)


def _numbers(known: Facts) -> Iterator[Trial]:
    officer, jfo, _fte, day = known.rows[0]

    def numbered(number: str, delimiter: str = ",") -> bytes:
        return text([HEADERS, (officer, jfo, f'"{number}"', day)], delimiter).encode()

    for name, number, kept in (
        ("one", "1", 1),
        ("three-decimals-of-zeros", "0.500", 0.5),
        ("plus", "+0.5", 0.5),
        ("spaces", " 0.5 ", 0.5),
        ("comma", "0,5", 0.5),
        ("zeros-before", "000.5", 0.5),
    ):
        row = [held((officer, jfo, kept, day))]
        yield Trial(f"numbers/{name}", numbered(number), "saved 1 0 0", holds=row)
    yield Trial(
        "numbers/comma-and-semicolon", numbered("0,5", ";"), "saved 1 0 0", holds=[held((officer, jfo, 0.5, day))]
    )
    for number in (
        "0",
        "-0",
        "-0.5",
        "1.01",
        "1e309",
        "1e-1",
        "5E-1",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "Infinity",
        "9" * 19,
        "9" * 400,
        "0." + "9" * 400,
        "٠٫٥",
        "０.５",
        "½",
        "1/2",
        "50%",
        "50 %",
        "0.5 FTE",
        "$0.50",
        "1 000,5",
        "1,000.5",
        "1'000",
        "0.505",
        ".5",
        "5.",
        "0..5",
        "0,5,0",
        "0x1",
        "0b1",
        "1_0",
        "--0.5",
        "−0.5",
        "²",
        "Ⅳ",
        "true",
        "n/a",
        "-",
        "=0.5",
        "1e999999999",
        "#DIV/0!",
        "0.5\u00a00",
    ):
        slug = (number if len(number) < 20 else f"{number[:6]}…{len(number)}").replace("/", ":").replace(" ", "_")
        slug = slug.replace("\u00a0", "~")
        yield Trial(f"numbers/text-{slug}", numbered(number), "errors 1 in fte")


def _choices(known: Facts) -> Iterator[Trial]:
    for name, kind, expected in (
        ("french", "Régional", "saved 1 0 0"),
        ("without-accents", "REGIONAL", "saved 1 0 0"),
        ("typing-error", "Regionall", "errors 1 in kind"),
        ("unknown", "Purple", "errors 1 in kind"),
        ("empty", "", "errors 1 in kind"),
    ):
        content = text([PROGRAM, ("TRIAL-1", "Trial team", "Équipe", kind)]).encode()
        yield Trial(f"choices/{name}", content, expected, "programs")
    for name, answer, expected in (
        ("oui", "OUI", "saved 1 0 0"),
        ("vrai", "VRAI", "saved 1 0 0"),
        ("maybe", "perhaps", "errors 1 in is_single_risk_line"),
        ("two", "2", "errors 1 in is_single_risk_line"),
    ):
        head = (*PROGRAM, "One line in the risk exhibit")
        content = text([head, ("TRIAL-1", "Trial team", "Équipe", "Regional", answer)]).encode()
        yield Trial(f"choices/yes-or-no-{name}", content, expected, "programs")
