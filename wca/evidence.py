"""The evidence finder: it proposes passages of a text that may hold a part of a clause, says why, and never decides.

Weighted terms (EvidenceTerm) are looked for in each sentence; a passage whose distinct terms weigh enough together is
proposed. There is no more to it, so that a reviewer can check every proposal by eye.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from jfo_portal.kit.imports.cells import fold

from .models import ClausePart, EvidenceTerm

# What the terms of a passage must weigh together, at least.
THRESHOLD = Decimal(3)
# What two paragraphs must weigh together, as there is more room in them for a coincidence; and what each of them must
# add to the other.
PAIR_THRESHOLD = Decimal("3.5")
ADDED = Decimal("1.5")
# A passage that weighs less than this share of the best one for the same part is not proposed.
SHARE_OF_BEST = Decimal("0.6")
_THRESHOLD, _PAIR_THRESHOLD, _ADDED = (int(10 * weight) for weight in (THRESHOLD, PAIR_THRESHOLD, ADDED))
# In characters.
_LONGEST_HEADING = 60
# How many other words may stand between two words of one term.
GAP = 3

# Between the names of the two places of a passage.
_BETWEEN = " – "
# A blank line, or a line that begins with a number or a mark of a list.
_PARAGRAPH_BREAK = re.compile(r"\n\s*\n|\n(?=[ \t]*(?:\d+(?:\.\d+)*[.)]|\d+(?:\.\d+)+|\(?[a-z]\)|[-•–])\s)")
_SENTENCE_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý«“\"])")
_WORD = re.compile(r"\w+")

# Little words that tell the two languages apart.
_TELLING = {
    "en": frozenset(
        [
            "the",
            "of",
            "and",
            "is",
            "that",
            "by",
            "for",
            "any",
            "shall",
            "must",
            "this",
            "with",
            "be",
            "it",
            "which",
            "from",
        ]
    ),
    "fr": frozenset(
        [
            "le",
            "la",
            "les",
            "des",
            "de",
            "du",
            "et",
            "est",
            "que",
            "par",
            "pour",
            "une",
            "un",
            "qui",
            "cette",
            "au",
            "aux",
            "ne",
            "doit",
        ]
    ),
}


@dataclass(frozen=True)
class Proposal:
    """A passage that may hold a part of a clause: where it stands, its very words, and the terms found in it.

    `why` holds each term with its weight, the heaviest first; `score` is their sum.
    """

    place: str
    text: str
    language: str
    score: Decimal
    why: Sequence[tuple[str, Decimal]]

    @property
    def places(self) -> list[str]:
        """The places of the passage: two, where it is two paragraphs that do not stand in one."""
        return self.place.split(_BETWEEN)


@dataclass(frozen=True)
class Term:
    """A term as it is looked for: words in this order, near each other; a `*` stands for any ending."""

    language: str
    term: str
    weight: Decimal

    @cached_property
    def words(self) -> list[str]:
        return re.findall(r"\w+\*?", fold(self.term))

    @cached_property
    def tenths(self) -> int:
        """The weight in tenths, which are added faster."""
        return int(self.weight * 10)


def proposals(
    parts: Sequence[ClausePart], places: Sequence[Mapping[str, str]], most: int = 3
) -> dict[int, list[Proposal]]:
    """Return at most so many proposals for each part by its key, the best first; one query.

    `places` is the text as DocumentContent has it, in either language or in both.
    """
    terms: dict[int, list[Term]] = {part.pk: [] for part in parts}
    stored = EvidenceTerm.objects.filter(part__in=terms).values_list("part_id", "language", "term", "weight")
    for part, language, term, weight in stored:
        terms[part].append(Term(language, term, weight))
    text = Text(places)
    return {part: text.proposals(of_part, most) for part, of_part in terms.items()}


@dataclass(frozen=True)
class _Paragraph:
    place: str
    text: str
    language: str
    # The numbers of its first sentence and of the one after its last.
    first: int
    end: int

    @property
    def is_heading(self) -> bool:
        """Whether it is a heading, which announces a passage and is none: a few words without a stop."""
        return len(self.text) <= _LONGEST_HEADING and self.text[-1] not in ".;:!?"


@dataclass(frozen=True)
class _Window:
    """A passage that weighs enough: the numbers of its paragraphs, its words, and the terms found in it."""

    weight: int
    paragraphs: tuple[int, ...]
    text: str
    terms: Set[int]


class Text:
    """A text made ready to be searched for the terms of many parts."""

    def __init__(self, places: Iterable[Mapping[str, str]]) -> None:
        self._paragraphs: list[_Paragraph] = []
        self._sentences: list[str] = []
        # Of each language: where each word stands, by its number in the text.
        self._positions: dict[str, dict[str, list[int]]] = {code: defaultdict(list) for code in _TELLING}
        # The sentence of each word, and the paragraph of each sentence.
        self._sentence_of: list[int] = []
        self._paragraph_of: list[int] = []
        self._known: dict[tuple[str, str], Set[int]] = {}
        pieces = [(each["place"], piece) for each in places for piece in _paragraphs(each["text"])]
        sentences = [_SENTENCE_BREAK.split(piece) for _place, piece in pieces]
        words = [[_words(sentence) for sentence in of_piece] for of_piece in sentences]
        for (place, piece), of_piece, said, language in zip(pieces, sentences, words, _languages(words), strict=True):
            first = len(self._sentences)
            self._paragraphs.append(_Paragraph(place, piece, language, first, first + len(of_piece)))
            for sentence, of_sentence in zip(of_piece, said, strict=True):
                self._add(sentence, of_sentence, self._positions[language])
        self._vocabulary = {code: sorted(found) for code, found in self._positions.items()}

    def _add(self, sentence: str, words: Sequence[str], positions: Mapping[str, list[int]]) -> None:
        number = len(self._sentences)
        self._sentences.append(sentence)
        self._paragraph_of.append(len(self._paragraphs) - 1)
        for position, word in enumerate(words, start=len(self._sentence_of)):
            positions[word].append(position)
        self._sentence_of += [number] * len(words)

    def proposals(self, terms: Sequence[Term], most: int = 3) -> list[Proposal]:
        """Return the passages that the terms speak for, the best first, and of equals the one that stands first.

        No paragraph is in two of them.
        """
        windows = sorted(self._windows(terms), key=lambda window: -window.weight)
        chosen: list[_Window] = []
        taken: set[int] = set()
        for window in windows:
            if len(chosen) == most or window.weight < windows[0].weight * SHARE_OF_BEST:
                break
            if taken.isdisjoint(window.paragraphs):
                taken.update(window.paragraphs)
                chosen.append(window)
        return [self._proposal(window, terms) for window in chosen]

    def _proposal(self, window: _Window, terms: Sequence[Term]) -> Proposal:
        why = sorted(((terms[at].term, terms[at].weight) for at in window.terms), key=lambda each: (-each[1], each[0]))
        places = dict.fromkeys(self._paragraphs[number].place for number in window.paragraphs)
        language = self._paragraphs[window.paragraphs[0]].language
        score = sum((weight for _term, weight in why), Decimal(0))
        return Proposal(_BETWEEN.join(places), window.text, language, score, tuple(why))

    def _windows(self, terms: Sequence[Term]) -> Iterator[_Window]:
        """Yield what weighs enough, in the order of the text: of a paragraph its best sentence, else the whole of it;
        and two paragraphs of one language that follow each other, where each adds enough to what the other says."""
        weights = [term.tenths for term in terms]
        by_paragraph: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for at, term in enumerate(terms):
            for sentence in self._sentences_with(term):
                by_paragraph[self._paragraph_of[sentence]][sentence].add(at)
        before: tuple[int, Set[int]] = (-1, frozenset())
        for number, by_sentence in sorted(by_paragraph.items()):
            paragraph, found = self._paragraphs[number], set().union(*by_sentence.values())
            weighed = {sentence: sum(weights[at] for at in said) for sentence, said in by_sentence.items()}
            best = min(weighed, key=lambda sentence: (-weighed[sentence], sentence))
            whole = sum(weights[at] for at in found)
            if weighed[best] >= _THRESHOLD and not paragraph.is_heading:
                yield _Window(weighed[best], (number,), self._sentences[best], by_sentence[best])
            elif whole >= _THRESHOLD and not paragraph.is_heading:
                yield _Window(whole, (number,), paragraph.text, found)
            if before[0] == number - 1 and self._paragraphs[before[0]].language == paragraph.language:
                both = before[1] | found
                weight = sum(weights[at] for at in both)
                added = min(weight - whole, weight - sum(weights[at] for at in before[1]))
                if weight >= _PAIR_THRESHOLD and added >= _ADDED:
                    text = f"{self._paragraphs[number - 1].text}\n{paragraph.text}"
                    yield _Window(weight, (number - 1, number), text, both)
            before = (number, found)

    def _sentences_with(self, term: Term) -> Set[int]:
        """Return the numbers of the sentences that hold the term; each term is looked for once in a text."""
        key = (term.language, term.term)
        if key not in self._known:
            self._known[key] = self._looked_for(term)
        return self._known[key]

    def _looked_for(self, term: Term) -> Set[int]:
        of = self._sentence_of
        first, *others = term.words or [""]
        ends = self._places_of(first, term.language)
        for word in others:
            nexts = set(self._places_of(word, term.language))
            ends = [
                later
                for end in ends
                for later in range(end + 1, end + GAP + 2)
                if later in nexts and of[later] == of[end]
            ]
        return {of[end] for end in ends}

    def _places_of(self, word: str, language: str) -> list[int]:
        positions, vocabulary = self._positions[language], self._vocabulary[language]
        if not word.endswith("*"):
            return positions.get(word, [])
        stem = word[:-1]
        found: list[int] = []
        for at in range(bisect_left(vocabulary, stem), len(vocabulary)):
            if not vocabulary[at].startswith(stem):
                break
            found += positions[vocabulary[at]]
        return found


def _paragraphs(text: str) -> list[str]:
    composed = unicodedata.normalize("NFC", text)
    return [piece.strip() for piece in _PARAGRAPH_BREAK.split(composed) if piece.strip()]


def _words(text: str) -> list[str]:
    """Return the words of the text, folded; word by word, since a long text has few different ones."""
    return [fold(word) for word in _WORD.findall(text)]


def _languages(paragraphs: Sequence[Sequence[Sequence[str]]]) -> list[str]:
    """Return the language of each paragraph; one that does not tell has the language of most."""
    told = [_language(words) for words in paragraphs]
    counted = Counter(filter(None, told))
    usual = counted.most_common(1)[0][0] if counted else "en"
    return [language or usual for language in told]


def _language(sentences: Sequence[Sequence[str]]) -> str:
    telling = {code: sum(word in little for words in sentences for word in words) for code, little in _TELLING.items()}
    if telling["en"] == telling["fr"]:
        return ""
    return max(telling, key=lambda code: telling[code])
