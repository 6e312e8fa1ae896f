"""What needs a reader's attention on the home page: each app says what it knows of.

An app registers a function of (reader, day) that returns groups; the home page shows those that are
not empty. A group shows its first lines; its count is that of all of them, and its link opens their list.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Link

# How many lines of a group the home page shows.
SHOWN = 10


@dataclass(frozen=True)
class Need:
    """One line: when or how pressing, what it is about, and what can be done at once."""

    when: str
    what: str
    href: str
    acts: Sequence[Link] = ()


@dataclass(frozen=True)
class NeedGroup:
    """Lines of one sort: the first of `count`; `href` opens them all."""

    title: str | Promise
    needs: Sequence[Need]
    count: int
    href: str


@dataclass(frozen=True)
class Figure:
    """One number at the top of the home page, and the list behind it."""

    value: str
    label: str
    href: str


Needs = Callable[[Reader, date], Sequence[NeedGroup]]
Figures = Callable[[Reader, date], Sequence[Figure]]

_needs: list[Needs] = []
_figures: list[Figures] = []


def register(*, needs: Needs | None = None, figures: Figures | None = None) -> None:
    """Add an app's functions to the home page, in the order of registration."""
    if needs is not None:
        _needs.append(needs)
    if figures is not None:
        _figures.append(figures)


def in_own_region(address: str, reader: Reader, codes: Iterable[str]) -> str:
    """Return a list's address narrowed to the one region among the codes; as it is for those who see everything, and
    for a manager of several regions, since a list takes one."""
    own = set() if reader.sees_everything else set(codes)
    if len(own) != 1:
        return address
    return f"{address}{'&' if '?' in address else '?'}region={own.pop()}"


def needs_of(reader: Reader, day: date) -> list[NeedGroup]:
    """Return the groups that hold something for the reader on the day."""
    return [group for function in _needs for group in function(reader, day) if group.count]


def figures_of(reader: Reader, day: date) -> list[Figure]:
    """Return the figures at the top of the reader's home page."""
    return [figure for function in _figures for figure in function(reader, day)]
