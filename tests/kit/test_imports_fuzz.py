"""Whatever stands in a file, it is read as it stands there or refused with a sentence; never anything else."""

import csv
import io
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import xlsxwriter
from django.utils.translation import override
from hypothesis import assume, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from jfo_portal.kit.formulas import escape
from jfo_portal.kit.imports import cells, reader
from jfo_portal.kit.imports.gate import Refused
from jfo_portal.kit.imports.reading import ImportRefused, read

from ..fuzz_reader.mutations import broken
from ..fuzz_reader.seeds import HEADERS, all_seeds

KNOWN = ("officer", "value")


def answered(data: bytes, **options: Any) -> tuple[list[list[Any]], dict[str, Any]]:
    """The rows, packed and without empty cells at their ends, and the facts that the reading process would answer."""
    *blocks, facts = reader.answer(data, reader.Request(headers=KNOWN, **options))
    rows: list[list[Any]] = []
    for lines, columns in blocks:
        made = [list(row) for row in zip(*columns, strict=True)]
        assert len(made) == len(lines)
        rows += made
    for row in rows:
        while row and row[-1] is None:
            row.pop()
    return rows, facts


def expected(table: list[list[Any]]) -> list[list[Any]]:
    rows = []
    for row in table:
        packed = [cells.pack(cells.of_value(value)) for value in row]
        while packed and packed[-1] is None:
            packed.pop()
        if packed:
            rows.append(packed)
    return rows


# What can stand in a text file: all but NUL, with few control characters.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t,;|\"'=+-@"), max_size=12)


@effort(deadline=None, max_examples=60)
@given(
    table=st.lists(st.lists(TEXTS, min_size=2, max_size=4), min_size=1, max_size=6),
    delimiter=st.sampled_from(reader.DELIMITERS),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
def test_a_text_file_is_read_as_it_was_written(table: list[list[str]], delimiter: str, encoding: str) -> None:
    assume(expected(table))
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["Officer", "Value"], *([escape(cell) for cell in row] for row in table)])
    rows, facts = answered(output.getvalue().encode(encoding))
    assert (rows, facts["delimiter"]) == (expected(table), delimiter)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.decimals(-10_000, 10_000, places=4).map(float),
    st.dates(date(1901, 1, 1), date(2199, 12, 31)),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=10).filter(
        lambda text: not text.startswith(("=", "{="))
    ),
)


@effort(deadline=None, max_examples=40)
@given(table=st.lists(st.lists(VALUES, min_size=2, max_size=4), min_size=1, max_size=5), from_1904=st.booleans())
def test_a_workbook_is_read_as_it_was_written(table: list[list[Any]], from_1904: bool) -> None:
    output = io.BytesIO()
    options = {"default_date_format": "yyyy-mm-dd", "date_1904": from_1904, "strings_to_urls": False}
    if from_1904:
        table = [[None if isinstance(cell, date) and cell.year < 1905 else cell for cell in row] for row in table]
    assume(expected(table))
    with xlsxwriter.Workbook(output, options) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate([["Officer", "Value"], *table]):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                else:
                    sheet.write(line, place, value)
    rows, _facts = answered(output.getvalue())
    assert rows == expected(table)
    assert [[type(cell) for cell in row] for row in rows] == [[type(cell) for cell in row] for row in expected(table)]


@effort(deadline=None, max_examples=150)
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        rows, facts = answered(data)
    except Refused:
        return
    assert rows
    assert len(facts["headers"]) >= max(map(len, rows))


@pytest.fixture(scope="module")
def seeds() -> Iterator[dict[str, bytes]]:
    with override("en"):
        yield all_seeds()


@pytest.mark.parametrize("number", range(30))
def test_a_broken_file_is_read_or_refused_with_a_sentence(number: int, seeds: dict[str, bytes]) -> None:
    rng = random.Random(f"suite:{number}")
    name = sorted(seeds)[number % len(seeds)]
    try:
        sheet = read(io.BytesIO(broken(seeds[name], rng)), HEADERS)
    except ImportRefused:
        return
    assert {len(column) for column in sheet.columns} == {len(sheet)}
