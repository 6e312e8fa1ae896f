"""A report as a reader was shown it, as JSON that is kept for good, and what differs between two of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from . import exports, formats
from .reports import Comparison, Parameters, Report
from .tables import NUMERIC, Cell, Column
from .views import Heading

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """What a report gave a reader: typed rows and totals, notes, and the published figures beside them."""

    rows: Sequence[Mapping[str, Any]]
    totals: Mapping[str, Any]
    notes: Sequence[str]
    comparison: Sequence[Comparison]


def content(
    report: Report,
    parameters: Parameters,
    reading: Reading,
    *,
    columns: Sequence[Column] = (),
    totals: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return the report as it was shown, in plain JSON types and in the active language; no query.

    To what a script reads (Report.as_json) it adds what a reader sees: the labels, the text of each cell (`columns` are
    the page's, where they print otherwise than the report's) and of each total, the notes, and the published figures.
    Nothing of a row but its columns is kept.
    """
    shown = columns or report.columns
    return {
        "slug": report.slug,
        "title": str(report.title),
        "language": get_language() or "",
        "parameters": parameters.as_dict(),
        "columns": [column.name for column in report.columns],
        "labels": [str(column.label) for column in report.columns],
        "kinds": [column.kind for column in report.columns],
        "keys": list(report.keys or [report.columns[0].name]),
        "rows": [{column.name: exports.typed(column, row) for column in report.columns} for row in reading.rows],
        "texts": [
            [str(one.text(row) if one.text else formats.text(one.raw(row), one.kind)) for one in shown]
            for row in reading.rows
        ],
        "totals": {name: exports.plain(value, report.column(name).kind) for name, value in reading.totals.items()},
        "total_texts": [list(pair) for pair in totals],
        "notes": [str(note) for note in reading.notes],
        "comparison": [
            {
                "row": one.row,
                "row_label": one.row_label,
                "measure": one.measure,
                "measure_label": one.measure_label,
                "published": exports.plain(one.published),
                "computed": exports.plain(one.computed),
                "difference": exports.plain(one.difference),
                "explanation": one.explanation,
            }
            for one in reading.comparison
        ],
    }


def as_text(content: Content) -> str:
    """Return the content as it is kept: its keys sorted, so that the same content is the same text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def digest(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8: that of the file, too."""
    return hashlib.sha256(text.encode()).hexdigest()


# The content as a table


def headings(content: Content) -> list[Heading]:
    """Return the headings of the table that was shown."""
    return [
        Heading(label, None, None, kind in NUMERIC)
        for label, kind in zip(content["labels"], content["kinds"], strict=True)
    ]


def cells(content: Content) -> list[list[Cell]]:
    """Return the rows of the table that was shown."""
    plan = list(zip(content["columns"], content["labels"], content["kinds"], strict=True))
    return [
        [
            Cell(
                text,
                label,
                is_header=name in content["keys"],
                is_numeric=kind in NUMERIC,
                is_date=kind in {"date", "datetime"},
            )
            for (name, label, kind), text in zip(plan, texts, strict=True)
        ]
        for texts in content["texts"]
    ]


def columns(content: Content) -> list[Column]:
    """Return columns that read the content's rows, for a file of them."""
    plan = zip(content["columns"], content["labels"], content["kinds"], strict=True)
    return [Column(name, label, kind) for name, label, kind in plan]


# Two of them


@dataclass(frozen=True)
class Difference:
    """One thing that is not what it was: a cell, or a whole row where one of the two is empty."""

    what: str
    row: str
    column: str
    was: str
    now: str


def differences(then: Content, now: Content) -> list[Difference]:
    """Return what differs, in the order of the tables: cells by row and column, rows that came and went, totals,
    notes, and figures beside published ones; nothing where all of it is as it was.

    A row is the same one where its keys are; of several with the same keys, the first is compared with the first. Two
    cells are the same where their values and their texts are.
    """
    return [
        *_columns(then, now),
        *_rows(then, now),
        *_pairs(_("Total"), dict(map(tuple, then["total_texts"])), dict(map(tuple, now["total_texts"]))),
        *_notes(then["notes"], now["notes"]),
        *_pairs(_("Beside published"), _compared(then), _compared(now)),
    ]


def _columns(then: Content, now: Content) -> Iterable[Difference]:
    for what, some, others in (
        (pgettext("difference", "Removed"), then, now),
        (pgettext("difference", "Added"), now, then),
    ):
        for name, label in zip(some["columns"], some["labels"], strict=True):
            if name not in others["columns"]:
                yield Difference(what, _("Column"), label, "", "")


def _keyed(content: Content) -> dict[tuple[Any, ...], tuple[Mapping[str, Any], dict[str, str]]]:
    """Return the typed and the printed cells of each row by its keys, and by which of those with the same it is."""
    found = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for row, texts in zip(content["rows"], content["texts"], strict=True):
        key = tuple(row.get(name) for name in content["keys"])
        found[*key, seen[key]] = (row, dict(zip(content["columns"], texts, strict=True)))
        seen[key] += 1
    return found


def _rows(then: Content, now: Content) -> Iterable[Difference]:
    before, after = _keyed(then), _keyed(now)
    labels = dict(zip(now["columns"], now["labels"], strict=True))
    shared = [name for name in then["columns"] if name in labels]
    for key, (row, texts) in before.items():
        about = _about(then, texts)
        if key not in after:
            yield Difference(pgettext("difference", "Removed"), about, "", _in_line(then, texts), "")
            continue
        row_now, texts_now = after[key]
        for name in shared:
            if (row[name], texts[name]) != (row_now[name], texts_now[name]):
                yield Difference(pgettext("difference", "Changed"), about, labels[name], texts[name], texts_now[name])
    for key, (_row, texts) in after.items():
        if key not in before:
            yield Difference(pgettext("difference", "Added"), _about(now, texts), "", "", _in_line(now, texts))


def _about(content: Content, texts: Mapping[str, str]) -> str:
    return " – ".join(texts[name] for name in content["keys"] if name in texts)


def _in_line(content: Content, texts: Mapping[str, str]) -> str:
    pairs = zip(content["columns"], content["labels"], strict=True)
    return "; ".join(
        _("%(field)s: %(after)s") % {"field": label, "after": texts[name]}
        for name, label in pairs
        if name not in content["keys"] and texts[name] not in ("", formats.NO_VALUE)
    )


def _pairs(row: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterable[Difference]:
    for label in dict.fromkeys([*then, *now]):
        if label not in now:
            yield Difference(pgettext("difference", "Removed"), row, label, then[label], "")
        elif label not in then:
            yield Difference(pgettext("difference", "Added"), row, label, "", now[label])
        elif then[label] != now[label]:
            yield Difference(pgettext("difference", "Changed"), row, label, then[label], now[label])


def _notes(then: Sequence[str], now: Sequence[str]) -> Iterable[Difference]:
    for note in then:
        if note not in now:
            yield Difference(pgettext("difference", "Removed"), _("Note"), "", note, "")
    for note in now:
        if note not in then:
            yield Difference(pgettext("difference", "Added"), _("Note"), "", "", note)


def _compared(content: Content) -> dict[str, str]:
    """Return what was computed beside each published figure, and why they differ, by row and measure in words."""
    return {
        f"{one['row_label']} – {one['measure_label']}": "; ".join(
            str(one[name]) for name in ("published", "computed", "explanation") if one[name] not in (None, "")
        )
        for one in content["comparison"]
    }
