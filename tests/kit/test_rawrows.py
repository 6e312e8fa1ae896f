"""A file whose columns are fields is read without objects, and says the very same."""

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from python_calamine import load_workbook

from jfo_portal.kit import exports
from jfo_portal.kit.rawrows import Made, RawRows
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import ListPage
from performance.models import ImsFile
from performance.views.files import FileList
from registry.models import Assignment, User
from registry.views.timeline import AssignmentList

pytestmark = pytest.mark.django_db


def page_of(page_class: type[ListPage], user: User, address: str) -> Any:
    request = RequestFactory().get(address)
    request.user = user
    page = page_class()
    page.setup(request)
    return page


def columns_of(page: Any) -> list[Column]:
    return [column for column in page.get_columns() if not column.is_for_page_alone]


def text_of(file_format: str, columns: Sequence[Column], rows: Any) -> Any:
    response: Any = exports.response(file_format, "x", columns, rows)
    data = response.getvalue()
    if file_format != "xlsx":
        return data.decode()
    return load_workbook(BytesIO(data)).get_sheet_by_index(0).to_python()


LISTS = [
    (AssignmentList, "/en/assignments/?state=all&format=csv"),
    (AssignmentList, "/en/assignments/?as_of=2009-06-30&sort=-end&format=csv"),
    (FileList, "/en/performance/files/?fy=2010-2011&format=csv"),
    (FileList, "/en/performance/files/?fy=2010-2011&region=QUE&sort=officer&format=csv"),
]


@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx", "json"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("page_class", "address"), LISTS)
def test_a_file_read_without_objects_says_the_very_same(
    nhq_reviewer: User, page_class: type[ListPage], address: str, language: str, file_format: str
) -> None:
    with override(language):
        page = page_of(page_class, nhq_reviewer, address)
        columns = columns_of(page)
        assert all(column.fields for column in columns)
        raw = text_of(file_format, columns, page._file_rows(columns))
        made = text_of(file_format, columns, list(page._objects()))
    assert len(raw) > 20
    assert raw == made


def test_it_takes_one_query_and_no_object(nhq_reviewer: User) -> None:
    page = page_of(*[(AssignmentList, nhq_reviewer, "/en/assignments/?state=all&format=csv")][0])
    columns = columns_of(page)
    rows = page._file_rows(columns)
    with (
        CaptureQueriesContext(connection) as captured,
        patch.object(Assignment, "from_db", side_effect=AssertionError("an object was made")),
    ):
        text = "".join(exports.csv_blocks(columns, rows))

    assert isinstance(rows, RawRows)
    assert text.count("\r\n") == Assignment.objects.count() + 1
    assert len(captured) <= 1


def test_a_column_without_a_field_has_the_rows_made(nhq_reviewer: User) -> None:
    page = page_of(FileList, nhq_reviewer, "/en/performance/files/?format=csv")
    assert isinstance(page._file_rows(columns_of(page)), RawRows)
    assert not isinstance(page._file_rows([*columns_of(page), Column("pk", "Key")]), RawRows)


def test_a_column_of_fields_alone_is_read_under_no_name_of_its_own() -> None:
    columns = [
        Column("a", "A", fields=("number",)),
        Column("b", "B", fields=("opened_on", "number"), of=lambda day, number: f"{number} {day.year}"),
        Column("c", "C", fields=("number",), of=len),
    ]
    first, second = ImsFile.objects.order_by("pk")[:2]
    rows = RawRows(ImsFile.objects.filter(pk__in=[first.pk, second.pk]).order_by("pk"), columns)

    assert json.loads("".join(text_of("json", columns, rows))) == [
        {"a": row.number, "b": f"{row.number} {row.opened_on.year}", "c": len(row.number)} for row in (first, second)
    ]


def test_no_rows_make_a_file_of_labels_alone() -> None:
    columns = [Column("number", "Number", fields=("number",))]

    assert text_of("csv", columns, RawRows(ImsFile.objects.none(), columns)) == "Number\r\n"
    assert text_of("csv", columns, RawRows(ImsFile.objects.filter(pk=0), columns)) == "Number\r\n"
    assert text_of("json", columns, RawRows(ImsFile.objects.none(), columns)) == "[]"
    assert text_of("xlsx", columns, RawRows(ImsFile.objects.none(), columns)) == [["Number"]]


def test_what_is_made_of_a_value_is_made_once_and_not_kept_for_ever() -> None:
    asked: list[int] = []

    def make(value: int) -> str:
        asked.append(value)
        return str(value)

    made = Made(make, lambda value: value != 3)
    assert [made[value] for value in (1, 1, 3, 3)] == ["1", "1", "3", "3"]
    assert asked == [1, 3, 3]
    for value in range(100_000):
        made[value]
    assert len(made) <= 20_000
