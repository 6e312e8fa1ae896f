"""Forms of drafts and of the fragments they are composed of: they read what was typed, and leave the rows alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.periods import today
from registry.forms import ReasonedForm
from registry.models import Agency
from registry.models.partners import OWN_AGENCY

from . import texts
from .comparing import LONGEST
from .composing import LANGUAGES, MOST_YEARS, PLACE, PLACES, Terms, tidy
from .models import Arrangement, Fragment, SecurityLevel


def _text(label: Any, rows: int, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": rows}), max_length=10_000, **options)


class _PartiesField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        if obj.short == obj.name:
            return str(obj.name)
        return gettext("%(name)s (%(short)s)") % {"name": obj.name, "short": obj.short}


class TermsForm(ReasonedForm):
    """What a draft is to say beside its fragments: as it is proposed, until somebody corrects it."""

    parties = _PartiesField(
        Agency.objects.none(),
        label=_("Parties"),
        help_text=_("Who signs. A group of forces takes part in a JFO, but cannot sign."),
    )
    purpose_en = _text(_("Purpose, in English"), 3)
    purpose_fr = _text(_("Purpose, in French"), 3)
    authorities_en = _text(
        _("Legal authorities, in English"),
        5,
        help_text=_("One a line. They are proposed from the parties; Legal Services says which of them apply."),
    )
    authorities_fr = _text(
        _("Legal authorities, in French"), 5, help_text=_("One a line, in the order of those in English.")
    )
    security_level = forms.ChoiceField(
        label=_("Security level"),
        choices=SecurityLevel.choices,
        help_text=_("The highest level of the information that may be shared under it."),
    )
    retention_years = forms.IntegerField(
        label=_("Retention, in years"),
        min_value=1,
        max_value=MOST_YEARS,
        help_text=_("After how many years information is returned or destroyed."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, terms: Terms, reader: Reader, **options: Any) -> None:
        initial = {
            "parties": [party.pk for party in terms.parties],
            "security_level": terms.security_level,
            "retention_years": terms.retention_years,
            **{f"purpose_{language}": terms.purpose[language] for language in LANGUAGES},
            **{f"authorities_{language}": "\n".join(terms.authorities[language]) for language in LANGUAGES},
        }
        super().__init__(data, initial=initial, **options)
        agencies = Agency.objects.visible_to(reader).filter(is_group=False).order_by("key")
        self.fields["parties"].queryset = agencies  # type: ignore[attr-defined]

    def clean_parties(self) -> list[Agency]:
        """Return the parties, the CBSA first; refused without it, or without anybody else."""
        parties = sorted(self.cleaned_data["parties"], key=lambda party: (party.key != OWN_AGENCY, party.key))
        if parties[0].key != OWN_AGENCY:
            raise ValidationError(gettext("Tick the CBSA as well: it is a party to every arrangement of its own."))
        if len(parties) == 1:
            raise ValidationError(gettext("Tick at least one party beside the CBSA."))
        return parties

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for language in LANGUAGES:
            if f"authorities_{language}" in cleaned:
                lines = map(tidy, cleaned[f"authorities_{language}"].splitlines())
                cleaned[f"authorities_{language}"] = [line.rstrip(" ;.,") for line in lines if line.strip(" ;.,")]
            if f"purpose_{language}" in cleaned:
                cleaned[f"purpose_{language}"] = tidy(cleaned[f"purpose_{language}"])
        english, french = cleaned.get("authorities_en"), cleaned.get("authorities_fr")
        if english is not None and french is not None and len(english) != len(french):
            self.add_error(
                "authorities_fr",
                gettext("There are %(english)s authorities in English and %(french)s in French. Give each in both.")
                % {"english": len(english), "french": len(french)},
            )
        return cleaned


class ParagraphForm(ReasonedForm):
    """One paragraph of a draft, in both languages."""

    text_en = _text(_("Text in English"), 6)
    text_fr = _text(_("Text in French"), 6)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return cleaned | {name: tidy(cleaned[name]) for name in ("text_en", "text_fr") if name in cleaned}


class FragmentForm(ParagraphForm):
    """A new version of a fragment; `newest` is the version that the person looked at."""

    heading_en = forms.CharField(label=_("Heading in English"), max_length=120)
    heading_fr = forms.CharField(label=_("Heading in French"), max_length=120)
    newest = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ("heading_en", "heading_fr", "text_en", "text_fr", "newest", "reason")

    def __init__(self, data: Mapping[str, Any] | None = None, *, newest: Fragment, **options: Any) -> None:
        names = ("heading_en", "heading_fr", "text_en", "text_fr")
        initial = {name: getattr(newest, name) for name in names} | {"newest": newest.version}
        super().__init__(data, initial=initial, **options)
        self.order_fields(self.field_order)
        self.before = newest

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        used: dict[str, set[str]] = {}
        for name in ("text_en", "text_fr"):
            if name not in cleaned:
                continue
            used[name] = set(PLACE.findall(cleaned[name]))
            if unknown := sorted(used[name] - set(PLACES)):
                self.add_error(
                    name,
                    gettext("There is no place {%(place)s}. Those that are filled in are: %(places)s.")
                    % {"place": unknown[0], "places": ", ".join(f"{{{place}}}" for place in PLACES)},
                )
            elif _has_lone_brace(cleaned[name]):
                self.add_error(name, gettext("A brace stands alone. Write a place as {jfos}, without anything else."))
        if len(used) == 2 and used["text_en"] != used["text_fr"] and not self.errors:
            self.add_error(
                "text_fr",
                gettext("Both languages must have the same places. Only one of them has: %(places)s.")
                % {"places": ", ".join(f"{{{place}}}" for place in sorted(used["text_en"] ^ used["text_fr"]))},
            )
        same = all(cleaned.get(name) == getattr(self.before, name) for name in self.field_order[:4])
        if same and not self.errors:
            raise ValidationError(gettext("Nothing would change: this is the newest version, word for word."))
        return cleaned


def _has_lone_brace(text: str) -> bool:
    """Say whether a brace is left that is not part of a place."""
    return bool(set("{}") & set(PLACE.sub("", text)))


class _FragmentsField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        said = {"heading": obj.heading, "code": obj.code, "version": obj.version}
        return gettext("%(heading)s: %(code)s, version %(version)s") % said


class SignOffForm(ReasonedForm):
    """Legal Services' agreement to the wording of fragments: who gave it, and when."""

    fragments = _FragmentsField(Fragment.objects.none(), label=_("Fragments"))
    signed_off_by = forms.CharField(
        label=_("Who signed off"), max_length=120, help_text=_("The name and function of the person at Legal Services.")
    )
    signed_off_on = DayField(label=_("Signed off on"))

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, fragments: Any, ticked: Sequence[int], **options: Any
    ) -> None:
        super().__init__(data, initial={"signed_off_on": today(), "fragments": ticked}, **options)
        self.fields["fragments"].queryset = fragments  # type: ignore[attr-defined]

    def clean_signed_off_on(self) -> Any:
        day = self.cleaned_data["signed_off_on"]
        if day > today():
            raise ValidationError(gettext("This day is still to come. Give the day on which they signed off."))
        return day


class UseForm(ReasonedForm):
    """The arrangement of which a draft becomes the text."""

    arrangement = forms.ModelChoiceField(Arrangement.objects.none(), label=_("Arrangement"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, arrangements: Any, **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["arrangement"]
        field.queryset = arrangements
        field.label_from_instance = lambda row: (
            gettext("%(reference)s: %(title)s")
            % {
                "reference": row.reference,
                "title": row.title,
            }
        )


class ReturnedForm(forms.Form):
    """A text that came back: a file, or pasted."""

    file = forms.FileField(
        label=_("File"), required=False, help_text=_("A Word document (DOCX), a PDF with text, or plain text.")
    )
    text = forms.CharField(
        label=_("Or the text itself"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
        max_length=LONGEST,
        help_text=_("Pasted. It may hold one language or both."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file is not None:
            texts.require_size(file.size)
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and bool(cleaned.get("file")) == bool(cleaned.get("text")):
            raise ValidationError(gettext("Choose a file or paste the text: one of them."))
        return cleaned
