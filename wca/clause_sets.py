"""What is done with clause sets: another wording makes a new version, and what was assessed keeps the one it has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.history import Door

from .comparing import Words, differences
from .models import Clause, ClausePart, ClauseSet, EvidenceTerm

LANGUAGES = ("en", "fr")
CLAUSE_FIELDS = ("title_en", "title_fr", "wording_en", "wording_fr")
PART_FIELDS = ("wording_en", "wording_fr")
LABELS = {
    "title_en": gettext_lazy("Title in English"),
    "title_fr": gettext_lazy("Title in French"),
    "wording_en": gettext_lazy("Wording in English"),
    "wording_fr": gettext_lazy("Wording in French"),
}
_PART_LABELS = {
    "wording_en": gettext_lazy("Part %(number)s in English"),
    "wording_fr": gettext_lazy("Part %(number)s in French"),
}

PartKey = tuple[str, int]
# The terms of a part in one language, each with its weight.
Terms = Mapping[str, Decimal]


@dataclass(frozen=True)
class NewWording:
    """What a new version says, by clause letter and part number; what is not in it stays as it was."""

    clauses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parts: Mapping[PartKey, Mapping[str, str]] = field(default_factory=dict)
    terms: Mapping[tuple[PartKey, str], Terms] = field(default_factory=dict)


def content(sets: Iterable[ClauseSet]) -> dict[int, list[Clause]]:
    """Return the clauses of each set by its key, in order, with their parts and terms; three queries."""
    found: dict[int, list[Clause]] = {one.pk: [] for one in sets}
    clauses = Clause.objects.filter(clause_set__in=found).prefetch_related("parts__terms").order_by("letter")
    for clause in clauses:
        found[clause.clause_set_id].append(clause)
    return found


def parts_of(clause: Clause) -> list[ClausePart]:
    """Return the parts of a clause that `content` read, by number; no query."""
    return sorted(clause.parts.all(), key=lambda part: part.number)


def terms_of(part: ClausePart, language: str) -> dict[str, Decimal]:
    """Return the weights of the part's terms in the language, the heaviest first; no query after `content`."""
    terms = [term for term in part.terms.all() if term.language == language]
    return {term.term: term.weight for term in sorted(terms, key=lambda term: (-term.weight, term.term))}


def new_version(
    opened: ClauseSet, wording: NewWording, *, by: Any, reason: str = "", within: ChangeSet | None = None
) -> ClauseSet:
    """Add the version after `opened` with everything copied and the new wording in its place; returns it.

    ValidationError where `opened` is not the latest version any more, where nothing would change, and where a wording
    breaks a rule. Seven queries, and those of the histories.
    """
    with act(by, reason=reason, within=within) as change:
        latest = ClauseSet.objects.select_for_update().filter(code=opened.code).order_by("-version").first()
        if latest is None or latest.version != opened.version:
            raise ValidationError(
                _(
                    "Version %(version)s of this set was made since you opened the form. Look at what it says, and "
                    "make your changes there."
                )
                % {"version": latest.version if latest else opened.version}
            )
        (before,) = content([latest]).values()
        if not _changes(before, wording):
            raise ValidationError(
                _("Nothing was changed, so there is no new version. Change a wording or a term first.")
            )
        made = ClauseSet(code=latest.code, version=latest.version + 1, name_en=latest.name_en, name_fr=latest.name_fr)
        change.save_row(made)
        _copy(before, made, wording, change)
        return made


def _changes(before: Sequence[Clause], wording: NewWording) -> bool:
    """Say whether the new wording says anything that the clauses do not."""
    for clause in before:
        if _differs(clause, wording.clauses.get(clause.letter, {})):
            return True
        for part in parts_of(clause):
            key = (clause.letter, part.number)
            if _differs(part, wording.parts.get(key, {})):
                return True
            if any(
                dict(wording.terms[key, language]) != terms_of(part, language)
                for language in LANGUAGES
                if (key, language) in wording.terms
            ):
                return True
    return False


