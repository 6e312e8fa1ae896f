"""What the officers of one JFO, or one officer, opened in a fiscal year: by kind, by status and by month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from jfo_portal.kit.fiscal import FiscalYear

from ..models import ImsFileQuerySet, ImsKind, ImsStatus
from .activity import Activity
from .quality import months_of


@dataclass(frozen=True)
class Opened:
    """The files of some officers in a fiscal year, by kind and by status: the same files twice."""

    kinds: Activity
    statuses: Activity

    @property
    def officers(self) -> int:
        """The officers with at least one of the files."""
        return self.kinds.officers


def opened(files: ImsFileQuerySet, year: FiscalYear) -> Opened:
    """Return those of the files that were opened in the year, counted by the database; one query."""
    counted: dict[str, int] = files.of_year(year).aggregate(
        officers=Count("officer", distinct=True),
        **{f"kind_{kind}": Count("pk", filter=Q(kind=kind)) for kind in ImsKind.values},
        **{f"status_{status}": Count("pk", filter=Q(status=status)) for status in ImsStatus.values},
    )
    officers = counted["officers"]
    return Opened(
        Activity(officers, 0, {kind: counted[f"kind_{kind}"] for kind in ImsKind.values}),
        Activity(officers, 0, {status: counted[f"status_{status}"] for status in ImsStatus.values}),
    )


def opened_by_month(files: ImsFileQuerySet, year: FiscalYear) -> Mapping[date, int]:
    """Return how many of the files were opened in each month of the year, by its first day; one query."""
    months = dict.fromkeys(months_of(year), 0)
    # Day by day of each region, as the index has them: SQLite would make a month of each file's day in Python.
    for _region, day, number in files.of_year(year).order_by().values_list("region", "opened_on").annotate(Count("pk")):
        months[day.replace(day=1)] += number
    return months
