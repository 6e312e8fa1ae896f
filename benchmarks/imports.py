"""An import of IMS files from the workbook to what is committed, done in several ways; and what memory it takes.

`importing` prepares a job and returns it: what the job takes is what is measured. Each begins with a copy of its own
of a database, and commits. The ways are the portal's; those of django-import-export, which reads the file with calamine
too (its own reader, openpyxl, is some fifteen times slower and not installed); and what the database at best takes.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import cache, partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import OperationalError, connection, transaction
from import_export.fields import Field
from import_export.instance_loaders import CachedInstanceLoader
from import_export.resources import ModelResource
from import_export.widgets import DateWidget, ForeignKeyWidget, Widget
from python_calamine import CalamineWorkbook
from tablib import Dataset
from xlsxwriter import Workbook

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports import actions, resources
from jfo_portal.kit.imports.preview import Counts, StoredPreview
from jfo_portal.kit.models import Import, ImportPapers
from performance.models import ImsFile, ImsKind, ImsStatus
from performance.recounting import differences
from registry.models import Officer, User

Job = Callable[[], None]
# Every how many rows of a changed file one is changed.
CHANGED_EVERY = 10
_PREFIX = "NEW-"
_HEADERS = ("File number", "Officer number", "Kind", "Status", "Opened on", "Entered on")
_COLUMNS = ("number", "officer_id", "region_id", "kind", "status", "opened_on", "entered_on", "fiscal_year")
_COMPARED = ("officer_id", "kind", "status", "opened_on", "entered_on")


# The file


def _rows(number: int, is_changed: bool) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the file, of all officers in turn; with other statuses in every tenth if it is the changed."""
    officers = list(Officer.objects.order_by("pk").values_list("number", flat=True))
    kinds, statuses = ImsKind.values, ImsStatus.values
    for n in range(number):
        opened_on = date(2009, 4, 1) + timedelta(days=n * 37 % 700)
        moved = int(is_changed and n % CHANGED_EVERY == 0)
        yield (
            f"{_PREFIX}{n:07}",
            officers[n % len(officers)],
            kinds[n * 7 % len(kinds)],
            statuses[(n * 3 + moved) % len(statuses)],
            opened_on,
            opened_on + timedelta(days=n % 20) if n % 3 else None,
        )


@cache
def workbook(rows: int, is_changed: bool = False) -> bytes:
    """Return the workbook of so many rows; the same each time it is asked for."""
    file = BytesIO()
    with Workbook(file, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, _HEADERS)
        for line, row in enumerate(_rows(rows, is_changed), 1):
            sheet.write_row(line, 0, row)
    return file.getvalue()


def _parsed(file: bytes) -> list[list[Any]]:
    """Return the rows below the header as calamine gives them, an empty cell as None."""
    rows = CalamineWorkbook.from_filelike(BytesIO(file)).get_sheet_by_index(0).to_python()[1:]
    return [[None if cell == "" else cell for cell in row] for row in rows]


# The ways


def ready(file: bytes) -> Callable[[], Counts]:
    """Stage the file and look at its preview, as the wizard does, and return what confirms it."""
    admin = User.objects.get(username="admin")

    def resource() -> Any:
        # Each step is a request of its own, which knows nothing but what is in the database.
        return resources.get("ims-files", admin)

    staged = actions.stage(BytesIO(file), "ims.xlsx", resource(), by=admin)
    # As the job of a large file does (kit.imports.jobs), and then the page.
    papers = ImportPapers.objects.filter(of_import=staged)
    papers.update(preview=actions.kept_preview(Import.objects.get(pk=staged.pk), resource()).packed())
    seen = StoredPreview.unpacked(bytes(papers.get().preview or b"")).digest
    return lambda: actions.confirm(staged, resource(), by=admin, confirmed=seen, reason="made up")


def _portal(file: bytes) -> None:
    ready(file)()


class StockResource(ModelResource):
    """What the package's manual says to write, for the same columns."""

    number = Field("number", "File number")
    officer = Field("officer", "Officer number", widget=ForeignKeyWidget(Officer, "number"))
    kind = Field("kind", "Kind")
    status = Field("status", "Status")
    opened_on = Field("opened_on", "Opened on", widget=DateWidget())
    entered_on = Field("entered_on", "Entered on", widget=DateWidget())

    class Meta:
        model = ImsFile
        import_id_fields = ("number",)
        fields = ("number", "officer", "kind", "status", "opened_on", "entered_on")

    def before_save_instance(self, instance: Any, row: Any, **options: Any) -> None:
        if instance.region_id is None:
            instance.region = instance.officer.region


