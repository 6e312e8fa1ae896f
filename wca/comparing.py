"""What became of a draft's paragraphs in a text that came back: kept, moved, changed, weakened or dropped.

Paragraphs are found again by their words, in any order. A changed one counts as weakened where its obligations turned
into choices, or gained an exception: by lists of words of both languages, which the page shows as its reasons.
"""

import difflib
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language

from .composing import LANGUAGES, signing, tidy, unreviewed
from .models import DraftParagraph

# The longest text that is compared, in characters: some 80 pages. A longer one is refused, and not cut.
LONGEST = 250_000
# From what share of common words on a paragraph counts as found again.
_ALIKE = 0.5
# Paragraphs of more words than this are shown whole, before and after, and not word by word.
_MOST_WORDS = 1500


class Fate(IntEnum):
    """What became of a paragraph, from the best to the worst."""

    UNCHANGED = 0
    MOVED = 1
    CHANGED = 2
    WEAKENED = 3
    DROPPED = 4

    @property
    def label(self) -> str:
        return str(_LABELS[self])


_LABELS = {
    Fate.UNCHANGED: _("Unchanged"),
    Fate.MOVED: _("Moved"),
    Fate.CHANGED: _("Changed"),
    Fate.WEAKENED: _("Weakened"),
    Fate.DROPPED: _("Dropped"),
}


# What obliges, what leaves a choice, and what makes an exception; the longest that fits counts.
_OBLIGES = {
    "en": "must not|must|shall not|shall|will not|will|may not|cannot|is required to|are required to|is forbidden|"
    "are forbidden|is prohibited|are prohibited|has to|have to|in any case|only",
    "fr": "ne doit pas|ne doivent pas|ne doit|ne doivent|doit|doivent|devra|devront|ne peut|ne peuvent|"
    "ne pourra|ne pourront|est tenu de|est tenue de|sont tenus de|sont tenues de|est interdit|est interdite|"
    "sont interdits|sont interdites|en tout état de cause|seul|seule|seuls|seules",
}
_LEAVES_A_CHOICE = {
    "en": "may|might|can|could|should|ought to|where possible|if possible|when possible|as far as possible|"
    "where practicable|where feasible|if feasible|where appropriate|as appropriate|where necessary|as needed|"
    "is encouraged to|are encouraged to|reasonable efforts|best efforts|endeavour to|endeavours to|try to|tries to|"
    "normally|generally|usually|in principle|is expected to|are expected to|at its discretion|at their discretion",
    "fr": "peut|peuvent|pourrait|pourraient|pourra|pourront|devrait|devraient|si possible|lorsque possible|"
    "dans la mesure du possible|autant que possible|au besoin|le cas échéant|s’il y a lieu|lorsque cela est possible|"
    "est invité à|est invitée à|sont invités à|sont invitées à|est encouragé à|sont encouragés à|s’efforce de|"
    "s’efforcent de|efforts raisonnables|tente de|tentent de|normalement|généralement|habituellement|en principe|"
    "à sa discrétion|à leur discrétion",
}
_EXCEPTS = {
    "en": "except|unless|other than|save where|subject to|notwithstanding|despite|does not apply|do not apply|"
    "by exception|provided that",
    "fr": "sauf|à moins|hormis|excepté|à l’exception|sous réserve|malgré|nonobstant|ne s’applique pas|"
    "ne s’appliquent pas|par exception|à condition que|pourvu que",
}
# By its presence or absence a sentence says the contrary.
_DENIES = {
    "en": "not|no|never|neither|nor|without|nobody",
    "fr": "ne|n’|pas|jamais|aucun|aucune|ni|sans|nul|nulle|quiconque",
}


_KINDS = {
    language: {
        phrase: kind
        for kind, words in (
            ("denies", _DENIES[language]),
            ("excepts", _EXCEPTS[language]),
            ("choice", _LEAVES_A_CHOICE[language]),
            ("obliges", _OBLIGES[language]),
        )
        for phrase in words.split("|")
    }
    for language in LANGUAGES
}


def _finder(language: str) -> re.Pattern[str]:
    """Return what finds the signs in a folded text: the longest first, so that “may not” is not “may”."""
    phrases = sorted(_KINDS[language], key=lambda phrase: -len(phrase))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!(?<!’)\w)")


_FINDERS = {language: _finder(language) for language in LANGUAGES}


