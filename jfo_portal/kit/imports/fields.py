"""The kinds of column an import can have: what a cell may hold, what it means, and how it is written back.

Each is a field of django-import-export, whose `clean` takes a row of cells by column name and gives
the typed value, or raises CellRefused with a sentence that names the remedy.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from import_export.fields import Field

from .. import formats
from ..access import Reader
from ..periods import read_day
from ..tables import Column
from . import cells
from .cells import UNREADABLE, Cell, Fault, Packed, fold, tidy

LANGUAGES = ("en", "fr")


class CellRefused(ValueError):
    """A cell that cannot be taken; its text is a sentence, in the reader's language.

    Where the value `is_unmatched`, it names nothing that is known, and a person may choose what it stands for;
    `nearest` is the name most like it. `cell` is the cell as somebody would type it, or of a cell of several names
    the name; `parts` are the refusals of the names in it.
    """

    cell = ""

    def __init__(
        self,
        sentence: str,
        *,
        is_unmatched: bool = False,
        nearest: str | None = None,
        parts: Sequence["CellRefused"] = (),
    ) -> None:
        super().__init__(sentence)
        self.is_unmatched = is_unmatched
        self.nearest = nearest
        self.parts = parts

    @property
    def strangers(self) -> dict[str, "CellRefused"]:
        """The refusals of what names nothing known, by the folded spelling."""
        return {fold(one.cell): one for one in self.parts or [self] if one.is_unmatched and one.cell}


class ImportField(Field):
    """One column of an import, headed by its English or its French label.

    `attribute` is the model's attribute, by default the field's own name. `help_text` says in a sentence
    what the column takes; `example` is a cell, as typed, that passes; `kind` is that of the table's
    column (kit.tables), and `names` the look-up from the record to the officer whom the column names.
    An empty cell means the model field's default, else nothing; a `required` one may not be empty, and
    its column not be missing. An optional column that the file lacks leaves existing rows as they are.
    """

    kind = "text"
    attribute: str
    column_name: str
    # Whether a cell names a row of another table.
    names_rows = False
    # The columns that `clean` reads besides its own.
    reads_also: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        label_en: str,
        label_fr: str,
        attribute: str | None = None,
        required: bool = False,
        help_text: str | Promise = "",
        example: str = "",
        kind: str | None = None,
        names: str | None = None,
    ) -> None:
        super().__init__(attribute=attribute)
        self.names_officer = names
        self.kind = kind or self.kind
        self.labels = {"en": label_en, "fr": label_fr}
        self.required = required
        self.help_text = help_text
        self.example = example
        self.model_field: models.Field | None = None
        self.user: Reader | None = None

    def bind(self, name: str, model: type[models.Model], user: Reader) -> None:
        """Tie the field to the resource it stands in and to the user it reads for."""
        self.column_name = name
        self.attribute = self.attribute or name
        self.user = user
        try:
            self.model_field = model._meta.get_field(self.attribute)  # type: ignore[assignment]
        except FieldDoesNotExist:
            # An attribute that the resource's queryset annotates and its `write` saves.
            self.model_field = None

    @property
    def label(self) -> str:
        """The column's header in the active language."""
        return self.labels["fr" if get_language() == "fr" else "en"]

    @property
    def explanation(self) -> str:
        """What the column takes, in sentences: for the notes of the template and the help of the page."""
        sentences = [_("Required.") if self.required else _("Optional."), self.rule(), str(self.help_text)]
        if self.example:
            sentences.append(_("For example: %(example)s.") % {"example": self.example})
        return " ".join(sentence for sentence in sentences if sentence)

    def rule(self) -> str:
        """Return the sentence on what a cell may hold; "" where any text will do."""
        return ""

    @property
    def of_model(self) -> models.Field:
        """The model's field; ImproperlyConfigured for an annotated attribute, which has none to ask."""
        if self.model_field is None:
            raise ImproperlyConfigured(f"{self.column_name} is no field of the model: give it its choices or queryset.")
        return self.model_field

    @property
    def empty(self) -> Any:
        """What an empty cell stands for."""
        if self.model_field is None:
            return None
        if self.model_field.has_default():
            return self.model_field.get_default()
        return "" if self.model_field.empty_strings_allowed and not self.model_field.null else None

    # Reading

    def clean_all(
        self, columns: Mapping[str, Sequence[Packed]], *, choices: Mapping[str, str], decimal_comma: bool
    ) -> tuple[Sequence[Any], dict[Any, Any]]:
        """Return a key for every row, and by key the typed value or the CellRefused that stands in its place.

        `columns` are packed cells by column, `choices` what a value stands for by its folded spelling. Each
        different cell is read once.
        """
        names = [name for name in (self.column_name, *self.reads_also) if name in columns]
        keys: Sequence[Any] = columns[names[0]] if len(names) == 1 else list(zip(*map(columns.get, names), strict=True))
        read: dict[Any, Any] = dict.fromkeys(keys)
        # Most cells are texts without a fault; a file of many rows has as many of them as rows.
        reads_texts = len(names) == 1 and not choices and type(self).clean is ImportField.clean
        for key in read:
            if reads_texts and cells.is_text(key):
                try:
                    read[key] = self.read(key, decimal_comma=decimal_comma)
                except CellRefused as refusal:
                    refusal.cell = key
                    read[key] = refusal
                continue
            if len(names) == 1:
                row = {self.column_name: cells.unpack(key)}
            else:
                row = dict(zip(names, map(cells.unpack, key), strict=True))
            if choices and (cell := row[self.column_name]) is not None:
                row[self.column_name] = self.standing_for(cell, choices)
            try:
                read[key] = self.clean(row, decimal_comma=decimal_comma)
            except CellRefused as refusal:
                refusal.cell = as_text(row[self.column_name])
                read[key] = refusal
        return keys, read

    @property
    def one(self) -> "ImportField":
        """The field that reads one name; itself, unless a cell holds several."""
        return self

    def names_in(self, cell: Any) -> list[str]:
        """Return of what in the cell a person may say what it stands for: the whole of it, unless it holds several."""
        return [as_text(cell)]

    def standing_for(self, cell: Cell, choices: Mapping[str, str]) -> Cell:
        """Return the cell, or what a person said that it stands for, by its folded spelling."""
        return choices.get(fold(as_text(cell)), cell)

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        """Return the typed value of the row's cell; `decimal_comma` says that 0,5 is a number."""
        cell = row.get(self.column_name)
        match cell:
            case None if self.required:
                raise CellRefused(self._with_example(_("This cell is empty, and a value is needed.")))
            case None:
                return self.empty
            case Fault(kind="error"):
                raise CellRefused(
                    _("The cell shows the error %(error)s. Correct the formula, or type the value.")
                    % {"error": cell.text}
                )
            case Fault(kind="formula"):
                raise CellRefused(
                    _(
                        "The cell holds a formula that was never calculated. "
                        "Open the file in a spreadsheet program and save it, or type the value."
                    )
                )
            case Fault():
                raise CellRefused(
                    self._with_example(_("The cell holds a number that cannot be stored. Type it again."))
                )
            case str() if UNREADABLE in cell:
                raise CellRefused(_("The text holds a character that cannot be read. Type the text again."))
        return self.read(cell, **kwargs)

    def read(self, cell: Any, *, decimal_comma: bool = False) -> Any:
        """Return the typed value of a cell that is not empty; CellRefused if it is not one."""
        return as_text(cell)

    def _with_example(self, sentence: str) -> str:
        example = self.example or self._any_example()
        if not example:
            return sentence
        return _("%(sentence)s For example: %(example)s.") % {"sentence": sentence, "example": example}

    def _any_example(self) -> str:
        """Return a cell that passes, where the column has no example of its own; "" where there is none to give."""
        return ""

    def problem(self, value: Any) -> str:
        """Return what the model's field has against the typed value, in a sentence; "" for nothing."""
        field = self.model_field
        if field is None or field.is_relation or (field.blank and value in field.empty_values):
            return ""
        if self._longest and value and len(value) <= self._longest:
            return ""
        try:
            field.clean(value, None)
        except ValidationError as error:
            return " ".join(error.messages)
        return ""

    def has_problem(self, values: Sequence[Any]) -> bool:
        """Say whether the model's field has anything against one of the typed values."""
        longest = self._longest
        if longest and all(values) and max(map(len, values), default=0) <= longest:
            return False
        return any(map(self.problem, values))

    @cached_property
    def _longest(self) -> int:
        """How long a text may be of which the model asks nothing else; 0 of any other field."""
        field = self.model_field
        asks_more = field is None or field.choices or type(field) is not models.CharField
        if asks_more or any(type(validator) is not MaxLengthValidator for validator in field.validators):  # type: ignore[union-attr]
            return 0
        return field.max_length or 0  # type: ignore[union-attr]

    # Comparing

    @property
    def stored_name(self) -> str:
        """The name under which `values_list` gives what is stored of the column."""
        return self.model_field.attname if self.model_field is not None else self.attribute

    def of_stored(self, stored: Any) -> Any:
        """Return the typed value of what `values_list` gives."""
        return stored

    def stored_plain(self, stored: Any) -> Any:
        """Return `plain` of what `values_list` gives."""
        return self.plain(stored)

    def plain(self, value: Any) -> Any:
        """Return what makes two typed values one and the same, whatever the language."""
        return value

    def same(self, one: Any, other: Any) -> bool:
        """Say whether two typed values are one and the same."""
        return bool(self.plain(one) == self.plain(other))

    def key_part(self, value: Any) -> Any:
        """Return the typed value as a key compares it."""
        return self.plain(value)

    def stored_key_part(self, stored: Any) -> Any:
        """Return the same of a value as the database's `values_list` gives it."""
        return self.key_part(stored)

    # Writing back

    def words(self, value: Any) -> str:
        """Return the typed value as a person reads it."""
        return formats.text(value, self.kind)

    def export(self, instance: Any, **kwargs: Any) -> Any:
        """Return the instance's value as a file holds it, so that `clean` takes it back."""
        return self.file_value(self.get_value(instance))

    def file_value(self, value: Any) -> Any:
        """Return the typed value as a file holds it."""
        return value

    def column(self) -> Column:
        """Return the column of a list or file that this field makes."""
        return Column(self.column_name, self.label, self.file_kind, value=self.export, names=self.names_officer)

    @property
    def file_kind(self) -> str:
        """The kind of the column in a file, which is edited there: what is shown of a value is all of it."""
        return self.kind

    @property
    def example_value(self) -> Any:
        """The example as a file holds it, typed; None without one."""
        return self.file_value(self.read(self.example)) if self.example else None