def _differs(row: Clause | ClausePart, values: Mapping[str, str]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _copy(before: Sequence[Clause], made: ClauseSet, wording: NewWording, change: ChangeSet) -> None:
    attribution: dict[str, Any] = {
        "by": change.by,
        "reason": change.reason,
        "door": Door(change.door),
        "change": change,
    }
    clauses = [
        Clause(clause_set=made, letter=old.letter, **_worded(old, CLAUSE_FIELDS, wording.clauses.get(old.letter, {})))
        for old in before
    ]
    for clause in clauses:
        clause.clean_fields(exclude=["clause_set"])
    Clause.objects.bulk_create(clauses, **attribution)
    pairs = [
        (
            old,
            ClausePart(
                clause=clause,
                number=old.number,
                **_worded(old, PART_FIELDS, wording.parts.get((clause.letter, old.number), {})),
            ),
        )
        for clause, of_clause in zip(clauses, before, strict=True)
        for old in parts_of(of_clause)
    ]
    for _old, part in pairs:
        part.clean_fields(exclude=["clause"])
    ClausePart.objects.bulk_create([part for _old, part in pairs], **attribution)
    terms = [
        EvidenceTerm(part=part, language=language, term=term, weight=weight)
        for old, part in pairs
        for language in LANGUAGES
        for term, weight in wording.terms.get(
            ((part.clause.letter, part.number), language), terms_of(old, language)
        ).items()
    ]
    for row in terms:
        row.clean_fields(exclude=["part"])
    EvidenceTerm.objects.bulk_create(terms, **attribution)


def _worded(old: Clause | ClausePart, fields: Sequence[str], values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, getattr(old, name)) for name in fields}


# One version beside the one before


@dataclass(frozen=True)
class Line:
    """One wording, title or list of terms in one language: as it was, None in a first version, and as it is."""

    label: str
    language: str
    was: str | None
    now: str

    @property
    def is_changed(self) -> bool:
        return self.was is not None and self.was != self.now

    @property
    def words(self) -> list[Words]:
        """The words that were kept, taken away and added."""
        return differences(self.was or "", self.now)


@dataclass(frozen=True)
class ClauseBeside:
    """A clause of a version beside the same of the version before: its wordings, and the terms of its parts."""

    clause: Clause
    wordings: Sequence[Line]
    terms: Sequence[Line]

    @property
    def is_changed(self) -> bool:
        return any(line.is_changed for line in self.wordings)

    @property
    def has_other_terms(self) -> bool:
        return any(line.is_changed for line in self.terms)


def beside(now: Sequence[Clause], before: Sequence[Clause] | None) -> list[ClauseBeside]:
    """Return each clause beside the one of the same letter in the version before; None: there is none before."""
    old_clauses = {clause.letter: clause for clause in before or ()}
    return [_beside(clause, old_clauses.get(clause.letter), is_first=before is None) for clause in now]


def _beside(clause: Clause, old: Clause | None, *, is_first: bool) -> ClauseBeside:
    old_parts = {part.number: part for part in parts_of(old)} if old else {}

    def line(label: str, name: str, row: Any, was: Any) -> Line:
        return Line(label, name[-2:], None if is_first else getattr(was, name, ""), getattr(row, name))

    wordings = [line(str(LABELS[name]), name, clause, old) for name in CLAUSE_FIELDS]
    terms = []
    for part in parts_of(clause):
        was = old_parts.get(part.number)
        for name in PART_FIELDS:
            wordings.append(line(str(_PART_LABELS[name]) % {"number": part.number}, name, part, was))
        for language in LANGUAGES:
            label = str(_PART_LABELS[f"wording_{language}"]) % {"number": part.number}
            said = "" if was is None else as_text(terms_of(was, language))
            terms.append(Line(label, language, None if is_first else said, as_text(terms_of(part, language))))
    return ClauseBeside(clause, wordings, terms)


def as_text(terms: Terms, between: str = "; ") -> str:
    """Return the terms, each with its weight, as they are typed and read."""
    return between.join(f"{term} {weight_text(weight)}" for term, weight in terms.items())


def weight_text(weight: Decimal) -> str:
    """Return the weight in the active language, without needless zeros."""
    return localize(weight.normalize() if weight % 1 else weight.quantize(Decimal(1)))
