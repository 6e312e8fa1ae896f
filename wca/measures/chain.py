"""What superseded an arrangement and what it superseded, from the newest to the oldest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jfo_portal.kit.grouping import grouped
from wca.models import Arrangement


@dataclass(frozen=True)
class ChainLink:
    """One arrangement of the chain, and what superseded it from which day on; None for the newest."""

    arrangement: Arrangement
    newer: Arrangement | None
    day: date | None


def chain_of(arrangement: Arrangement, by: date | None = None) -> Sequence[ChainLink]:
    """Return what superseded the arrangement, the newest first, itself, and what it superseded, all the way.

    With `by`, only what superseded another by that day. It may supersede several: each is followed by what it
    superseded itself. One query, over all that were ever superseded.
    """
    superseded = Arrangement.objects.filter(superseded_on__isnull=False).select_related("superseded_by")
    if by is not None:
        superseded = superseded.filter(superseded_on__lte=by)
    rows = {row.pk: row for row in superseded.order_by("-superseded_on", "-reference")}
    newer = [arrangement]
    while (by_whom := _newer(rows.get(newer[-1].pk))) is not None and by_whom not in newer:
        newer.append(by_whom)
    older = grouped(rows.values(), lambda row: row.superseded_by_id)
    found: list[Arrangement] = []
    waiting = [arrangement]
    while waiting:
        one = waiting.pop()
        if one not in found and one not in newer[1:]:
            found.append(one)
            waiting += reversed(older.get(one.pk, []))
    return [_link(one, rows.get(one.pk)) for one in [*newer[:0:-1], *found]]


def _newer(superseded: Arrangement | None) -> Arrangement | None:
    return superseded.superseded_by if superseded else None


def _link(one: Arrangement, superseded: Arrangement | None) -> ChainLink:
    return ChainLink(one, _newer(superseded), superseded.superseded_on if superseded else None)
