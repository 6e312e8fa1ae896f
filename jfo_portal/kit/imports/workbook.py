"""The workbooks of an import: the one to begin with, and the one that comes back with the errors beside the rows."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from ..exports import GREATEST_WIDTH, Notes, width_for, write_notes
from . import headings
from .cells import Cell
from .fields import ImportField, YesNoField, as_text
from .preview import StoredPreview
from .reading import Sheet
from .resources import Resource

BOTH = "both"
# In what a template can be headed.
HEADERS = ("en", "fr", BOTH)
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}
# A list of more names is no help in a cell.
_MOST_LISTED = 2_000
# How many rows of the template offer their lists.
_ROWS_WITH_LISTS = 5_000
# Of how many bytes on a workbook is kept on disk while it is sent.
_MOST_HELD = 2_000_000


def template(resource: Resource, headers: str) -> bytes:
    """Return a workbook to begin with: the headers, an example, lists of what cells may hold, and a sheet of notes.

    `headers` is a language or BOTH; all else is in the active language. What a list does not offer may be typed all
    the same, in the other language for one.
    """
    output = BytesIO()
    with Workbook(output, _OPTIONS | {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        needed = book.add_format({"bold": True, "bottom": 1, "bg_color": "#e6ebf1"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        data = book.add_worksheet(_("Data"))
        data.freeze_panes(1, 0)
        fields = list(resource.fields.values())
        for place, field in enumerate(fields):
            header = headings.bilingual(field) if headers == BOTH else field.labels[headers]
            data.write_string(0, place, header, needed if field.required else bold)
            data.set_column(place, place, width_for(len(header)))
            _write_example(data, place, field, day)
        write_notes(book, _notes(resource))
        _write_lists(book, data, fields)
    return output.getvalue()


def _write_example(data: Any, place: int, field: ImportField, day: Any) -> None:
    value = field.example_value
    if value is None:
        return
    if field.kind == "date":
        data.write_datetime(1, place, value, day)
    elif isinstance(value, bool):
        data.write_string(1, place, _("Yes") if value else _("No"))
    elif isinstance(value, str):
        data.write_string(1, place, value)
    else:
        data.write_number(1, place, value)


def _notes(resource: Resource) -> Notes:
    first = _("Replace the example in the second row, and give each record a row of its own.")
    key = _("Rows are matched with the records by: %(columns)s.") % {"columns": key_in_words(resource)}
    return [
        (str(resource.title), f"{first} {key}"),
        *((field.label, str(field.explanation)) for field in resource.fields.values()),
    ]


def key_in_words(resource: Resource) -> str:
    """Return the columns that tell which record a row means: “Officer number + JFO + First day”."""
    return " + ".join(resource.fields[name].label for name in resource.key)


def _write_lists(book: Any, data: Any, fields: Sequence[ImportField]) -> None:
    listed = [(place, options) for place, field in enumerate(fields) if (options := _listed(field))]
    if not listed:
        return
    name = _("Lists")
    sheet = book.add_worksheet(name)
    for column, (place, options) in enumerate(listed):
        sheet.write_string(0, column, _("For “%(column)s”") % {"column": fields[place].label})
        sheet.set_column(column, column, 24)
        for line, option in enumerate(options, 1):
            sheet.write_string(line, column, option)
        letter = xl_col_to_name(column)
        data.data_validation(
            1,
            place,
            _ROWS_WITH_LISTS,
            place,
            {
                "validate": "list",
                "source": f"='{name}'!${letter}$2:${letter}${len(options) + 1}",
                "error_type": "information",
                # Excel takes 32 and 255 characters.
                "error_title": _("Not in the list")[:32],
                "error_message": _("The import knows the names of the list, in either language.")[:255],
            },
        )


def _listed(field: ImportField) -> Sequence[str]:
    if isinstance(field, YesNoField):
        return [_("Yes"), _("No")]
    options: Sequence[str] = getattr(field, "options", ())
    return options if len(options) <= _MOST_LISTED else ()


def with_errors(sheet: Sheet, kept: StoredPreview, positions: Iterable[int]) -> tuple[IO[bytes], bool]:
    """Return those rows of the sheet as a workbook: the file's own columns as they are now, the cells in question
    marked, and a last column that says what is wrong; and whether it is so small that it is held in memory."""
    # On disk from some megabytes on.
    file = SpooledTemporaryFile(_MOST_HELD)  # noqa: SIM115 - who sends it closes it
    try:
        _write_with_errors(file, sheet, kept, positions)
    except BaseException:
        file.close()
        raise
    is_held = file.tell() <= _MOST_HELD
    file.seek(0)
    return file, is_held


def _write_with_errors(file: IO[bytes], sheet: Sheet, kept: StoredPreview, positions: Iterable[int]) -> None:
    own = [place for place, header in enumerate(sheet.headers) if header != headings.ERRORS]
    place_of = dict(zip(kept.names, kept.places, strict=True))
    label_of = dict(zip(kept.names, kept.labels, strict=True))
    with Workbook(file, _OPTIONS | {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        wrong = {"bg_color": "#f6b8a0", "font_color": "#6b1206"}
        marked, marked_day = book.add_format(wrong), book.add_format(wrong | {"num_format": "yyyy-mm-dd"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        data = book.add_worksheet(_("Data"))
        data.freeze_panes(1, 0)
        data.set_column(0, len(own), 16)
        data.set_column(len(own), len(own), GREATEST_WIDTH)
        for column, place in enumerate(own):
            data.write_string(0, column, sheet.headers[place], bold)
        data.write_string(0, len(own), headings.ERRORS, bold)
        for line, position in enumerate(positions, 1):
            told = [*kept.errors.get(position, ()), *kept.warnings.get(position, ())]
            faulty = {place_of[name] for name, _sentence in kept.errors.get(position, ()) if name}
            for column, place in enumerate(own):
                cell = sheet.cell(place, position)
                is_day = isinstance(cell, date)
                form = (marked_day if is_day else marked) if place in faulty else day if is_day else None
                _write(data, line, column, cell, form)
            sentences = (
                _("%(field)s: %(sentence)s") % {"field": label_of[name], "sentence": sentence} if name else sentence
                for name, sentence in told
            )
            if told:
                data.write_string(line, len(own), "\n".join(sentences)[:32_767], wrapped)


def _write(data: Any, line: int, column: int, cell: Cell, form: Any) -> None:
    match cell:
        case None:
            if form is not None:
                data.write_blank(line, column, None, form)
        case bool():
            data.write_boolean(line, column, cell, form)
        case int() | float() if abs(cell) < _MOST_EXACT:
            data.write_number(line, column, cell, form)
        case date() if not isinstance(cell, datetime) and cell >= _FIRST_DAY:
            data.write_datetime(line, column, cell, form)
        case _:
            # What Excel would show otherwise: a day before its calendar, a time of day, a longer number.
            data.write_string(line, column, as_text(cell)[:32_767], form)


# A spreadsheet keeps 15 digits of a number, and its days begin where no leap day is missing.
_MOST_EXACT = 10**15
_FIRST_DAY = date(1900, 3, 1)