@dataclass(frozen=True)
class Words:
    """Some words of a paragraph: kept ("equal"), added ("insert") or taken away ("delete")."""

    kind: str
    text: str


@dataclass(frozen=True)
class Found:
    """What became of one paragraph in one language.

    `has_moved` holds of changed ones too. `reasons` say why it counts as weakened, in sentences.
    """

    number: int
    language: str
    paragraph: DraftParagraph
    fate: Fate
    has_moved: bool = False
    words: Sequence[Words] = ()
    reasons: Sequence[str] = ()

    @property
    def holds(self) -> Sequence[str]:
        holds: list[str] = self.paragraph.fragment.holds
        return holds


@dataclass(frozen=True)
class Comparison:
    """A draft against a text that came back.

    `languages` are those that the text holds; `found` has a line for each paragraph in each of them, `added` are the
    paragraphs that the draft does not know. `fates` has the worst fate of each clause part, by its key.
    """

    languages: Sequence[str]
    found: Sequence[Found]
    added: Sequence[str]
    fates: Mapping[str, Fate] = field(default_factory=dict)

    def counts(self) -> dict[Fate, int]:
        """Return how many paragraphs met each fate."""
        counted = Counter(one.fate for one in self.found)
        return {fate: counted[fate] for fate in Fate}


class TooLong(ValueError):
    """The text is longer than what is compared."""


def compare(paragraphs: Sequence[DraftParagraph], text: str) -> Comparison:
    """Return what became of the draft's paragraphs, given in order, in the text; TooLong for a text that is too long.

    The text may hold one language or both. If it holds neither, everything was dropped in both.
    """
    if len(text) > LONGEST:
        raise TooLong
    known = _known(paragraphs)
    originals = [
        _Original(number, language, row, getattr(row, f"text_{language}"))
        for language in LANGUAGES
        for number, row in enumerate(paragraphs, start=1)
    ]
    # Of the two ways to see where its paragraphs end, the one in which more of the draft is found again.
    matchings = [_match(originals, [part for part in parts if _folded(part) not in known]) for parts in _ways(text)]
    matching = max(matchings, key=lambda one: one.weight)
    languages = matching.languages() or list(LANGUAGES)
    found = [one for language in languages for one in _fates(matching, language)]
    worst: dict[str, Fate] = {}
    for one in found:
        for key in one.holds:
            worst[key] = max(worst.get(key, Fate.UNCHANGED), one.fate)
    taken = {number for numbers in matching.pairs.values() for number in numbers}
    added = [part for number, part in enumerate(matching.parts) if number not in taken]
    return Comparison(languages, found, added, worst)


def _known(paragraphs: Sequence[DraftParagraph]) -> set[str]:
    """Return, folded, what a draft says beside its paragraphs: title, headings, parties, watermark."""
    found: set[str] = set()
    for language in LANGUAGES:
        with translation.override(language):
            found |= {in_language(row.fragment, "heading") for row in paragraphs}
            found |= {name for row in paragraphs[:1] for name in (row.draft.title, *signing(row.draft))}
            found |= {unreviewed(), gettext("Participant"), gettext("Name and signature"), gettext("Date")}
    return {_folded(words) for words in found}


# The paragraphs of a text


def _ways(text: str) -> list[list[str]]:
    """Return the text as paragraphs: each line one, or those between empty lines and before numbers."""
    lines = [tidy(line) for line in re.split(r"\r\n|[\r\n\x0b\x0c\u2028\u2029]", text)]
    blocks: list[list[str]] = [[]]
    for line in lines:
        if not line or _NUMBER.match(line):
            blocks.append([])
        if line:
            blocks[-1].append(line)
    ways = ([line for line in lines if line], [" ".join(block) for block in blocks if block])
    return [
        [bare for part in way if (bare := _ANY_NUMBER.sub("", part)) and not _LONE_NUMBER.match(bare)] for way in ways
    ]


# A paragraph's number, as it is printed before it; and as a reader of Word documents says it, without a point.
_NUMBER = re.compile(r"^(?:§\s*)?\(?\d{1,3}\s*[.)]\s+")
_ANY_NUMBER = re.compile(r"^(?:§\s*)?\(?\d{1,3}\s*[.)]?\s+")
_LONE_NUMBER = re.compile(r"^\(?\d{1,3}\s*[.)]?$")


