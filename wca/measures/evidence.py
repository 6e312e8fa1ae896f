"""How well the evidence finder does on texts of which it is known what they hold.

These are the labelled agreements of fixtures/evidence_corpus, in each of which a part of a clause is present,
paraphrased, split over two paragraphs, negated or absent; the English documents of the demonstration, which were
assessed; and the fragments that drafts are composed of, which say of themselves what they hold. All are made up. The
documents and the fragments were not written for this. The terms are those of fixtures/reference/evidence_terms.csv, so
that what is measured does not depend on a database.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

from django.conf import settings

from jfo_portal.kit.grouping import grouped
from wca.evidence import Proposal, Term, Text
from wca.texts import own_text

CORPUS = settings.BASE_DIR / "fixtures" / "evidence_corpus"
REFERENCE = settings.BASE_DIR / "fixtures" / "reference"
DEMONSTRATION = settings.BASE_DIR / "fixtures" / "demonstration"
# How an agreement stands on a part; of the last two nothing should be proposed.
HELD = ("present", "paraphrased", "split")
LABELS = (*HELD, "negated", "absent")
# What the terms were tuned on, and what was kept apart meanwhile; of the agreements, then of the documents.
GROUPS = ("tuning", "held-out", "documents", "unseen", "fragments")
# The documents of arrangements from this year on are unseen: of what they hold, the sentences that no earlier one has.
UNSEEN_FROM = "WCA-2006"
LANGUAGES = ("en", "fr")

Key = tuple[str, int, str, int]


@dataclass(frozen=True)
class Trial:
    """One part in one agreement: how it is labelled, the places that hold it, and what the finder proposed.

    A place that denies the part does not hold it.
    """

    agreement: str
    language: str
    group: str
    part: Key
    label: str
    places: frozenset[str]
    proposals: tuple[Proposal, ...]

    @property
    def right(self) -> int:
        """How many of the proposals name a place that holds the part."""
        return sum(not self.places.isdisjoint(proposal.places) for proposal in self.proposals)

    @property
    def is_found(self) -> bool:
        """Whether every place that holds the part is among the proposals: of what is split, both."""
        proposed = {place for proposal in self.proposals for place in proposal.places}
        return bool(self.places) and self.places <= proposed


@dataclass(frozen=True)
class Score:
    """How the finder did in some trials; a share without anything behind it is None."""

    trials: int
    held: int
    found: int
    proposals: int
    right: int

    @property
    def recall(self) -> Decimal | None:
        """Of what an agreement holds, the share that is found."""
        return _share(self.found, self.held)

    @property
    def precision(self) -> Decimal | None:
        """Of the proposals, the share that is right."""
        return _share(self.right, self.proposals)


def trials() -> list[Trial]:
    """Return every part in every agreement with what the finder proposes; no query."""
    terms: dict[Key, list[Term]] = {}
    for row in _rows(REFERENCE / "evidence_terms.csv"):
        terms.setdefault(_key(row), []).append(Term(row["language"], row["term"], Decimal(row["weight"])))
    return [*_of_agreements(terms), *_of_documents(terms), *_of_fragments(terms)]


def _of_agreements(terms: Mapping[Key, Sequence[Term]]) -> Iterator[Trial]:
    agreements = {row["agreement"]: row for row in _rows(CORPUS / "agreements.csv")}
    paragraphs = grouped(_rows(CORPUS / "paragraphs.csv"), itemgetter("agreement"))
    texts = {agreement: Text(places) for agreement, places in paragraphs.items()}
    for row in _rows(CORPUS / "labels.csv"):
        agreement = agreements[row["agreement"]]
        yield Trial(
            row["agreement"],
            agreement["language"],
            agreement["group"],
            _key(row),
            row["label"],
            frozenset(row["places"].split("|") if row["label"] in HELD else ()),
            tuple(texts[row["agreement"]].proposals(terms[_key(row)])),
        )


def _of_documents(terms: Mapping[Key, Sequence[Term]]) -> Iterator[Trial]:
    findings = _rows(DEMONSTRATION / "findings.csv")
    seen = {row["quotation"] for row in findings if row["arrangement"] < UNSEEN_FROM}
    for reference, of_document in grouped(findings, itemgetter("arrangement")).items():
        document = DEMONSTRATION / "documents" / f"{reference}-en.txt"
        text = Text([{"place": place.place, "text": place.text} for place in own_text(document.read_bytes()).places])
        is_unseen = reference >= UNSEEN_FROM
        for row in of_document:
            is_met = row["verdict"] == "met"
            if is_met and is_unseen and row["quotation"] in seen:
                continue
            key = ("information-sharing", 1, row["clause"], int(row["part"]))
            yield Trial(
                reference,
                "en",
                "unseen" if is_unseen else "documents",
                key,
                "present" if is_met else "absent",
                frozenset([row["place"]] if is_met else ()),
                tuple(text.proposals(terms[key])),
            )


def _of_fragments(terms: Mapping[Key, Sequence[Term]]) -> Iterator[Trial]:
    rows = _rows(REFERENCE / "fragments.csv")
    for language in LANGUAGES:
        text = Text([{"place": row["code"], "text": row[f"text_{language}"]} for row in rows])
        for key, of_part in terms.items():
            code, _version, letter, number = key
            name = f"{code}.{letter}.{number}"
            places = frozenset(row["code"] for row in rows if name in row["holds"].split("|"))
            if places:
                found = tuple(text.proposals(of_part))
                yield Trial(f"fragments-{language}", language, "fragments", key, "present", places, found)


def score(some: Iterable[Trial]) -> Score:
    """Return how the finder did in the trials."""
    each = list(some)
    return Score(
        trials=len(each),
        held=sum(trial.label in HELD for trial in each),
        found=sum(trial.is_found for trial in each),
        proposals=sum(len(trial.proposals) for trial in each),
        right=sum(trial.right for trial in each),
    )


def _key(row: Mapping[str, str]) -> Key:
    return row["set"], int(row["version"]), row["letter"], int(row["part"])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _share(some: int, of: int) -> Decimal | None:
    return Decimal(some) / of if of else None
