"""The form in which a clause set gets another wording: titles, wordings and terms, in both languages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.imports.cells import fold
from registry.forms import ReasonedForm

from .clause_sets import CLAUSE_FIELDS, LABELS, LANGUAGES, PART_FIELDS, NewWording, PartKey, as_text, parts_of, terms_of
from .models import Clause, ClausePart, EvidenceTerm

_TERM_LABELS = {"en": _("Terms in English"), "fr": _("Terms in French")}
_TERM = re.compile(r"\w+\*?(?: \w+\*?)*")
_WEIGHT = re.compile(r"[-−]?[0-9]{1,2}(?:[.,][0-9])?")
_LONGEST_TERM: int = EvidenceTerm._meta.get_field("term").max_length or 80
_LONGEST = 4000


class TermsField(forms.CharField):
    """Terms, one a line, each followed by its weight; typed, the weights by term."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}), required=False, **options)

    def to_python(self, value: Any) -> Any:
        terms: dict[str, Decimal] = {}
        for number, line in enumerate((super().to_python(value) or "").splitlines(), start=1):
            if not line.strip():
                continue
            term, weight = _read(line, number)
            if term in terms:
                raise ValidationError(
                    gettext("Line %(line)s: “%(term)s” stands here twice. Keep one of the two.")
                    % {"line": number, "term": term}
                )
            terms[term] = weight
        return terms

    def validate(self, value: Any) -> None:
        """Every line was read on its own."""

    def run_validators(self, value: Any) -> None:
        """Of the text as it was typed: it must hold no character that a database refuses."""
        super().run_validators("\n".join(value))


def _read(line: str, number: int) -> tuple[str, Decimal]:
    """Return the term, folded, and its weight; ValidationError that names the line."""
    typed, _space, weight = line.strip().rpartition(" ")
    if not _WEIGHT.fullmatch(weight):
        raise ValidationError(
            gettext(
                "Line %(line)s: after “%(term)s” stands no weight. End the line with a number such as 2 or −1.5, of at "
                "most one decimal."
            )
            % {"line": number, "term": typed or weight}
        )
    term = fold(typed)
    if not _TERM.fullmatch(term) or len(term) > _LONGEST_TERM:
        raise ValidationError(
            gettext(
                "Line %(line)s: “%(term)s” is not a term. Type words with a space between them, of at most %(most)s "
                "characters; a * at the end of a word stands for any ending."
            )
            % {"line": number, "term": typed, "most": _LONGEST_TERM}
        )
    value = Decimal(weight.replace("−", "-").replace(",", "."))
    if not value:
        raise ValidationError(
            gettext("Line %(line)s: a weight of 0 says nothing. Leave the term out, or give it another weight.")
            % {"line": number}
        )
    return term, value


@dataclass(frozen=True)
class Group:
    """A clause, or a part of one, and its fields: wordings, and of a part its terms."""

    row: Clause | ClausePart
    fields: Sequence[BoundField]
    terms: Sequence[BoundField] = ()
    has_errors: bool = False


class NewVersionForm(ReasonedForm):
    """Every wording and term of a version, to be changed into the next; `opened` is the version that was looked at."""

    opened = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=32767)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, clauses: Sequence[Clause], opened: int, **options: Any
    ) -> None:
        super().__init__(data, initial={"opened": opened}, **options)
        self.clauses = clauses
        for clause in clauses:
            for name in CLAUSE_FIELDS:
                self._add(f"{clause.letter}-{name}", name, clause)
            for part in parts_of(clause):
                for name in PART_FIELDS:
                    self._add(f"{clause.letter}-{part.number}-{name}", name, part)
                for language in LANGUAGES:
                    field = TermsField(label=_TERM_LABELS[language], initial=as_text(terms_of(part, language), "\n"))
                    self.fields[f"{clause.letter}-{part.number}-terms_{language}"] = field
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def _add(self, name: str, of: str, row: Clause | ClausePart) -> None:
        is_title = of.startswith("title")
        self.fields[name] = forms.CharField(
            label=LABELS[of],
            initial=getattr(row, of),
            max_length=120 if is_title else _LONGEST,
            widget=forms.TextInput if is_title else forms.Textarea(attrs={"rows": 3}),
        )

    def groups(self) -> list[tuple[Group, list[Group]]]:
        """Return each clause with its parts, as the page shows them."""
        return [
            (
                self._group(clause, [f"{clause.letter}-{name}" for name in CLAUSE_FIELDS]),
                [
                    self._group(
                        part,
                        [f"{clause.letter}-{part.number}-{name}" for name in PART_FIELDS],
                        [f"{clause.letter}-{part.number}-terms_{language}" for language in LANGUAGES],
                    )
                    for part in parts_of(clause)
                ],
            )
            for clause in self.clauses
        ]

    def _group(self, row: Clause | ClausePart, names: Sequence[str], terms: Sequence[str] = ()) -> Group:
        return Group(
            row,
            [self[name] for name in names],
            [self[name] for name in terms],
            has_errors=any(self[name].errors for name in terms),
        )

    def wording(self) -> NewWording:
        """Return what was typed."""
        said = self.cleaned_data
        clauses: dict[str, dict[str, str]] = {}
        parts: dict[PartKey, dict[str, str]] = {}
        terms: dict[tuple[PartKey, str], dict[str, Decimal]] = {}
        for clause in self.clauses:
            clauses[clause.letter] = {name: _plain(said[f"{clause.letter}-{name}"]) for name in CLAUSE_FIELDS}
            for part in parts_of(clause):
                key = (clause.letter, part.number)
                prefix = f"{clause.letter}-{part.number}"
                parts[key] = {name: _plain(said[f"{prefix}-{name}"]) for name in PART_FIELDS}
                for language in LANGUAGES:
                    terms[key, language] = said[f"{prefix}-terms_{language}"]
        return NewWording(clauses, parts, terms)


def _plain(text: str) -> str:
    """Return the text with lines ended as they are stored; a browser ends them in its own way."""
    return text.replace("\r\n", "\n")
