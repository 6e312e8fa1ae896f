"""A document's text cut into passages, each short enough to be quoted whole."""

import re
from collections.abc import Iterable, Mapping

# A blank line, or a line that begins with a number, a letter in brackets or a mark of a list.
_BREAK = re.compile(r"\n\s*\n|\n(?=[ \t]*(?:\d+(?:\.\d+)*[.)]?|\(?[a-z]\)|[-•–])\s)")


def passages_of(places: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the passages in their order, each a `text` with its `place`, as the text has them by place."""
    return [
        {"place": place["place"], "text": passage.strip()}
        for place in places
        for passage in _BREAK.split(place["text"])
        if passage.strip()
    ]
