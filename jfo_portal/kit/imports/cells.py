"""What one cell of a spreadsheet holds, in the same form for every kind of file; loads no Django.

Nor does it load dataclasses, or any other module of the reading process: that took a third of the time to start it.
"""

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias


class Fault(NamedTuple):
    """A cell whose value cannot be had.

    `kind` is error (text is what the spreadsheet shows, such as #REF!), formula (never calculated)
    or number (not finite).
    """

    kind: str
    text: str = ""

    def __str__(self) -> str:
        return self.text


Cell: TypeAlias = str | bool | int | float | date | Fault | None

# What stands for an unreadable character; a cell that holds one is refused by its field.
UNREADABLE = "\ufffd"

_SPACES = dict.fromkeys(map(ord, "\xa0\u2007\u202f"), " ")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))
_LOOK_ALIKE = str.maketrans("\u2019\u2018\u02bc\u2010\u2012\u2013\u2014\u2212", "'''-----")
_ERROR = re.compile(r"#(REF!|N/A|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)|Err:\d{3}")


def tidy(text: str) -> str | None:
    """Return the text trimmed and composed, with plain spaces; None where nothing is left."""
    if text.isascii() and text.isprintable():
        return text.strip() or None
    text = unicodedata.normalize("NFC", text.translate(_SPACES).translate(_INVISIBLE)).replace("\r\n", "\n")
    # A database may store these and then fail to give them back, or refuse them.
    text = "".join(
        UNREADABLE if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" else char for char in text
    )
    return text.strip() or None


def fold(text: str) -> str:
    """Return what two spellings of one name or code share: no case, accent, doubled space or trailing .0."""
    return _folded(text) if len(text) <= _MOST_KEPT else _folded.__wrapped__(text)


# A longer text is no name, and would only fill the memory.
_MOST_KEPT = 200


@lru_cache(maxsize=50_000)
def _folded(text: str) -> str:
    if text.isascii():
        plain = " ".join(text.lower().split())
        return plain[:-2] if plain.endswith(".0") and plain[:-2].isdigit() else plain
    plain = unicodedata.normalize("NFKD", text.translate(_LOOK_ALIKE)).translate(_LOOK_ALIKE)
    plain = " ".join("".join(char for char in plain if not unicodedata.combining(char)).casefold().split())
    return plain[:-2] if plain.endswith(".0") and plain[:-2].isdigit() else plain


@lru_cache(maxsize=50_000)
def of_text(text: str) -> Cell:
    """Return the cell of a text, whichever file it stood in."""
    tidied = tidy(text)
    if tidied is not None and _ERROR.fullmatch(tidied):
        return Fault("error", tidied)
    return tidied


def of_value(value: Any) -> Cell:
    """Return the cell of a value as calamine reads it: a midnight is a day, and 101.0 is 101."""
    match value:
        case str():
            return of_text(value)
        case bool() | int():
            return value
        case float() if not math.isfinite(value):
            return Fault("number", str(value))
        case float():
            return int(value) if value.is_integer() and abs(value) < 1e15 else value
        case datetime() if value.time() == time():
            return value.date()
        case date():
            return value
        case time() | timedelta():
            return str(value)
    return None


# A cell as JSON holds it, and as a key of a dict: a day, a truth and a fault are texts that begin with a sign which no
# tidied text holds.
Packed: TypeAlias = str | int | float | None
_SIGN = "\x1f"


def pack(cell: Cell) -> Packed:
    """Return the cell as JSON holds it: equal where the cells are equal, and hashable."""
    match cell:
        case bool():
            return f"{_SIGN}b{cell:d}"
        case None | str() | int() | float():
            return cell
        case Fault():
            return f"{_SIGN}f{cell.kind}{_SIGN}{cell.text}"
        case datetime():
            return f"{_SIGN}m{cell.isoformat()}"
    return f"{_SIGN}d{cell.isoformat()}"


def is_text(packed: Packed) -> bool:
    """Say whether a packed cell is a text, without a fault, that is the same unpacked."""
    return isinstance(packed, str) and not packed.startswith(_SIGN) and UNREADABLE not in packed


def unpack(packed: Packed) -> Cell:
    """Return the cell that `pack` put away."""
    if not isinstance(packed, str) or not packed.startswith(_SIGN):
        return packed
    kind, text = packed[1], packed[2:]
    match kind:
        case "b":
            return text == "1"
        case "d":
            return date.fromisoformat(text)
        case "m":
            return datetime.fromisoformat(text)
    kind, _separator, text = text.partition(_SIGN)
    return Fault(kind, text)
