"""The evaluation's figures beside those of the gap report, which wca shows and does not keep."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.cache import cache

from jfo_portal.kit import reports
from jfo_portal.kit.reports import Comparison
from wca import beside

from .reports.exhibits import PUBLISHED_DAY, Exhibit, published_in

_SECONDS = 60


def of_gap_report(slug: str, figures: Mapping[tuple[str, str], Any], day: date) -> list[Comparison]:
    """Return what the evaluation published of the figures; nothing for another day than its own.

    Up to a minute old; two queries otherwise.
    """
    exhibit = reports.get(slug)
    if day != PUBLISHED_DAY or not isinstance(exhibit, Exhibit):
        return []
    document: Any = cache.get_or_set(f"performance.published.{slug}", lambda: published_in(slug), _SECONDS)
    return [row for row in exhibit.compared(figures, document) if (row.row, row.measure) in figures]


beside.register(of_gap_report)
