"""What other apps add to the pages of JFOs: columns and choices of the list, panels of one JFO's page.

The registry knows nothing of arrangements or activity, yet its pages show them. An app registers
what it has when it is ready (its `panels` module, from AppConfig.ready()); the pages ask for it in
the order of the positions. What is registered asks a constant number of queries, whatever the rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Column

from .measures.comparison import Differences
from .models import JFO
from .models.jfos import JFOQuerySet


@dataclass(frozen=True)
class Columns:
    """Columns of the JFO list.

    `load` takes the page's rows and sets on each what the columns read; `columns` gives them for
    the day shown.
    """

    columns: Callable[[date], Sequence[Column]]
    load: Callable[[Sequence[JFO], Reader, date], None]


@dataclass(frozen=True)
class YesOrNo:
    """A filter of the JFO list: `narrow` leaves the rows for which it is so on the day, or is not."""

    name: str
    label: str | Promise
    narrow: Callable[[JFOQuerySet, bool, date], JFOQuerySet]


@dataclass(frozen=True)
class Panel:
    """A section of a JFO's page, or of its printed brief: `load` gives what its template reads as `panel`.

    One with a `part` stands on a part of the page of its own, `?part=…`, since it asks much of the database.
    One of the brief takes three lines at most, and four queries: the whole brief is one sheet of paper.
    """

    title: str | Promise
    template: str
    load: Callable[[JFO, Reader, date], Any]
    part: str = ""


@dataclass(frozen=True)
class Compared:
    """What an app adds to the comparison of two days: `load` takes the JFOs and the days; one query."""

    load: Callable[[Sequence[JFO], Reader, date, date], Differences]


_columns: list[tuple[int, Columns]] = []
_choices: list[tuple[int, YesOrNo]] = []
_panels: list[tuple[int, Panel]] = []
_briefs: list[tuple[int, Panel]] = []
_compared: list[tuple[int, Compared]] = []


def register(
    position: int,
    *,
    columns: Columns | None = None,
    choice: YesOrNo | None = None,
    panel: Panel | None = None,
    brief: Panel | None = None,
    compared: Compared | None = None,
) -> None:
    """Add an app's columns, choice, panel, lines of the brief or part of a comparison, in the order of positions."""
    if columns is not None:
        _columns.append((position, columns))
    if choice is not None:
        _choices.append((position, choice))
    if panel is not None:
        _panels.append((position, panel))
    if brief is not None:
        _briefs.append((position, brief))
    if compared is not None:
        _compared.append((position, compared))


def columns() -> list[Columns]:
    """Return the columns that apps add to the JFO list."""
    return [entry for _position, entry in sorted(_columns, key=lambda pair: pair[0])]


def choices() -> list[YesOrNo]:
    """Return the yes-or-no filters that apps add to the JFO list."""
    return [entry for _position, entry in sorted(_choices, key=lambda pair: pair[0])]


def panels() -> list[Panel]:
    """Return the panels that apps add to a JFO's page."""
    return [entry for _position, entry in sorted(_panels, key=lambda pair: pair[0])]


def briefs() -> list[Panel]:
    """Return the lines that apps add to a JFO's printed brief."""
    return [entry for _position, entry in sorted(_briefs, key=lambda pair: pair[0])]


def compared() -> list[Compared]:
    """Return what apps add to the comparison of two days."""
    return [entry for _position, entry in sorted(_compared, key=lambda pair: pair[0])]
