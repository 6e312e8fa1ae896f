"""What a file says of records: keys, time that adds up, and each entity's template, sample and export."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from django.utils.translation import override

from jfo_portal.kit import exports
from jfo_portal.kit.imports import resources, workbook
from jfo_portal.kit.imports.views import SAMPLES
from registry.models import User

from .trial import HEADERS, Facts, Trial, text

# Of each sample what its table in fixtures/samples/README.md says.
_SAMPLES = {
    "officers.xlsx": "saved 4 3 2",
    "levels.xlsx": "saved 2 2 1",
    "assignments.xlsx": "saved 4 4 1",
    "assignments-french.csv": "saved 2 1 1",
    "agencies.xlsx": "saved 2 1 1",
    "jfos.xlsx": "saved 2 1 1",
    "participations.csv": "saved 3 1 1",
    "arrangements.xlsx": "saved 2 2 1",
    "coverage.csv": "saved 2 2 1",
    "findings.xlsx": "saved 6 0 0",
    "ims-files.csv": "saved 5 1 2",
    "salary-rates.xlsx": "saved 3 1 2",
    "benefit-rates.csv": "saved 2 0 2",
    "outcomes.xlsx": "saved 4 2 2",
    "contributions.csv": "saved 3 1 2",
    "expectations.xlsx": "saved 2 2 1",
}
# What the example of each entity's template comes to, where it is not a new record.
_EXAMPLES = {"levels": "saved 0 0 1", "officers": "saved 0 1 0", "programs": "saved 0 1 0", "ims-files": "saved 0 1 0"}
# Of each entity a column, and what is typed into it in the first row that the second says, by labels.
_EDITS: dict[str, tuple[str, str, Callable[[dict[str, str]], bool]]] = {
    "agencies": ("Name in French", "Un autre nom", lambda row: True),
    "assignments": ("Review date", "2011-09-30", lambda row: not row["Last day"] and not row["Review date"]),
    "participations": (
        "Last day",
        "2012-03-31",
        lambda row: not row["Last day"] and row["Part"] == "Partner" and row["Agency"] != "CBSA",
    ),
    "jfos": ("Objectives in French", "D’autres objectifs.", lambda row: True),
    "levels": ("Level", "FB-05", lambda row: not row["Last day at this level"]),
    "officers": ("Given name", "Anne-Sophie", lambda row: not row["Last day"]),
    "programs": ("Name in French", "Un autre nom", lambda row: True),
    "arrangements": ("Office of primary interest", "Another office", lambda row: True),
    "coverage": ("Last day", "2012-03-31", lambda row: not row["Last day"]),
    "outcomes": ("Note", "Another note.", lambda row: True),
    "contributions": ("Evidence", "Another report.", lambda row: True),
    "expectations": ("Variance note", "Another note.", lambda row: bool(row["Variance note"])),
    "ims-files": ("Entered on", "2011-03-31", lambda row: not row["Entered on"]),
    "salary-rates": ("Salary for a year", "99999.50", lambda row: row["Fiscal year"] == "2011-2012"),
    "benefit-rates": ("Benefits as a share of salaries", "0.19", lambda row: row["Fiscal year"] == "2011-2012"),
}
# So many records of a large table are enough.
_MOST = 1_500


def trials(known: Facts) -> Iterator[Trial]:
    """Yield the trials of records."""
    yield from _keys(known)
    yield from _time(known)
    yield from _entities()


def _keys(known: Facts) -> Iterator[Trial]:
    one, two = known.rows
    yield Trial("keys/twice-in-the-file", text([HEADERS, one, two, one]).encode(), "errors 2 in officer")
    yield Trial("keys/the-same-file-twice", text(known.table).encode(), "saved 2 0 0; again saved 0 0 2", is_twice=True)
    full = known.full
    stored = (full.officer.number, full.jfo.code, f"{full.fte}", full.start)
    yield Trial("keys/on-record-already", text([HEADERS, stored]).encode(), "saved 0 0 1")
    both = text([HEADERS, stored, one]).encode()
    yield Trial("keys/some-new-some-on-record", both, "saved 1 0 1")
    all_wrong = [("O-9999", "NO-JFO", "much", "soon")] * 3
    yield Trial("keys/every-cell-wrong", text([HEADERS, *all_wrong]).encode(), "errors 3 in fte, jfo, officer, start")
    good_and_bad = [*known.rows, ("O-9999", *one[1:])]
    yield Trial("keys/one-wrong-row-among-right-ones", text([HEADERS, *good_and_bad]).encode(), "errors 1 in officer")
    empty = [(None, *one[1:]), (one[0], None, *one[2:]), (*one[:2], None, one[3]), (*one[:3], None)]
    yield Trial("keys/cells-that-are-needed", text([HEADERS, *empty]).encode(), "errors 4 in fte, jfo, officer, start")


def _time(known: Facts) -> Iterator[Trial]:
    (officer, jfo, _fte, day), other, full = known.rows[0], known.jfos[1], known.full
    head = (*HEADERS, "Last day")

    def file(*rows: tuple[Any, ...]) -> bytes:
        return text([head, *rows]).encode()

    later = day + timedelta(days=30)
    for name, rows, expected in (
        ("just-full", [(officer, jfo, 0.5, day, None), (officer, other, 0.5, day, None)], "saved 2 0 0"),
        ("a-hundredth-more", [(officer, jfo, 0.5, day, None), (officer, other, 0.51, day, None)], "errors 2 in fte"),
        (
            "one-after-the-other",
            [(officer, jfo, 1, day, later), (officer, other, 1, later + timedelta(days=1), None)],
            "saved 2 0 0",
        ),
        ("one-day-of-both", [(officer, jfo, 1, day, later), (officer, other, 1, later, None)], "errors 2 in fte"),
        (
            "overlap-in-the-file",
            [(officer, jfo, 0.25, day, None), (officer, jfo, 0.25, later, None)],
            "errors 2 in start",
        ),
        ("end-before-start", [(officer, jfo, 0.25, later, day)], "errors 1 in end"),
        ("full-on-record", [(full.officer.number, _another(known), 0.25, day, None)], "errors 1 in fte"),
        (
            "overlap-on-record",
            [(full.officer.number, full.jfo.code, 0.25, max(day, full.start + timedelta(days=1)), None)],
            "errors 1 in fte, start",
        ),
        ("before-the-officer", [(officer, jfo, 0.25, date(1950, 1, 1), None)], "errors 1 in start"),
        ("in-the-far-future", [(officer, jfo, 0.25, date(2150, 1, 1), None)], "saved 1 0 0"),
    ):
        yield Trial(f"time/{name}", file(*rows), expected)


def _another(known: Facts) -> str:
    return next(code for code in known.jfos if code != known.full.jfo.code)


# Each entity


def _entities() -> Iterator[Trial]:
    seen = set()
    for username in ("admin", "nhq.reviewer"):
        user = User.objects.get(username=username)
        for resource in resources.all_for(user):
            if resource.slug in seen:
                continue
            seen.add(resource.slug)
            for headers in ("en", "fr", "both"):
                yield Trial(
                    f"entities/{resource.slug}-template-{headers}",
                    workbook.template(resource, headers),
                    _EXAMPLES.get(resource.slug, "saved 1 0 0"),
                    resource.slug,
                    username,
                )
            yield from _samples(resource.slug, username)
            if resource.slug in _EDITS:
                yield from _exports(resource, username)


def _samples(slug: str, username: str) -> Iterator[Trial]:
    for name, expected in _SAMPLES.items():
        if name.rsplit(".", 1)[0] in (slug, f"{slug}-french"):
            again = sum(map(int, expected.split()[1:]))
            yield Trial(
                f"entities/sample-{name}",
                (SAMPLES / name).read_bytes(),
                f"{expected}; again saved 0 0 {again}",
                slug,
                username,
                file_name=name,
                is_twice=True,
            )


def _exports(resource: Any, username: str) -> Iterator[Trial]:
    count = min(resource.importable().count(), _MOST)
    for file_format, language in (("xlsx", "en"), ("csv", "fr"), ("csv-fr", "fr")):
        yield Trial(
            f"entities/{resource.slug}-exported-as-{file_format}-in-{language}",
            _exported(resource, file_format, language),
            f"saved 0 0 {count}",
            resource.slug,
            username,
        )
    column, value, is_meant = _EDITS[resource.slug]

    def edited() -> bytes:
        rows = list(csv.reader(io.StringIO(_exported(resource, "csv", "en")().decode("utf-8-sig"))))
        place = rows[0].index(column)
        row = next(row for row in rows[1:] if is_meant(dict(zip(rows[0], row, strict=True))))
        row[place] = value
        output = io.StringIO()
        csv.writer(output).writerows(rows)
        return output.getvalue().encode()

    yield Trial(
        f"entities/{resource.slug}-exported-and-edited",
        edited,
        f"saved 0 1 {count - 1}",
        resource.slug,
        username,
        changes=(column,),
    )


def _exported(resource: Any, file_format: str, language: str) -> Callable[[], bytes]:
    def made() -> bytes:
        with override(language):
            records = resource.importable().order_by("pk")[:_MOST]
            response: Any = exports.response(file_format, resource.slug, resource.columns(), records)
            return b"".join(response) if response.streaming else response.content

    return made
