"""Whether a quotation stands in a document, and where: word for word, however the lines break.

What counts as the same: spaces of any kind and number, and line breaks; straight and curly quotation marks, and «»
with or without the space inside them; hyphens and dashes of any length; a hyphen inside a word, with or without a line
break after it ("cross-border", "cross- border"); ligatures and accents however they are encoded. What does not: the
words, their order, capital letters, accents, other punctuation. A quotation may run on from one place to the next.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_MARKS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u0060\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
_GUILLEMETS = re.compile(r"(?<=«)\s+|\s+(?=»)")
_HYPHEN = re.compile(r"(?<=\w)-\s*(?=\w)")
_DIVIDED = re.compile(r"\w-$")


class Passages:
    """The text of a document place by place, folded once so that many quotations can be looked up in it."""

    def __init__(self, places: Iterable[Mapping[str, str]]) -> None:
        self._names: list[str] = []
        self._ends: list[int] = []
        texts: list[str] = []
        length = 0
        for place in places:
            text = _folded(place["text"])
            if not text:
                continue
            # A word may be divided between two places, which are one space apart otherwise.
            text = text[:-1] if _DIVIDED.search(text) else f"{text} "
            length += len(text)
            texts.append(text)
            self._names.append(place["place"])
            self._ends.append(length)
        self._text = "".join(texts)

    def holding(self, quotation: str) -> list[str]:
        """Return the places in which the quotation is found, in their order, each once; both, where it runs on from
        one to the next. Nothing for an empty quotation."""
        sought = _folded(quotation)
        found: dict[str, None] = {}
        start = self._text.find(sought) if sought else -1
        while start >= 0:
            first = bisect_right(self._ends, start)
            last = bisect_left(self._ends, start + len(sought))
            found |= dict.fromkeys(self._names[first : last + 1])
            # What is found next in the same places names no other.
            start = self._text.find(sought, max(start + 1, self._ends[last] - len(sought) + 1))
        return list(found)


def places_of(quotation: str, places: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the places of a document (DocumentContent.places) in which the quotation is found; see Passages."""
    return Passages(places).holding(quotation)


def _folded(text: str) -> str:
    text = _GUILLEMETS.sub("", unicodedata.normalize("NFKC", text.translate(_INVISIBLE)))
    text = unicodedata.normalize("NFC", " ".join(text.translate(_MARKS).split()))
    return _HYPHEN.sub("", text)