class _OfficerWidget(Widget):
    """The officers by number, asked for once."""

    def __init__(self) -> None:
        super().__init__()
        self.by_number = {
            number: (pk, region) for number, pk, region in Officer.objects.values_list("number", "pk", "region_id")
        }
        self.regions = dict(self.by_number.values())

    def clean(self, value: Any, row: Any = None, **options: Any) -> int:
        return self.by_number[value][0]


class TunedResource(ModelResource):
    """The package's best: records and officers loaded once, bulk writes, rows that are unchanged left out.

    The portal's bulk writes leave history and keep the roll-up.
    """

    number = Field("number", "File number")
    officer_id = Field("officer_id", "Officer number")
    kind = Field("kind", "Kind")
    status = Field("status", "Status")
    opened_on = Field("opened_on", "Opened on")
    entered_on = Field("entered_on", "Entered on")

    class Meta:
        model = ImsFile
        import_id_fields = ("number",)
        fields = ("number", "officer_id", "kind", "status", "opened_on", "entered_on")
        instance_loader_class = CachedInstanceLoader
        use_bulk = True
        batch_size = 2000
        skip_unchanged = True
        report_skipped = False
        skip_html_diff = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.fields["officer_id"].widget = _OfficerWidget()

    def before_save_instance(self, instance: Any, row: Any, **options: Any) -> None:
        if instance.region_id is None:
            instance.region_id = self.fields["officer_id"].widget.regions[instance.officer_id]
        instance.fiscal_year = FiscalYear.of(instance.opened_on).start_year

    def get_bulk_update_fields(self) -> list[str]:
        return ["officer", "region", "kind", "status", "opened_on", "entered_on", "fiscal_year"]


def _package(resource: type[ModelResource], file: bytes) -> None:
    """As the package's admin does it: the file is read and tried, read again and imported."""
    for is_dry in (True, False):
        rows = Dataset(*_parsed(file), headers=_HEADERS)
        result = resource().import_data(rows, dry_run=is_dry, use_transactions=True)
        if result.has_errors() or result.has_validation_errors():
            raise RuntimeError(f"{result.row_errors()[:1]} {result.base_errors[:1]} {result.invalid_rows[:1]}")