def _folded(text: str) -> str:
    """Return the text as it is compared: without regard to case, to the kind of spaces, of quotes and of hyphens."""
    text = re.sub(r"[\s\u00a0\u202f\u2007]+", " ", text.casefold()).strip()
    text = text.replace("'", "’").replace("`", "’").translate(_SIGNS)
    # A no-break space before a colon is a matter of typography.
    return re.sub(r" (?=[:;?!»%])|(?<=«) ", "", text)


_SIGNS = str.maketrans({"“": '"', "”": '"', "\u2010": "-", "\u2011": "-", "–": "-", "—": "-", "\u00ad": ""})


def _tokens(text: str) -> list[str]:
    """Return the words of the folded text, without signs."""
    return re.findall(r"[\w@]+(?:[.\-][\w@]+)*’?", text)


# Finding the paragraphs again


class _Original:
    """A paragraph of the draft in one language."""

    def __init__(self, number: int, language: str, paragraph: DraftParagraph, text: str) -> None:
        self.number, self.language, self.paragraph, self.text = number, language, paragraph, text
        self.folded = _folded(_ANY_NUMBER.sub("", text))
        self.words = Counter(_tokens(self.folded))


class _Matching:
    """Which paragraphs of the text, by number, each paragraph of the draft became."""

    def __init__(self, originals: Sequence[_Original], parts: Sequence[str]) -> None:
        self.originals, self.parts = originals, parts
        self.pairs: dict[int, list[int]] = {}
        self.weight = 0.0

    def languages(self) -> list[str]:
        """Return the languages of which the text holds at least a tenth, or an only paragraph."""
        counted = Counter(self.originals[index].language for index in self.pairs)
        all_of = Counter(one.language for one in self.originals)
        return [language for language in LANGUAGES if counted[language] * 10 >= max(all_of[language], 1)]


def _match(originals: Sequence[_Original], parts: Sequence[str]) -> _Matching:
    found = _Matching(originals, parts)
    folded = [_folded(part) for part in parts]
    same: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(folded):
        same[text].append(number)
    for index, original in enumerate(originals):
        if numbers := same.get(original.folded):
            found.pairs[index] = [numbers.pop(0)]
            found.weight += sum(original.words.values())
    taken = {number for numbers in found.pairs.values() for number in numbers}
    words = {number: Counter(_tokens(text)) for number, text in enumerate(folded) if number not in taken}
    by_size = sorted((others.total(), number) for number, others in words.items())
    scored = []
    for index, original in enumerate(originals):
        if index in found.pairs:
            continue
        # Of a third of its words, or of three times as many, it cannot share half.
        size = original.words.total()
        first, last = bisect_left(by_size, (size / 3, 0)), bisect_left(by_size, (size * 3 + 1, 0))
        for other_size, number in by_size[first:last]:
            if (alike := _alike(original.words, size, words[number], other_size)) >= _ALIKE:
                scored.append((-alike, abs(original.number - number), index, number))
    for alike, _distance, index, number in sorted(scored):
        if index not in found.pairs and number in words:
            joined = _joined(originals[index].words, number, words)
            found.pairs[index] = joined
            found.weight += -alike * sum(originals[index].words.values())
            for one in joined:
                del words[one]
    return found


def _alike(one: Counter[str], size: int, other: Counter[str], other_size: int) -> float:
    """Return the share of words that two paragraphs of those sizes have in common, from 0 to 1."""
    if not size or not other_size:
        return 0.0
    common = one.keys() & other.keys()
    return 2 * sum(min(one[word], other[word]) for word in common) / (size + other_size)


def _joined(words: Counter[str], number: int, free: Mapping[int, Counter[str]]) -> list[int]:
    """Return the paragraph, and with it those around it that were split off: as long as they make it more alike."""
    size = words.total()

    def alike(others: Counter[str]) -> float:
        return _alike(words, size, others, others.total())

    numbers, whole = [number], free[number]
    for step in (1, -1):
        following = number + step
        while following in free and alike(whole + free[following]) > alike(whole):
            whole = whole + free[following]
            numbers.append(following)
            following += step
    return sorted(numbers)


# What became of them


