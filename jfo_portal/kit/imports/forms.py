"""What a person says to an import: which file, how it is read, what its columns and values are, and why."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .cells import fold
from .fields import CellRefused, ImportField
from .preview import Unmatched
from .reading import Options, Sheet
from .resources import Matching, Resource

# What a select says for a column that is left out on purpose.
LEFT_OUT = "-"
# A list of more names than these is a field to type in that offers them.
MOST_CHOICES = 60


class UploadForm(forms.Form):
    """What a file holds, and the file, or its rows as they are copied from a spreadsheet."""

    entity = forms.ChoiceField(label=_("What the file holds"))
    # What is wrong with an empty file is said by the reader, as of any other.
    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        help_text=_("An xlsx or ods workbook, or a csv or tsv text file."),
    )
    rows = forms.CharField(
        label=_("Or the rows themselves"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "wrap": "off", "spellcheck": "false"}),
        help_text=_("Copied from a spreadsheet, with the column names in the first row."),
    )

    def __init__(self, resources: Sequence[Resource], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entity"].choices = [  # type: ignore[attr-defined]
            ("", gettext("Choose")),
            *((resource.slug, resource.title) for resource in resources),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file, rows = cleaned.get("file"), cleaned.get("rows", "").strip("\r\n")
        if "rows" in self.errors or "file" in self.errors:
            return cleaned
        if file is None and not rows.strip():
            self.add_error("file", gettext("Choose a file, or paste its rows below."))
        elif file is not None and rows.strip():
            self.add_error("rows", gettext("Give the file or its rows, not both."))
        elif file is None:
            cleaned["content"], cleaned["name"] = BytesIO(rows.encode()), gettext("Pasted rows")
        else:
            cleaned["content"], cleaned["name"] = file.file, file.name
        return cleaned


ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1252": "Windows-1252",
    "iso-8859-15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850",
}
DELIMITERS = {",": _("Comma (,)"), ";": _("Semicolon (;)"), "\t": _("Tab"), "|": _("Bar (|)")}
# A browser trims a tab from what it sends.
_TAB = "tab"
DECIMAL_MARKS = {".": _("Point (0.5)"), ",": _("Comma (0,5)")}


class ReadingForm(forms.Form):
    """How a file is read, as it was told by the file itself, or said before."""

    sheet = forms.ChoiceField(label=_("Sheet"))
    header_line = forms.IntegerField(
        label=_("Row of the column names"),
        min_value=1,
        max_value=2_000_000,
        help_text=_("Its number as the spreadsheet shows it. What stands above is not read."),
    )
    encoding = forms.ChoiceField(label=_("Encoding"), help_text=_("If the accents above are wrong, choose another."))
    delimiter = forms.ChoiceField(label=_("What separates the columns"))
    decimal_mark = forms.ChoiceField(label=_("Decimal mark"))

    def __init__(self, sheet: Sheet, data: Any = None) -> None:
        self.read = {
            "sheet": sheet.name,
            "header_line": sheet.header_line,
            "encoding": sheet.encoding,
            "delimiter": _TAB if sheet.delimiter == "\t" else sheet.delimiter,
            "decimal_mark": sheet.decimal_mark,
        }
        super().__init__(data, initial=self.read)
        choices: dict[str, list[tuple[str, Any]]] = {
            "sheet": [(name, name) for name in dict.fromkeys([*sheet.sheets, sheet.name])],
            "encoding": list(({sheet.encoding: sheet.encoding} | ENCODINGS).items()),
            "delimiter": [(_TAB if sign == "\t" else sign, label) for sign, label in DELIMITERS.items()],
            "decimal_mark": list(DECIMAL_MARKS.items()),
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        # A workbook says itself how it is written; a text has no sheets.
        for name in ("encoding", "delimiter") if not sheet.encoding else ("sheet",):
            del self.fields[name]

    def options(self, said: Options) -> Options | None:
        """Return what was said before with what is said now; None where that is how the file is read already."""
        new = {name: value for name, value in self.cleaned_data.items() if value != self.read[name]}
        if not new:
            return None
        if new.get("delimiter") == _TAB:
            new["delimiter"] = "\t"
        before = asdict(said)
        if "sheet" in new and "header_line" not in new:
            # Another sheet has its column names elsewhere.
            before["header_line"] = 0
        return Options(**before | new)


class ColumnsForm(forms.Form):
    """What each column of a sheet holds: a column of the resource, or nothing that is to be imported."""

    def __init__(self, sheet: Sheet, resource: Resource, matching: Matching, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.resource = resource
        required = [name for name, field in resource.fields.items() if field.required]
        others = [name for name in resource.fields if name not in required]
        choices = [
            ("", gettext("Choose")),
            (LEFT_OUT, gettext("Leave this column out")),
            (gettext("Required"), [(name, resource.fields[name].label) for name in required]),
            (gettext("Optional"), [(name, resource.fields[name].label) for name in others]),
        ]
        held = {place: name for name, place in matching.places.items()}
        held |= {place: name for name, place in matching.doubled}
        held |= dict.fromkeys(matching.left_out, LEFT_OUT)
        for place in range(len(sheet.headers)):
            self.fields[self.name(place)] = forms.ChoiceField(
                label=sheet.headers[place] or sheet.column_letter(place),
                choices=[choice for choice in choices if choice[1]],
                required=False,
                initial=held.get(place, ""),
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    @staticmethod
    def name(place: int) -> str:
        """Return the name of the field of the column at that place."""
        return f"column_{place}"

    def clean(self) -> dict[str, Any]:
        """Say what is doubled, missing, or not said yet: nothing is left out without being told to."""
        cleaned = super().clean() or self.cleaned_data
        places: dict[str, str] = {}
        for field, name in list(cleaned.items()):
            if not name:
                self.add_error(field, gettext("Say what this column holds, or leave it out."))
            elif name in places:
                self.add_error(
                    field,
                    gettext("“%(label)s” is said of %(other)s too. Choose one of the two, and leave the other out.")
                    % {"label": self.resource.fields[name].label, "other": self.fields[places[name]].label},
                )
            elif name != LEFT_OUT:
                places[name] = field
        missing = [field for name, field in self.resource.fields.items() if field.required and name not in places]
        for absent in missing:
            self.add_error(None, self.missing(absent))
        return cleaned

    @staticmethod
    def missing(field: ImportField) -> str:
        """Return the sentence on a required column that no column of the file holds."""
        return gettext(
            "No column holds “%(label)s”, which is required. Choose the one that does, or add it to the file."
        ) % {"label": field.label}

    @property
    def mapping(self) -> dict[int, str]:
        """What was chosen, by place, of the columns of which something was; "" for one to leave out."""
        chosen = {}
        for field, name in self.cleaned_data.items():
            if name:
                chosen[int(field.removeprefix("column_"))] = "" if name == LEFT_OUT else name
        return chosen


def value_key(name: str, value: str) -> str:
    """Return how a form names a value of a column, however it is spelt."""
    return f"{name}-{hashlib.sha256(fold(value).encode()).hexdigest()[:16]}"


class ValuesForm(forms.Form):
    """What each value that names nothing known stands for; one of which nothing is said stays as it is."""

    def __init__(self, unmatched: Sequence[Unmatched], resource: Resource, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.resource = resource
        self.unmatched = {value_key(one.name, one.value): one for one in unmatched}
        self.options = {name: _options(resource.fields[name].one) for name in {one.name for one in unmatched}}
        for key, one in self.unmatched.items():
            offered = self.options[one.name]
            if 0 < len(offered) <= MOST_CHOICES:
                self.fields[key] = forms.ChoiceField(
                    label=one.value,
                    required=False,
                    choices=[("", gettext("Leave it as it is: an error")), *((option, option) for option in offered)],
                    widget=forms.Select(attrs={"class": "form-select"}),
                )
            else:
                self.fields[key] = forms.CharField(
                    label=one.value,
                    required=False,
                    max_length=300,
                    widget=forms.TextInput(
                        attrs={"class": "form-control", "list": f"options-{one.name}", "autocomplete": "off"}
                    ),
                )

    def clean(self) -> dict[str, Any]:
        """Refuse a name that is not known either."""
        cleaned = super().clean() or self.cleaned_data
        for key, choice in list(cleaned.items()):
            if not choice:
                continue
            try:
                self.resource.fields[self.unmatched[key].name].one.read(choice)
            except CellRefused as refusal:
                self.add_error(key, str(refusal))
        return cleaned

    def choices(self, said: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """Return what was chosen, by column and folded spelling; what stood for a value before now stands for this."""
        chosen: dict[str, dict[str, str]] = {}
        for key, choice in self.cleaned_data.items():
            if choice:
                add_choice(chosen, self.unmatched[key], choice, said)
        return chosen

    def lists(self) -> list[tuple[str, Sequence[str]]]:
        """Return the names to offer where there are many, by column."""
        return [(name, offered) for name, offered in self.options.items() if len(offered) > MOST_CHOICES]


def add_choice(
    chosen: dict[str, dict[str, str]], one: Unmatched, choice: str, said: Mapping[str, Mapping[str, str]]
) -> None:
    """Note that the value stands for the choice, and whatever stood for that value."""
    spellings = {fold(one.value)}
    spellings |= {spelling for spelling, before in said.get(one.name, {}).items() if fold(before) == fold(one.value)}
    chosen.setdefault(one.name, {}).update(dict.fromkeys(spellings, choice))


def _options(field: ImportField) -> Sequence[str]:
    return getattr(field, "options", ())


class ConfirmForm(forms.Form):
    """Why the records change, and agreement with what was warned of, where something was."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("Why these records change. It is kept in their history.")
    )
    agreed = forms.BooleanField(
        label=_("I have read the warnings, and the rows are right as they are."),
        error_messages={"required": _("Read the warnings, and agree to them or correct the rows.")},
    )

    def __init__(self, *args: Any, has_warnings: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_warnings:
            del self.fields["agreed"]
