"""Figures that a document published beside those of the gap report; an app that keeps such figures registers them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from jfo_portal.kit.reports import Comparison

# The computed figures by the row and measure under which a document would publish them.
Figures = Mapping[tuple[str, str], Any]
# Takes which exhibit is meant, the figures and their day, and returns what was published of them.
Source = Callable[[str, Figures, date], Sequence[Comparison]]

_sources: list[Source] = []


def register(source: Source) -> None:
    """Show what the source has beside the gap report's figures."""
    _sources.append(source)


def published(exhibit: str, figures: Figures, day: date) -> list[Comparison]:
    """Return what was published of the figures, which are those of all regions on the day."""
    return [found for source in _sources for found in source(exhibit, figures, day)]