def _fates(matching: _Matching, language: str) -> list[Found]:
    """Return a line for each paragraph of the draft in the language, in order."""
    indexes = [index for index, one in enumerate(matching.originals) if one.language == language]
    in_place = _longest_rise([(index, matching.pairs[index][0]) for index in indexes if index in matching.pairs])
    found = []
    for index in indexes:
        original = matching.originals[index]
        if index not in matching.pairs:
            words = [Words("delete", original.text)]
            found.append(Found(original.number, language, original.paragraph, Fate.DROPPED, words=words))
            continue
        text = " ".join(matching.parts[number] for number in matching.pairs[index])
        has_moved = index not in in_place
        if _folded(text) == original.folded:
            fate = Fate.MOVED if has_moved else Fate.UNCHANGED
            words = [Words("equal", original.text)]
            found.append(Found(original.number, language, original.paragraph, fate, has_moved, words))
            continue
        reasons = weakened(original.text, text, language)
        fate = Fate.WEAKENED if reasons else Fate.CHANGED
        differing = differences(original.text, text)
        found.append(Found(original.number, language, original.paragraph, fate, has_moved, differing, reasons))
    return found


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> set[int]:
    """Return the first of those pairs whose second numbers rise, as many as can: what stands in its place."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for position, (_index, number) in enumerate(pairs):
        at = bisect_left(ends, number)
        before[position] = last[at - 1] if at else None
        if at == len(ends):
            ends.append(number)
            last.append(position)
        else:
            ends[at], last[at] = number, position
    chosen: set[int] = set()
    step = last[-1] if last else None
    while step is not None:
        chosen.add(pairs[step][0])
        step = before[step]
    return chosen


def weakened(was: str, now: str, language: str) -> list[str]:
    """Return why the new wording binds less than the old, a sentence for each sign of it; none if it does not.

    A sign is: fewer words that oblige, more that leave a choice, more exceptions, a denial that is gone, or one more
    where nothing more is asked.
    """
    old, new = _signs(was, language), _signs(now, language)
    obliges_less = new["obliges"].total() < old["obliges"].total()
    obliges_more = new["obliges"].total() > old["obliges"].total()
    denies_less = new["denies"].total() < old["denies"].total()
    denies_more = new["denies"].total() > old["denies"].total()
    signs = (
        # “Shall” for “must” is another word, and no less of an obligation.
        (gettext("An obligation is gone: %(words)s."), obliges_less, old["obliges"] - new["obliges"]),
        (gettext("A choice was added: %(words)s."), True, new["choice"] - old["choice"]),
        (gettext("An exception was added: %(words)s."), True, new["excepts"] - old["excepts"]),
        (gettext("A denial is gone: %(words)s."), denies_less, old["denies"] - new["denies"]),
        (gettext("A denial was added: %(words)s."), denies_more and not obliges_more, new["denies"] - old["denies"]),
    )
    return [
        sentence % {"words": ", ".join(gettext("“%(word)s”") % {"word": word} for word in sorted(words))}
        for sentence, counts, words in signs
        if counts and words
    ]


def _signs(text: str, language: str) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {kind: Counter() for kind in ("obliges", "choice", "excepts", "denies")}
    for phrase in _FINDERS[language].findall(_folded(text)):
        kind = _KINDS[language][phrase]
        found[kind][phrase] += 1
        if kind == "obliges" and (denial := _DENIAL[language].search(phrase)):
            found["denies"][denial[0]] += 1
    return found


# What makes a prohibition of an obligation.
_DENIAL = {"en": re.compile(r"\bnot$|^cannot"), "fr": re.compile(r"^ne\b")}


def differences(was: str, now: str) -> list[Words]:
    """Return the words that were kept, taken away and added, in the order in which they are read."""
    old, new = was.split(" "), now.split(" ")
    if max(len(old), len(new)) > _MOST_WORDS:
        return [Words("delete", was), Words("insert", now)]
    matcher = difflib.SequenceMatcher(
        None, [_folded(word) for word in old], [_folded(word) for word in new], autojunk=False
    )
    found = []
    for kind, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if kind == "equal":
            found.append(Words("equal", " ".join(new[from_new:to_new])))
            continue
        if to_old > from_old:
            found.append(Words("delete", " ".join(old[from_old:to_old])))
        if to_new > from_new:
            found.append(Words("insert", " ".join(new[from_new:to_new])))
    return found


def worst_first(found: Iterable[Found]) -> list[Found]:
    """Return the lines from the worst fate to the best, each fate in the order of the draft."""
    return sorted(found, key=lambda one: (-one.fate, one.language, one.number))
