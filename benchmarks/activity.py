"""The figures of Exhibits 7 and 8 gathered in three ways, and an import of IMS files with and without the roll-up.

Each function prepares its job and returns it: what the job takes is what is measured.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import TrackedQuerySet
from performance.measures.activity import Group, Rule, totals
from performance.models import ImsFile, ImsFileQuerySet, ImsKind, ImsStatus
from performance.recounting import differences
from registry.models import Assignment

from .imports import ready, workbook

YEAR = FiscalYear(2010)
# By region and whether JFO officers: how many opened files, and the files by kind and by status.
Figures = dict[tuple[str, bool], tuple[int, dict[str, int]]]
_NAMES = [*ImsKind.values, *ImsStatus.values]


def portal() -> Callable[[], Figures]:
    """As the portal does: from the roll-up; it counts the officers of all regions and those without files besides."""

    def job() -> Figures:
        found = totals(YEAR, rule=Rule.YEAR)
        figures: Figures = {}
        for (region, group), opened in found.cells.items():
            if region is not None and group != Group.ALL and opened.officers:
                numbers = {**opened.by_kind.counts, **opened.by_status.counts}
                figures[region, group == Group.JFO] = opened.officers, numbers
        return figures

    return job


def stock() -> Callable[[], Figures]:
    """As one would at first: one aggregate of the ORM over the files."""
    serving = Assignment.objects.during(YEAR.first_day, YEAR.last_day).filter(officer=OuterRef("officer")).order_by()
    by_kind = {kind: Count("pk", filter=Q(kind=kind)) for kind in ImsKind.values}
    by_status = {status: Count("pk", filter=Q(status=status)) for status in ImsStatus.values}

    def job() -> Figures:
        rows = (
            ImsFile.objects.of_year(YEAR)
            .order_by()
            .annotate(is_jfo=Exists(serving))
            .values_list("region__code", "is_jfo")
            .annotate(officers=Count("officer", distinct=True), **by_kind, **by_status)
        )
        return {(code, is_jfo): (n, dict(zip(_NAMES, rest, strict=True))) for code, is_jfo, n, *rest in rows}

    return job


# Files first by officer, then the officers joined.
_BY_HAND = """
    WITH jfo AS (
        SELECT DISTINCT officer_id FROM registry_assignment
        WHERE start <= %(last)s AND ("end" IS NULL OR "end" >= %(first)s)
    ), each AS (
        SELECT officer_id, region_id, kind, status, COUNT(*) AS files FROM performance_imsfile
        WHERE fiscal_year = %(year)s GROUP BY officer_id, region_id, kind, status
    ), placed AS (
        SELECT r.code, j.officer_id IS NOT NULL AS is_jfo, e.officer_id, e.kind, e.status, e.files
        FROM each e JOIN registry_region r ON r.id = e.region_id LEFT JOIN jfo j ON j.officer_id = e.officer_id
    )
    SELECT code, is_jfo, kind, status, SUM(files) FROM placed GROUP BY code, is_jfo, kind, status
    UNION ALL SELECT code, is_jfo, '', '', COUNT(DISTINCT officer_id) FROM placed GROUP BY code, is_jfo
"""


def by_hand() -> Callable[[], Figures]:
    """As somebody would who knows the database and has no roll-up."""

    def job() -> Figures:
        officers: dict[tuple[str, bool], int] = {}
        numbers: dict[tuple[str, bool], dict[str, int]] = defaultdict(lambda: dict.fromkeys(_NAMES, 0))
        with connection.cursor() as cursor:
            cursor.execute(_BY_HAND, {"first": YEAR.first_day, "last": YEAR.last_day, "year": YEAR.start_year})
            for code, is_jfo, kind, status, number in cursor:
                if kind:
                    numbers[code, bool(is_jfo)][kind] += int(number)
                    numbers[code, bool(is_jfo)][status] += int(number)
                else:
                    officers[code, bool(is_jfo)] = number
        return {place: (number, numbers[place]) for place, number in officers.items()}

    return job


def agreement() -> Callable[[], bool]:
    """Say whether the three give the same figures."""
    return lambda: portal()() == stock()() == by_hand()()


def upkeep(rows: int, is_kept: bool) -> Callable[[], None]:
    """Confirm so many new files, of all officers in turn, with the roll-up or without; nothing of it stays."""
    confirm = ready(workbook(rows))

    def job() -> None:
        with transaction.atomic(), _rollup(is_kept):
            counts = confirm()
            transaction.set_rollback(True)
        if counts.new != rows:
            raise RuntimeError(f"{counts} of {rows} rows")

    return job


@contextmanager
def _rollup(is_kept: bool) -> Iterator[None]:
    """Leave the upkeep as it is, or take it away."""
    if is_kept:
        yield
        return
    writes = ("insert_rows", "update_rows", "bulk_create", "bulk_update", "update", "delete")
    plain = {name: getattr(TrackedQuerySet, name) for name in writes}
    with patch.multiple(ImsFileQuerySet, **plain):
        yield


def is_counted_right() -> Callable[[], bool]:
    """Say whether the roll-up is what a recount gives."""
    return lambda: not list(differences())
