"""Forms of assessments: one clause part by part, the beginning of an assessment, and what is done with a whole one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from .assessing import Found
from .models import Assessment, ClausePart, ClauseSet, Finding, Verdict
from .models.assessments import PART_VERDICTS

_LONGEST_QUOTATION, _LONGEST_REMARK = 5_000, 2_000


class Words(forms.CharField):
    """Some lines of text, whose ends are the same whatever browser sent them."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return (super().to_python(value) or "").replace("\r\n", "\n")


@dataclass(frozen=True)
class PartFields:
    """The fields of one part, as the page shows them."""

    part: ClausePart
    verdict: Any
    quotation: Any
    quotation_language: Any
    place: Any
    missing_en: Any
    missing_fr: Any
    note: Any
    confirm: Any


class ClauseForm(forms.Form):
    """What is found of each part of a clause; a field's name ends with the key of its part.

    `typed` is what was sent, shown again without being checked.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        parts: Sequence[ClausePart],
        findings: Mapping[int, Finding],
        language: str,
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data)
        self.parts = parts
        for part in parts:
            finding = findings.get(part.pk) or Finding(part=part, quotation_language=language)
            self._add_fields(part, finding)
        if typed is not None:
            for name, field in self.fields.items():
                field.initial = typed.get(name, "")

    def _add_fields(self, part: ClausePart, finding: Finding) -> None:
        fields: dict[str, forms.Field] = {
            "verdict": forms.ChoiceField(
                label=_("Verdict"),
                choices=PART_VERDICTS,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose a verdict."), "invalid_choice": _("Choose a verdict.")},
            ),
            "quotation": Words(
                label=_("Quotation"),
                required=False,
                max_length=_LONGEST_QUOTATION,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=_("The words of the document, as they stand there."),
            ),
            "place": forms.CharField(
                label=_("Page or section"),
                required=False,
                max_length=60,
                help_text=_("Left empty, it is looked up in the text."),
            ),
            "quotation_language": forms.ChoiceField(
                label=_("Language of the quotation"),
                choices=cast(Any, Finding._meta.get_field("quotation_language").choices),
            ),
            "missing_en": Words(
                label=_("What is missing, in English"),
                required=False,
                max_length=_LONGEST_REMARK,
                widget=forms.Textarea(attrs={"rows": 2}),
            ),
            "missing_fr": Words(
                label=_("What is missing, in French"),
                required=False,
                max_length=_LONGEST_REMARK,
                widget=forms.Textarea(attrs={"rows": 2}),
            ),
            "note": Words(
                label=_("Note"),
                required=False,
                max_length=_LONGEST_REMARK,
                widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("For the approver, such as why it does not apply."),
            ),
        }
        for name, field in fields.items():
            field.initial = getattr(finding, name)
            self.fields[f"{name}_{part.pk}"] = field
        if finding.is_carried:
            self.fields[f"confirm_{part.pk}"] = forms.BooleanField(
                label=_("Confirmed: it holds for this version, too"), required=False
            )

    def part_fields(self) -> list[PartFields]:
        """Return the fields part by part."""
        names = ("verdict", "quotation", "quotation_language", "place", "missing_en", "missing_fr", "note", "confirm")
        return [
            PartFields(
                part,
                **{name: self[f"{name}_{part.pk}"] if f"{name}_{part.pk}" in self.fields else None for name in names},
            )
            for part in self.parts
        ]

    def found(self) -> dict[ClausePart, Found]:
        """Return what was typed of each part."""
        values = self.cleaned_data
        return {
            part: Found(
                verdict=Verdict(values[f"verdict_{part.pk}"]),
                quotation=values[f"quotation_{part.pk}"],
                quotation_language=values[f"quotation_language_{part.pk}"],
                place=values[f"place_{part.pk}"],
                missing_en=values[f"missing_en_{part.pk}"],
                missing_fr=values[f"missing_fr_{part.pk}"],
                note=values[f"note_{part.pk}"],
                is_confirmed=values.get(f"confirm_{part.pk}", False),
            )
            for part in self.parts
        }


class StartForm(forms.Form):
    """Against which clauses the arrangement is read."""

    clause_set = forms.ChoiceField(
        label=_("Clauses"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the clauses."), "invalid_choice": _("Choose the clauses.")},
    )

    def __init__(self, data: Mapping[str, Any] | None, *, sets: Iterable[ClauseSet], chosen: str = "") -> None:
        super().__init__(data)
        field = cast(forms.ChoiceField, self.fields["clause_set"])
        choices = [
            (row.code, _("%(name)s, version %(version)s") % {"name": row.name, "version": row.version}) for row in sets
        ]
        field.choices = choices
        codes = [code for code, _label in choices]
        field.initial = chosen if chosen in codes else next(iter(codes), "")


class ActForm(forms.Form):
    """Nothing to say: what is done is chosen by its page."""


class ReturnForm(forms.Form):
    """What the author is asked to look at again."""

    note = Words(
        label=_("What is to be looked at again"),
        max_length=_LONGEST_REMARK,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=Assessment._meta.get_field("returned_note").help_text,
        error_messages={"required": _("Say what is to be looked at again.")},
    )
