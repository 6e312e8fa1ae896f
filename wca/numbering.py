"""The numbers of arrangements, which are issued once and never used again (domain rule 9)."""

from django.db import transaction
from django.db.models import Q

from .models import Arrangement, ArrangementKind, ReferenceCounter

# What the number of an arrangement of the kind begins with.
PREFIXES = {ArrangementKind.WCA: "WCA", ArrangementKind.MOU: "MOU", ArrangementKind.OTHER: "AGR"}


def issue(kind: str, year: int) -> str:
    """Return the next number of the kind in the year, such as WCA-2011-0002; it is issued with this.

    Numbers that came some other way, by an import or by hand, count as issued, and so do those of arrangements that
    are gone. Of two who ask at once the second waits for the first's transaction to end. Four queries or five.
    """
    prefix = PREFIXES[ArrangementKind(kind)]
    with transaction.atomic():
        ReferenceCounter.objects.get_or_create(prefix=prefix, year=year)
        counter = ReferenceCounter.objects.select_for_update().get(prefix=prefix, year=year)
        counter.last = max(counter.last, _last_in_use(f"{prefix}-{year}-")) + 1
        counter.save(update_fields=["last"])
    return f"{prefix}-{year}-{counter.last:04}"


def _last_in_use(beginning: str) -> int:
    """Return the highest number that begins so of an arrangement that is there or was; 0 where there is none."""
    found = Q(reference__startswith=beginning)
    there = Arrangement.objects.filter(found).order_by().values_list("reference")
    were = Arrangement.history.filter(found).order_by().values_list("reference")
    numbers = (reference.removeprefix(beginning) for (reference,) in there.union(were))
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)
