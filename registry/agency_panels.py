"""What other apps add to the pages of agencies, as registry.panels does for those of JFOs.

The registry knows nothing of arrangements, yet its pages show who signed them. An app registers
what it has when it is ready, and what is registered asks a constant number of queries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Column

from .models import Agency


@dataclass(frozen=True)
class Columns:
    """Columns of the list of agencies.

    `load` takes the page's rows and sets on each what the columns read; `columns` gives them for
    the day shown.
    """

    columns: Callable[[date], Sequence[Column]]
    load: Callable[[Sequence[Agency], Reader, date], None]


@dataclass(frozen=True)
class Panel:
    """A section of an agency's page: `load` gives what its template reads as `panel.data`."""

    title: str | Promise
    template: str
    load: Callable[[Agency, Reader, date], Any]


_columns: list[Columns] = []
_panels: list[Panel] = []


def register(*, columns: Columns | None = None, panel: Panel | None = None) -> None:
    """Add an app's columns or panel, in the order of registration."""
    if columns is not None:
        _columns.append(columns)
    if panel is not None:
        _panels.append(panel)


def columns() -> Sequence[Columns]:
    """Return the columns that apps add to the list of agencies."""
    return tuple(_columns)


def panels() -> Sequence[Panel]:
    """Return the panels that apps add to an agency's page."""
    return tuple(_panels)
