"""The list of a year's IMS files as a file, in several ways: as the portal gives it, signed in, with its purpose, its
log, its formulas made harmless; as django-import-export and openpyxl write it; and what a bare cursor takes.

Each function prepares its job and returns it: what the job takes is what is measured. With a million files in ten
years, each has 100,000 rows.
"""

import csv
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO, StringIO
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from import_export.fields import Field
from import_export.resources import ModelResource

from jfo_portal.kit.fiscal import FiscalYear
from performance.models import ImsFile
from registry.models import User

Job = Callable[[], int]
YEAR = FiscalYear(2010)
_PATHS = ("number", "opened_on", "kind", "status", "region__code", "officer__number")


def _files() -> QuerySet:
    return ImsFile.objects.of_year(YEAR).order_by("-opened_on", "-pk")


def portal(file_format: str) -> Job:
    """As the portal gives it, from the request to the last byte; returns how many bytes there are."""
    client = Client()
    client.force_login(User.objects.get(username="nhq.reviewer"))
    address = f"{reverse('performance-files')}?fy={YEAR}&format={file_format}"

    def job() -> int:
        response: Any = client.post(address, {"purpose": "what an export of this size takes"})
        if "attachment" not in response.headers.get("Content-Disposition", ""):
            raise RuntimeError(f"{address} answered {response.status_code}, and no file")
        return sum(map(len, response)) if response.streaming else len(response.content)

    return job


def raw() -> Job:
    """As little as there is to do: the rows of the same query, as the database's driver gives them, to a CSV file."""
    sql, parameters = _files().values_list(*_PATHS).query.sql_with_params()

    def job() -> int:
        written = StringIO(newline="")
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            csv.writer(written).writerows(cursor)
        return len(written.getvalue().encode())

    return job


class _Resource(ModelResource):
    region = Field(attribute="region__code", column_name="region")
    officer = Field(attribute="officer__number", column_name="officer")

    class Meta:
        model = ImsFile
        fields = ("number", "opened_on", "kind", "status", "region", "officer")


def stock() -> Job:
    """As django-import-export does, with what the rows point to read along."""

    def job() -> int:
        return len(_Resource().export(queryset=_files().select_related("region", "officer")).csv.encode())

    return job


def has_openpyxl() -> Callable[[], bool]:
    """Whether openpyxl is there to be measured; the portal does not need it."""
    return lambda: find_spec("openpyxl") is not None


def openpyxl() -> Job:
    """As openpyxl's write-only mode writes the same rows as typed cells."""
    write_only = import_module("openpyxl").Workbook

    def job() -> int:
        book = write_only(write_only=True)
        sheet = book.create_sheet("Data")
        sheet.append(_PATHS)
        for row in _files().values_list(*_PATHS).iterator(chunk_size=2000):
            sheet.append(row)
        written = BytesIO()
        book.save(written)
        return len(written.getvalue())

    return job
