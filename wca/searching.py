"""Words looked for in a document's text, place by place, without regard to case and accents."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jfo_portal.kit.imports.cells import fold

# Of what is typed, as much is looked for.
LONGEST = 100


@dataclass(frozen=True)
class Piece:
    """Some of the text, which is one of the words looked for or is not."""

    text: str
    is_found: bool = False


@dataclass(frozen=True)
class ShownPlace:
    """One place of a document as its page shows it, at `#place-<number>`; found if it holds all the words looked for,
    and then in pieces."""

    number: int
    place: str
    pieces: Sequence[Piece]
    is_found: bool


def searched(places: Iterable[Mapping[str, str]], asked: str) -> list[ShownPlace]:
    """Return the places of a document (DocumentContent.places), with the words of `asked` marked where a place holds
    all of them. A word is found inside a longer one, too: "destr" in "destroyed"."""
    words = fold(asked[:LONGEST]).split()
    return [_shown(number, place, words) for number, place in enumerate(places, 1)]


def _shown(number: int, place: Mapping[str, str], words: Sequence[str]) -> ShownPlace:
    text = place["text"]
    if not words:
        return ShownPlace(number, place["place"], [Piece(text)], is_found=False)
    folded, origins = _folded(text)
    if not all(word in folded for word in words):
        return ShownPlace(number, place["place"], [Piece(text)], is_found=False)
    # The longest first: of two words that begin alike, the shorter would end the mark too early.
    pattern = re.compile("|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True)))
    spans = [(origins[match.start()], origins[match.end() - 1] + 1) for match in pattern.finditer(folded)]
    return ShownPlace(number, place["place"], list(_cut(text, spans)), is_found=True)


def _folded(text: str) -> tuple[str, list[int]]:
    """Return the text folded as `fold` does, character by character, and of each the place of what it came from."""
    folded: list[str] = []
    origins: list[int] = []
    for place, char in enumerate(text):
        for one in _folded_char(char):
            folded.append(one)
            origins.append(place)
    return "".join(folded), origins


@lru_cache(maxsize=5_000)
def _folded_char(char: str) -> str:
    return " " if char.isspace() else fold(char)


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    done = 0
    for first, last in spans:
        # One character may fold to several, which two marks share: ﬁ is f and i.
        start, end = max(first, done), _with_accents(text, last)
        if start >= end:
            continue
        if start > done:
            yield Piece(text[done:start])
        yield Piece(text[start:end], is_found=True)
        done = end
    if done < len(text):
        yield Piece(text[done:])


def _with_accents(text: str, end: int) -> int:
    """Return the end moved on behind what the last letter carries as characters of their own."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