# What may be stored, pasted from elsewhere, and is refused of a cell: a line or page that ends otherwise, and the like.
_NEVER_READ = re.compile(rf"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{UNREADABLE}]")


class TextField(ImportField):
    """Any text, on one line or several."""

    def plain(self, value: Any) -> Any:
        # What is stored may not be as tidy as what is read; that alone is no change.
        return tidy(self.file_value(value) or "")

    def file_value(self, value: Any) -> Any:
        """Return the text with a space for each character that an import could not read."""
        return _NEVER_READ.sub(" ", value) if value else value


class CodeField(TextField):
    """A short text that names something: 101.0 of a spreadsheet is “101”, and case does not tell two keys apart."""

    def read(self, cell: Any, *, decimal_comma: bool = False) -> str:
        text = as_text(cell)
        return " ".join(text.split()) if " " in text or not text.isprintable() else text

    def key_part(self, value: Any) -> Any:
        return fold(value or "")


class DateField(ImportField):
    """A day: a date of the spreadsheet's own, or a text YYYY-MM-DD. Any other way to write a day is refused."""

    kind = "date"
    first, last = date(1900, 1, 1), date(2199, 12, 31)

    def rule(self) -> str:
        return _("A date, written as YYYY-MM-DD or as the spreadsheet's own date.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> date:
        if isinstance(cell, datetime):
            raise CellRefused(_("%(value)s holds a time of day. Give the day alone, as YYYY-MM-DD.") % {"value": cell})
        day = cell if isinstance(cell, date) else read_day(as_text(cell))
        if day is None:
            raise CellRefused(
                self._with_example(
                    _("“%(value)s” is not a date the import can be sure of. Write it as YYYY-MM-DD.")
                    % {"value": shown(cell)}
                )
            )
        if not self.first <= day <= self.last:
            raise CellRefused(
                self._with_example(
                    _("%(value)s is not between %(first)s and %(last)s. Check the year.")
                    % {"value": day, "first": self.first, "last": self.last}
                )
            )
        return day


_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
# Three digits behind the comma would as soon be thousands.
_WITH_COMMA = re.compile(r"[+-]?\d{1,30},\d{1,2}", re.ASCII)


class DecimalField(ImportField):
    """A number from `min` to `max`, both included, with at most `places` decimals; never rounded."""

    kind = "decimal"

    def __init__(
        self,
        *,
        min: Decimal | int = Decimal(0),  # noqa: A002
        max: Decimal | int = Decimal(10**12),  # noqa: A002
        places: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.min, self.max, self.places = Decimal(min), Decimal(max), places

    def read(self, cell: Any, *, decimal_comma: bool = False) -> Any:
        number = _number(cell, decimal_comma)
        if number is None:
            raise CellRefused(self._with_example(self._not_a_number(cell, decimal_comma) % {"value": shown(cell)}))
        if not self.min <= number <= self.max:
            raise CellRefused(
                self._with_example(
                    _("%(value)s is not between %(min)s and %(max)s.")
                    % {"value": shown(cell), "min": self.words(self.min), "max": self.words(self.max)}
                )
            )
        if number != round(number, self.places):
            raise CellRefused(self._with_example(self._too_fine() % {"value": shown(cell), "places": self.places}))
        return self.typed(number)

    def rule(self) -> str:
        return _("A number from %(min)s to %(max)s.") % {"min": self.words(self.min), "max": self.words(self.max)}

    def _not_a_number(self, cell: Any, decimal_comma: bool) -> str:
        if self.places and not decimal_comma and isinstance(cell, str) and _WITH_COMMA.fullmatch(cell):
            return _(
                "“%(value)s” is not a number where the decimal mark is a point. Write a point, or, if the whole file "
                "has commas, choose the comma at the step “File”."
            )
        return _("“%(value)s” is not a number. Write digits, without spaces or a currency sign.")

    def _too_fine(self) -> str:
        return _("%(value)s has more than %(places)s decimals. Round it in the file.")

    def typed(self, number: Decimal) -> Any:
        return round(number, self.places)

    @property
    def file_kind(self) -> str:
        whole = {"decimal": "number", "money": "cents"}
        return whole.get(self.kind, self.kind) if self.places > 1 else self.kind

    def words(self, value: Any) -> str:
        return formats.NO_VALUE if value is None else formats.number(value, self.places)

    def plain(self, value: Any) -> Any:
        return None if value is None else round(Decimal(value), self.places)


class IntegerField(DecimalField):
    """A whole number from `min` to `max`, both included."""

    kind = "integer"

    def __init__(self, *, min: int = 0, max: int = 2**31 - 1, **options: Any) -> None:  # noqa: A002
        super().__init__(min=min, max=max, places=0, **options)

    def _too_fine(self) -> str:
        return _("%(value)s is not a whole number.")

    def typed(self, number: Decimal) -> int:
        return int(number)


def _number(cell: Any, decimal_comma: bool) -> Decimal | None:
    """Return the number the cell holds, or None; of a spreadsheet's float, the 15 digits that it shows."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float | Decimal):
        return Decimal(format(cell, ".15g")) if isinstance(cell, float) else Decimal(cell)
    if not isinstance(cell, str):
        return None
    text = cell.replace(",", ".", 1) if decimal_comma and "." not in cell else cell
    return Decimal(text) if _NUMBER.fullmatch(text) else None


_SHORT_FORM = re.compile(r"\(([^()]+)\)$")


class ChoiceField(ImportField):
    """One of the model field's choices, by its value or by its label in either language.

    Of a label that ends with a short form in brackets, such as “Memorandum of understanding (MOU)”,
    the short form will do.
    """

    def __init__(self, *, choices: Iterable[tuple[str, str | Promise]] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._choices = list(choices) if choices is not None else None

    @cached_property
    def choices(self) -> dict[str, str | Promise]:
        """The labels by value."""
        if self._choices is not None:
            return dict(self._choices)
        return {value: label for value, label in self.of_model.flatchoices if value not in ("", None)}

    def rule(self) -> str:
        return _("One of these: %(choices)s.") % {"choices": "; ".join(map(str, self.choices.values()))}

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        spellings: dict[str, str] = {}
        for language in LANGUAGES:
            with override(language):
                for value, label in self.choices.items():
                    short_form = _SHORT_FORM.search(str(label))
                    spellings |= {fold(name): value for name in (str(label), short_form and short_form[1]) if name}
        return spellings | {fold(value): value for value in self.choices}

    def read(self, cell: Any, *, decimal_comma: bool = False) -> str:
        text = as_text(cell)
        found = self._by_spelling.get(fold(text))
        if found is not None:
            return found
        near = get_close_matches(fold(text), self._by_spelling, n=1)
        nearest = str(self.choices[self._by_spelling[near[0]]]) if near else None
        said = {
            "value": shown(text),
            "choices": "; ".join(str(label) for label in self.choices.values()),
            "nearest": nearest,
        }
        sentence = _("“%(value)s” is not one of these: %(choices)s.")
        if nearest is not None:
            sentence = _("“%(value)s” is not one of these: %(choices)s. Did you mean %(nearest)s?")
        raise CellRefused(sentence % said, is_unmatched=True, nearest=nearest)

    @property
    def options(self) -> list[str]:
        """What a person may choose for a value that matches none, in the active language."""
        return [str(label) for label in self.choices.values()]

    def words(self, value: Any) -> str:
        return str(self.choices.get(value) or value or formats.NO_VALUE)

    def file_value(self, value: Any) -> Any:
        return str(self.choices.get(value, value)) if value else None


_YES = frozenset({"yes", "oui", "true", "vrai", "y", "o", "1"})
_NO = frozenset({"no", "non", "false", "faux", "n", "0"})


class YesNoField(ImportField):
    """Yes or no, oui or non, or a spreadsheet's TRUE or FALSE."""

    kind = "yes_no"

    def rule(self) -> str:
        return _("Yes or no.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> bool:
        text = fold(as_text(cell))
        if text in _YES:
            return True
        if text in _NO:
            return False
        raise CellRefused(_("“%(value)s” is neither yes nor no. Write one of the two.") % {"value": shown(cell)})


# How many unmatched values of one column are compared with every known one, and how many that are alike are looked at.
_SUGGESTIONS = 50
_ALIKE = 20


def _differs_in_number(one: str, other: str) -> bool:
    """Say whether the texts differ in their numbers alone; 0031 and 31 are one number."""
    if _DIGITS.sub("0", one) != _DIGITS.sub("0", other):
        return False
    return [number.lstrip("0") for number in _DIGITS.findall(one)] != [
        number.lstrip("0") for number in _DIGITS.findall(other)
    ]


_DIGITS = re.compile(r"[0-9]+")


class ForeignKeyField(ImportField):
    """A row of another table, by its natural key `lookup` (a path such as "number" or "jfo__code").

    `also` are further attributes by which a file may name it. `queryset` takes the user and returns
    the rows that may be named, by default those the user may see; it is read whole, in one query,
    so it selects what `lookup`, `also` and the resource's rules need. The value is the row itself.
    """

    names_rows = True

    def __init__(
        self,
        *,
        lookup: str,
        also: tuple[str, ...] = (),
        queryset: Callable[[Any], models.QuerySet] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.is_by_number = lookup == "number"
        self.lookup = attrgetter(lookup.replace("__", "."))
        self.also = tuple(attrgetter(path.replace("__", ".")) for path in also)
        self._queryset = queryset
        self._suggested: dict[str, str | None] = {}

    @cached_property
    def rows(self) -> list[Any]:
        """The rows that may be named; one query, asked once."""
        if self._queryset is not None:
            return list(self._queryset(self.user))
        objects: Any = self.of_model.related_model._default_manager
        return list(objects.visible_to(self.user))

    @cached_property
    def _by_spelling(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for row in self.rows:
            for spelling in {fold(str(name)) for name in self.names(row) if name}:
                found.setdefault(spelling, []).append(row)
        # The natural key names one row, even where it is also another's second name.
        return found | {fold(str(self.lookup(row))): [row] for row in self.rows}

    def names(self, row: Any) -> list[Any]:
        """Return everything a file may call the row."""
        return [self.lookup(row), *(name(row) for name in self.also)]

    def read(self, cell: Any, *, decimal_comma: bool = False) -> Any:
        text = as_text(cell)
        found = self._by_spelling.get(fold(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise CellRefused(
                _("“%(value)s” names more than one: %(names)s. Write one of these.")
                % {"value": shown(text), "names": "; ".join(str(self.lookup(row)) for row in found)},
                is_unmatched=True,
            )
        nearest = self._nearest(fold(text))
        if nearest is None:
            raise CellRefused(
                self._with_example(
                    _("No %(label)s “%(value)s” is known.") % {"label": self.label, "value": shown(text)}
                ),
                is_unmatched=True,
            )
        raise CellRefused(
            _("No %(label)s “%(value)s” is known. Did you mean %(nearest)s?")
            % {"label": self.label, "value": shown(text), "nearest": nearest},
            is_unmatched=True,
            nearest=nearest,
        )

    @property
    def options(self) -> list[str]:
        """What a person may choose for a value that matches none."""
        return sorted(str(self.lookup(row)) for row in self.rows)

    @property
    def example_value(self) -> Any:
        """The example as it stands: the row it names may not be there."""
        return self.example or None

    def _any_example(self) -> str:
        return str(self.lookup(self.rows[0])) if self.rows else ""

    def _nearest(self, spelling: str) -> str | None:
        if spelling not in self._suggested and len(self._suggested) < _SUGGESTIONS:
            # Another number is another row, however alike the two are written: O-0042 is nobody like O-0024.
            alike = get_close_matches(spelling, self._by_spelling, n=_ALIKE)
            near = [text for text in alike if not (self.is_by_number and _differs_in_number(spelling, text))]
            self._suggested[spelling] = str(self.lookup(self._by_spelling[near[0]][0])) if near else None
        return self._suggested.get(spelling)

    def plain(self, value: Any) -> Any:
        return None if value is None else value.pk

    def stored_key_part(self, stored: Any) -> Any:
        return stored

    def stored_plain(self, stored: Any) -> Any:
        return stored

    def of_stored(self, stored: Any) -> Any:
        if stored is None:
            return None
        if stored not in self._by_pk:
            # A row that the user may not name, or not any more; it still has to be called something.
            self._by_pk |= self.of_model.related_model._base_manager.in_bulk([stored])
        return self._by_pk.get(stored)

    @cached_property
    def _by_pk(self) -> dict[Any, Any]:
        return {row.pk: row for row in self.rows}

    def words(self, value: Any) -> str:
        return formats.NO_VALUE if value is None else str(self.lookup(value))

    def file_value(self, value: Any) -> Any:
        return None if value is None else str(self.lookup(value))


# What stands between the names of one cell; a line break is what Alt+Enter makes of it.
_BETWEEN = re.compile(r"([|\n])")


class NamesField(ImportField):
    """Rows of another table in one cell, separated by |; typed, a tuple.

    `named` reads each name. An unknown one is a value of its own, of which a person may say what it stands for,
    wherever it stands.
    """

    def __init__(self, named: ForeignKeyField, **options: Any) -> None:
        super().__init__(**options)
        self.named = named

    def bind(self, name: str, model: type[models.Model], user: Reader) -> None:
        super().bind(name, model, user)
        self.named.user = user

    @property
    def empty(self) -> Any:
        return ()

    @property
    def one(self) -> ImportField:
        return self.named

    def entry(self, text: str) -> tuple[str, str]:
        """Return the name in one entry of a cell, and what follows it."""
        return " ".join(text.split()), ""

    def entries(self, cell: Any) -> list[tuple[str, str]]:
        """Return the name of each entry of the cell, and what follows it, without the entries that are empty."""
        return [self.entry(text) for text in _BETWEEN.split(as_text(cell))[::2] if text.strip()]

    def names_in(self, cell: Any) -> list[str]:
        return [name for name, _rest in self.entries(cell)]

    def standing_for(self, cell: Cell, choices: Mapping[str, str]) -> Cell:
        texts = _BETWEEN.split(as_text(cell))
        chosen = [self._chosen(text, choices) for text in texts]
        return cell if chosen == texts else "".join(chosen)

    def _chosen(self, text: str, choices: Mapping[str, str]) -> str:
        name, rest = self.entry(text)
        chosen = choices.get(fold(name))
        return text if chosen is None else f" {chosen} {rest} "

    def rows_named(self, names: Iterable[str]) -> list[Any]:
        """Return the row of each name; CellRefused, with all that cannot be taken, where one cannot."""
        rows, refused = [], []
        for name in names:
            try:
                rows.append(self.named.read(name))
            except CellRefused as refusal:
                refusal.cell = name
                refused.append(refusal)
        if refused:
            raise CellRefused(" ".join(dict.fromkeys(map(str, refused))), parts=refused)
        return rows

    @property
    def example_value(self) -> Any:
        """The example as it stands: the rows it names may not be there."""
        return self.example or None


def shown(cell: Any) -> str:
    """Return the cell as a sentence quotes it."""
    text = as_text(cell)
    return text if len(text) <= 60 else f"{text[:59]}…"


def as_text(cell: Any) -> str:
    """Return the cell as somebody would type it: a number in plain digits, a day as YYYY-MM-DD."""
    if isinstance(cell, float):
        return format(Decimal(format(cell, ".15g")), "f")
    return str(cell)
