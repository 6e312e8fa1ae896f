"""Which sums over officers a reader may not see, because few people of other regions stand behind them."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from django.conf import settings
from django.utils.translation import gettext

from jfo_portal.kit.access import Reader
from jfo_portal.kit.suppression import Key, hidden_cells


class OfOfficer(Protocol):
    """A row of a measure: about an officer whom the region `home_id` employs, counted in another or the same."""

    @property
    def officer_id(self) -> int: ...

    @property
    def home_id(self) -> int: ...

    @property
    def region_id(self) -> int: ...


R = TypeVar("R", bound=OfOfficer)


def hidden_from(reader: Reader, rows: Iterable[R], key: Callable[[R], Key]) -> frozenset[Key]:
    """Return the cells, sums included, that must not be shown to the reader; `key` gives a row's cell.

    What is counted in the reader's own regions, or is about their own officers, is theirs to see;
    what remains rests on at least SMALL_GROUP officers or is hidden, as `hidden_cells` says.
    """
    if reader.sees_everything:
        return frozenset()
    others = [row for row in rows if not {row.region_id, row.home_id} & reader.scope_ids]
    return hidden_cells([(key(row), row.officer_id) for row in others], settings.SMALL_GROUP)


def too_few() -> str:
    """Return what stands in place of a figure about too few people."""
    return gettext("Too few to show")


def too_few_note() -> str:
    """Return the sentence on figures that are not shown."""
    return gettext(
        "Figures that rest on fewer than %(number)s officers outside your regions are not shown, "
        "nor are those from which they could be worked out."
    ) % {"number": settings.SMALL_GROUP}
