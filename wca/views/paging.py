"""Long tables of a page with several: how many rows each shows at once."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator

from jfo_portal.kit.views import PAGE_SIZES


def page_size(query: Mapping[str, str]) -> int:
    """Return how many rows are asked for by `per`, or 50."""
    asked = query.get("per", "")
    return int(asked) if asked in map(str, PAGE_SIZES) else PAGE_SIZES[1]


class Counted(Paginator):
    """Pages of rows whose number is known already."""

    def __init__(self, rows: Any, size: int, count: int) -> None:
        super().__init__(rows, size)
        self.count = count
