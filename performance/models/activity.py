"""The roll-up of activity: how many files each officer opened, kept with the files themselves."""

from collections.abc import Mapping
from functools import reduce
from itertools import chain
from operator import add
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from registry.models import Officer, Region


class ImsKind(models.TextChoices):
    CASE = "case", _("Case")
    OCCURRENCE = "occurrence", _("Occurrence")
    PROJECT = "project", _("Project")
    ORS = "ors", _("ORS entry")


class ImsStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    PENDING = "pending", _("Pending")
    UNSPECIFIED = "unspecified", _("Not specified")


class Filed(NamedTuple):
    """What of a file the roll-up counts: its key, then what tells the columns apart."""

    fiscal_year: int
    region_id: int
    officer_id: int
    kind: str
    status: str


# The columns of the roll-up, by the kind and status of the files they count.
COLUMNS: Mapping[tuple[str, str], str] = {
    (kind, status): f"{kind}_{status}" for kind in ImsKind.values for status in ImsStatus.values
}

# How many rows one statement writes: 23 values each, and SQLite takes some 32,000.
_BATCH = 1000


def number_of(kind: str = "", status: str = "") -> Any:
    """Return the expression for how many files a row of the roll-up counts, of a kind or status alone if one is
    given."""
    columns = (name for sort, name in COLUMNS.items() if kind in ("", sort[0]) and status in ("", sort[1]))
    return reduce(add, map(F, columns))


class ActivityCountQuerySet(models.QuerySet):
    """Counts, which nothing but the writes of the files changes."""

    def add(self, files: Mapping[Filed, int]) -> None:
        """Add so many files of each sort, or take them off where the number is negative, in the transaction that is
        open; one statement for each thousand rows.

        Every writer goes by the rows in the order of their key, so that no two wait for each other.
        """
        places = {sort: place for place, sort in enumerate(COLUMNS)}
        deltas: dict[tuple[int, int, int], list[int]] = {}
        for filed, number in files.items():
            if number:
                deltas.setdefault(filed[:3], [0] * len(places))[places[filed.kind, filed.status]] += number
        keys = sorted(deltas)
        connection = transaction.get_connection(self.db)
        with connection.cursor() as cursor:
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                cursor.execute(_added(len(batch)), [value for key in batch for value in (*key, *deltas[key])])
                less = [key for key in batch if min(deltas[key]) < 0]
                if less:
                    cursor.execute(_without_nought(len(less)), list(chain.from_iterable(less)))


_KEY = Filed._fields[:3]


def _values(rows: int, columns: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * columns)})"] * rows)


def _added(rows: int) -> str:
    """Return the statement that adds to so many rows, or makes them."""
    table, key, columns = ActivityCount._meta.db_table, ", ".join(_KEY), COLUMNS.values()
    added = ", ".join(f"{name} = {table}.{name} + EXCLUDED.{name}" for name in columns)
    return (
        f"INSERT INTO {table} ({key}, {', '.join(columns)}) VALUES {_values(rows, len(_KEY) + len(columns))} "
        f"ON CONFLICT ({key}) DO UPDATE SET {added}"
    )


def _without_nought(rows: int) -> str:
    """Return the statement that deletes those of so many rows that have no file left."""
    nought = " AND ".join(f"{name} = 0" for name in COLUMNS.values())
    return (
        f"DELETE FROM {ActivityCount._meta.db_table} "
        f"WHERE {nought} AND ({', '.join(_KEY)}) IN (VALUES {_values(rows, len(_KEY))})"
    )


class ActivityCount(models.Model):
    """How many files an officer opened in a fiscal year for a region: a column for each kind and status.

    It follows from the files and is written in the transaction that writes them; no row is left without a file, so
    that the rows of a region are the officers with files there. Kinds and statuses are columns of one row, since the
    exhibits want them all together and a database adds up few long rows sooner than many short ones; the officers stay
    apart, since who is a JFO officer is known only when a figure is asked for. History keeps the files alone.
    """

    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    region = models.ForeignKey(
        Region, verbose_name=_("region"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="+")
    case_active = models.IntegerField(default=0)
    case_closed = models.IntegerField(default=0)
    case_cancelled = models.IntegerField(default=0)
    case_pending = models.IntegerField(default=0)
    case_unspecified = models.IntegerField(default=0)
    occurrence_active = models.IntegerField(default=0)
    occurrence_closed = models.IntegerField(default=0)
    occurrence_cancelled = models.IntegerField(default=0)
    occurrence_pending = models.IntegerField(default=0)
    occurrence_unspecified = models.IntegerField(default=0)
    project_active = models.IntegerField(default=0)
    project_closed = models.IntegerField(default=0)
    project_cancelled = models.IntegerField(default=0)
    project_pending = models.IntegerField(default=0)
    project_unspecified = models.IntegerField(default=0)
    ors_active = models.IntegerField(default=0)
    ors_closed = models.IntegerField(default=0)
    ors_cancelled = models.IntegerField(default=0)
    ors_pending = models.IntegerField(default=0)
    ors_unspecified = models.IntegerField(default=0)

    objects = ActivityCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity count")
        verbose_name_plural = _("activity counts")
        constraints = [
            # The officers of a year in order, so that each is counted once for all regions as the index is read.
            models.UniqueConstraint(fields=["fiscal_year", "officer", "region"], name="performance_activitycount_once")
        ]
        indexes = [
            # A year's rows region by region, as they are added up.
            models.Index(fields=["fiscal_year", "region"], name="performance_activitycount_sums")
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.region_id} {self.officer_id}"