def _typed(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return the rows as the table holds them."""
    officers = {number: (pk, region) for number, pk, region in Officer.objects.values_list("number", "pk", "region_id")}
    return [
        (number, *officers[officer], kind, status, opened_on, entered_on, FiscalYear.of(opened_on).start_year)
        for number, officer, kind, status, opened_on, entered_on in rows
    ]


def _write(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write the rows as the database takes them fastest."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            lines = "".join("\t".join(["\\N" if v is None else str(v) for v in row]) + "\n" for row in rows)
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", StringIO(lines))
        else:
            values = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", rows)


def _raw(rows: Sequence[Sequence[Any]]) -> None:
    """Write the rows to the table and its indexes, and nothing else: no check, history, or roll-up."""
    with transaction.atomic():
        _write(ImsFile._meta.db_table, _COLUMNS, rows)


def _parse_and_raw(file: bytes) -> None:
    """Read the file and write its rows."""
    _raw(_typed(_parsed(file)))


def _compare(file: bytes) -> None:
    """Read the file and count by hand what is new and what is changed."""
    rows = [(row[0], row[1], *row[3:7]) for row in _typed(_parsed(file))]
    differ = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    f, s = (", ".join(f"{table}.{column}" for column in _COMPARED) for table in "fs")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE staged (number varchar(20), officer_id bigint, kind varchar(10), "
            "status varchar(11), opened_on date, entered_on date)"
        )
        _write("staged", ("number", *_COMPARED), rows)
        cursor.execute(
            "SELECT COUNT(*) FILTER (WHERE f.id IS NULL), "
            f"COUNT(*) FILTER (WHERE f.id IS NOT NULL AND ({f}) {differ} ({s})) "
            f"FROM staged s LEFT JOIN {ImsFile._meta.db_table} f ON f.number = s.number"
        )
        found = cursor.fetchone()
        cursor.execute("DROP TABLE staged")
    if found != (0, 0):
        raise RuntimeError(f"{found} rows are new and changed")


_WAYS: dict[str, Callable[[bytes], None]] = {
    "portal": _portal,
    "stock": partial(_package, StockResource),
    "tuned": partial(_package, TunedResource),
    "parse_and_raw": _parse_and_raw,
    "compare": _compare,
}


def importing(way: str, what: str, rows: int, held: int) -> Job:
    """Return the import of so many rows, of a database that holds so many of them already: `what` says whether the file
    is new, unchanged or changed."""
    file = workbook(rows, what == "changed")
    parsed = _typed(_parsed(file)) if way == "raw" else []
    _begin_with(held)
    return partial(_raw, parsed) if way == "raw" else partial(_WAYS[way], file)


def outcome() -> Callable[[], tuple[int, int, bool]]:
    """Return how many imported files there are, and versions of them; and whether the roll-up is what a recount
    gives."""
    files, versions = (
        rows.filter(number__startswith=_PREFIX) for rows in (ImsFile.objects.all(), ImsFile.history.all())
    )
    return lambda: (files.count(), versions.count(), not list(differences()))


# The databases

_base = ""


def _begin_with(held: int) -> None:
    """Connect to a copy of the database as it was made, or of that with so many rows imported."""
    global _base  # noqa: PLW0603
    _base = _base or _name()
    kept = f"{_base}_{held}" if held else _base
    if held and not _is_there(kept):
        _copy(_base, f"{_base}_copy")
        _portal(workbook(held))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        _copy(f"{_base}_copy", kept)
    _copy(kept, f"{_base}_copy")


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _is_there(name: str) -> bool:
    if connection.vendor == "sqlite":
        return Path(name).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name.rpartition("/")[2]])
        return cursor.fetchone() is not None


def _copy(source: str, target: str) -> None:
    """Make the target a copy of the source, and connect to it."""
    connection.close()
    if connection.vendor == "sqlite":
        # Closed, it left nothing beside the file.
        shutil.copyfile(source, target)
    else:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{target}"')
            for _n in range(50):
                # Until the backend that was left has ended.
                with suppress(OperationalError):
                    cursor.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}" STRATEGY FILE_COPY')
                    break
                time.sleep(0.1)
    connection.settings_dict["NAME"] = target
    connection.connect()


# Memory


def memory(rows: int) -> Callable[[], tuple[int, int]]:
    """Return the peak memory, in kB, of a fresh process that imports so many new rows, and of the process that reads
    the file for it."""
    _begin_with(0)
    path = Path(f"/tmp/jfo-portal-bench-{os.getpid()}.xlsx")  # noqa: S108
    path.write_bytes(workbook(rows))
    url = os.environ["DATABASE_URL"]
    own = urlsplit(url).path.rpartition("/")[2]
    copied = url.replace(f"/{own}", f"/{_name().rpartition('/')[2]}")

    def job() -> tuple[int, int]:
        connection.close()
        try:
            said = subprocess.run(
                [sys.executable, "-m", "benchmarks.peak", str(path)],
                env=os.environ | {"DATABASE_URL": copied},
                stdout=subprocess.PIPE,
                check=True,
            ).stdout
        finally:
            path.unlink()
        mine, reader = json.loads(said)
        return mine, reader

    return job


def peaks(file: bytes) -> tuple[int, int]:
    """Import the file, and return the peak memory of this process and of the one that read the file, in kB."""
    with _watched() as readers:
        _portal(file)
    return _peak("self"), max(readers)


@contextmanager
def _watched() -> Iterator[list[int]]:
    """Keep the peak memory in kB of the processes that are started meanwhile: what the kernel says of ended ones counts
    this process, from which they were copied."""
    peaks, is_over = [0], threading.Event()
    started: list[subprocess.Popen] = []

    class Noted(subprocess.Popen):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    def watch() -> None:
        while not is_over.wait(0.005):
            for process in started:
                # One that has ended has none.
                with suppress(OSError, IndexError):
                    peaks.append(_peak(process.pid))

    plain, subprocess.Popen = subprocess.Popen, Noted  # type: ignore[misc]
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        subprocess.Popen = plain  # type: ignore[misc]
        is_over.set()
        thread.join()


def _peak(process: int | str) -> int:
    """Return the peak memory of a process since it runs its program, in kB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])
