"""The roll-up of activity: how many files each officer opened, kept with the files themselves."""

from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from django.db import models, transaction
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
    """What of a file the roll-up counts, in the order of the roll-up's key; the status is the column."""

    fiscal_year: int
    region_id: int
    officer_id: int
    kind: str
    status: str


# How many rows one statement writes: nine values each, and SQLite takes some 32,000.
_BATCH = 1000


class ActivityCountQuerySet(models.QuerySet):
    """Counts, which nothing but the writes of the files changes."""

    def add(self, files: Mapping[Filed, int]) -> None:
        """Add so many files of each sort, or take them off where the number is negative, in the transaction that is
        open; one statement for each thousand rows.

        Every writer goes by the rows in the order of their key, so that no two wait for each other.
        """
        columns = {status: place for place, status in enumerate(ImsStatus.values)}
        deltas: dict[tuple[int, int, int, str], list[int]] = {}
        for filed, number in files.items():
            if number:
                deltas.setdefault(filed[:4], [0] * len(columns))[columns[filed.status]] += number
        keys = sorted(deltas)
        connection = transaction.get_connection(self.db)
        with connection.cursor() as cursor:
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                cursor.execute(_added(len(batch)), [value for key in batch for value in (*key, *deltas[key])])
                less = [key for key in batch if min(deltas[key]) < 0]
                if less:
                    cursor.execute(_without_nought(len(less)), list(chain.from_iterable(less)))


_KEY = ("fiscal_year", "region_id", "officer_id", "kind")


def _values(rows: int, columns: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * columns)})"] * rows)


def _added(rows: int) -> str:
    """Return the statement that adds to so many rows, or makes them."""
    table, key, statuses = ActivityCount._meta.db_table, ", ".join(_KEY), ImsStatus.values
    added = ", ".join(f"{status} = {table}.{status} + EXCLUDED.{status}" for status in statuses)
    return (
        f"INSERT INTO {table} ({key}, {', '.join(statuses)}) VALUES {_values(rows, len(_KEY) + len(statuses))} "
        f"ON CONFLICT ({key}) DO UPDATE SET {added}"
    )


def _without_nought(rows: int) -> str:
    """Return the statement that deletes those of so many rows that have no file left."""
    nought = " AND ".join(f"{status} = 0" for status in ImsStatus.values)
    return (
        f"DELETE FROM {ActivityCount._meta.db_table} "
        f"WHERE {nought} AND ({', '.join(_KEY)}) IN (VALUES {_values(rows, len(_KEY))})"
    )


class ActivityCount(models.Model):
    """How many files of a kind an officer opened in a fiscal year for a region, by status.

    It follows from the files and is written in the transaction that writes them; no row is left without a file.
    The statuses are columns of one row, since every figure wants them together. History keeps the files alone.
    """

    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    region = models.ForeignKey(
        Region, verbose_name=_("region"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=ImsKind)
    active = models.IntegerField(_("active"), default=0)
    closed = models.IntegerField(_("closed"), default=0)
    cancelled = models.IntegerField(_("cancelled"), default=0)
    pending = models.IntegerField(_("pending"), default=0)
    unspecified = models.IntegerField(_("not specified"), default=0)

    objects = ActivityCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity count")
        verbose_name_plural = _("activity counts")
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_year", "region", "officer", "kind"], name="performance_activitycount_once"
            )
        ]
        indexes = [
            # Everything a figure asks of a year, without a look at the table, in the order in which it is added up.
            models.Index(
                fields=[
                    "fiscal_year",
                    "region",
                    "kind",
                    "officer",
                    "active",
                    "closed",
                    "cancelled",
                    "pending",
                    "unspecified",
                ],
                name="performance_activitycount_all",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.officer_id} {self.kind}"
